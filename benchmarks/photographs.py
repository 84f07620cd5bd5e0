"""Photographs: `condvae train` beside a plain PyTorch CVAE, at the same CPU seconds.

Ours trains first, for so many epochs, with its defaults but for the likelihood; then the rival, in
an environment of its own (photographs-requirements.txt), for as many CPU seconds as ours took,
imports and compilation included. Both see the same training images, and are judged on the same
test images; the rival's learning rate under the discretised logistic is the best of four by
validation images, after the CPU seconds of the first number of epochs.

    python -m venv rivals && rivals/bin/pip install -r benchmarks/photographs-requirements.txt
    python benchmarks/photographs.py --data cifar10-subset.zip --env rivals --out results
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

RIVAL = Path(__file__).with_name("photographs_rival.py")
RATES = (5e-4, 1e-3, 2e-3, 4e-3)

# what `ours` runs in a process of its own, so that its CPU seconds are all of it
OURS = """
import json, resource, sys
import numpy as np
import condvae
from condvae.evaluation import bound_of

data, out, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
dataset = condvae.load_data(data)
run = condvae.train(dataset, run=out, **settings)
spent = resource.getrusage(resource.RUSAGE_SELF)
test = dataset.test
found = bound_of(run, dataset)
x = np.asarray(test.x[:]) / 255
errors = ((run.model.reconstruct(test.x[:], test.y) - x) ** 2).mean(axis=(1, 2, 3))
print(json.dumps({
    "elbo_loss": -found.elbo,
    "kl": found.kl_loss,
    "bits_per_dim": -found.elbo / np.log(2) / x[0].size,
    "psnr": float((-10 * np.log10(errors)).mean()),
    "cpu_s": spent.ru_utime + spent.ru_stime,
    "peak_mib": spent.ru_maxrss / 1024,
    "s_an_epoch": float(np.median(run.history["seconds"])),
}))
"""


def called(command: list[str]) -> dict:
    """The JSON on the last line of a command's output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def shared_arrays(data: str, out: Path) -> Path:
    """The same splits for the rival, as an .npz."""
    import condvae

    path = out / "photographs.npz"
    if not path.exists():
        dataset = condvae.load_data(data)
        parts = {"train": dataset.train, "val": dataset.validation, "test": dataset.test}
        arrays = {f"x_{name}": np.asarray(part.x[:]) for name, part in parts.items()}
        codes = {f"y_{name}": np.asarray(part.given, "int64") for name, part in parts.items()}
        np.savez(path, **arrays, **codes)
    return path


def main() -> None:
    """Each pair that is not yet in the results, then a table of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--env", required=True, help="of the rival")
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, nargs="+", default=[4, 26])
    parser.add_argument("--likelihoods", nargs="+", default=["bernoulli", "default"])
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    arrays = shared_arrays(args.data, out)
    python = str(Path(args.env, "bin", "python"))
    results = out / "photographs.json"
    found = json.loads(results.read_text()) if results.exists() else {}

    def rival(*options: str) -> dict:
        # -P: profile.py stands beside it, and is not Python's
        script = [python, "-P", str(RIVAL), "--data", str(arrays), "--seed", str(args.seed)]
        return called([*script, *options])

    rate = None
    for likelihood in args.likelihoods:
        for epochs in args.epochs:
            key = f"{likelihood} {epochs} {args.seed}"
            if key in found:
                continue
            settings = {"epochs": epochs, "seed": args.seed}
            if likelihood != "default":
                settings["likelihood"] = likelihood
            run = str(out / key.replace(" ", "-"))
            ours = called([sys.executable, "-c", OURS, args.data, run, json.dumps(settings)])
            seconds = f"{ours['cpu_s']:.0f}"
            if likelihood == "bernoulli":
                theirs = rival("--seconds", seconds)
            else:
                options = ("--likelihood", "logistic", "--seconds", seconds, "--rate")
                if rate is None:
                    losses = {r: rival(*options, str(r), "--split", "val") for r in RATES}
                    rate = min(RATES, key=lambda r: losses[r]["elbo_loss"])
                theirs = rival(*options, str(rate))
            found[key] = {"ours": ours, "rival": theirs}
            scratch = results.with_suffix(".part")
            scratch.write_text(json.dumps(found, indent=1) + "\n")
            os.replace(scratch, results)
    print("| likelihood, epochs | | CPU s | -ELBO, nats | bits a dimension | PSNR, dB | KL |")
    print("|---|---|---|---|---|---|---|")
    for key, pair in found.items():
        for name, row in pair.items():
            figures = (
                f"{row['cpu_s']:.0f} | {row['elbo_loss']:.1f} | {row['bits_per_dim']:.3f} | "
                f"{row['psnr']:.2f} | {row['kl']:.1f}"
            )
            print(f"| {key} | {name} | {figures} |")


if __name__ == "__main__":
    main()
