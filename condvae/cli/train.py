"""condvae train."""

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from condvae.checks import InputError, check_choice
from condvae.cli.arguments import DataDir, Log, load_dataset, notices
from condvae.cli.exit_codes import INTERRUPTED, LOST, TERMINATED
from condvae.cli.settings import Settings
from condvae.spec.presets import PRESETS, READING
from condvae.tracking import check_trackers

MOST_CONFIG_BYTES = 2**20


def train(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    preset: str | None = None,
    run: Path | None = None,
    config: Path | None = None,
    start_from: Path | None = None,
    resume: Annotated[bool, Parameter(negative="")] = False,
    log: Log = (),
    devices: str | None = None,
    distributed: Annotated[bool, Parameter(negative="")] = False,
    processes: int | None = None,
    data_dir: DataDir = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    watch: Annotated[bool, Parameter(negative="")] = False,
    settings: Settings = Settings(),
) -> int:
    """`condvae train`, as `condvae.cli` describes it.

    Args:
        source: The name of a data set, or a path.
        preset: Settings that replace defaults below (see `condvae presets`); chosen by the data if
            not given.
        run: The run folder to create. Default: runs/DATA-PRESET.
        config: A JSON file with a whole spec, as `condvae presets NAME` prints.
        start_from: A run whose weights are the initial ones.
        resume: Continue the run in --run (or the last one of the default name) from its last
            checkpoint, as if it had never stopped; with --epochs N, up to another number of epochs.
            If there is no run yet, start one.
        devices: Number of devices that share each batch, or "all". Default: 1. The result is that
            of one device, to rounding.
        distributed: Train in all processes of the cluster in which this process was started (SLURM,
            Kubernetes, Open MPI), or in those that JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and
            JAX_PROCESS_ID name. Each process reads the data, and process 0 writes the run.
        processes: Number of processes that --distributed must find.
        dry_run: Print what would happen, with an estimate of time and memory, without writing
            anything.
        watch: Keep live.html in the run folder, a page that reloads itself in the browser: learning
            curves, and for each epoch samples and reconstructions, or a few rows of a table.
    """
    started = time.perf_counter()
    from condvae.evaluation import Trial, find_faults
    from condvae.explorer import write_faults
    from condvae.training import estimate
    from condvae.training import train as train_model
    from condvae.training.processes import ProcessLostError, in_processes, is_first

    spec = read_config(config)
    arguments = {
        "preset": preset,
        "spec": spec,
        "run": run,
        "start_from": start_from,
        **settings.given(),
    }
    check_trackers(log)
    if preset is not None:
        check_choice(preset, PRESETS, "preset")  # before data are loaded, or even downloaded
    if dry_run and resume:
        raise InputError(
            "--dry-run and --resume exclude each other", "both", "Leave one of them out."
        )
    if dry_run and (devices or distributed):
        raise InputError(
            "--dry-run measures one device", "several to train on", "Leave one of them out."
        )
    if processes is not None and not distributed:
        raise InputError("--processes must come with --distributed", "--processes alone", "Add it.")
    reading = {name: value for name, value in settings.given().items() if name in READING}
    try:
        with in_processes(processes or distributed):
            dataset = load_dataset(source, data_dir, spec and spec.data, **reading)
            if dry_run:
                print(estimate(dataset, started=started, **arguments))
                return 0
            if is_first():
                told = f"{len(dataset.x):,} {dataset.unit}; {dataset.assumption}"
                print(f"{dataset.name}: {told}\ngiven: {dataset.condition}", file=sys.stderr)
            with notices("condvae.training.train"):
                finished = train_model(
                    dataset,
                    **arguments,
                    resume=resume,
                    log=log,
                    devices=devices,
                    distributed=processes or distributed,
                    raise_signals=False,
                    watch=watch,
                )
    except ProcessLostError as error:
        print(
            f"condvae: {error}. Start all processes again with --resume to continue",
            file=sys.stderr,
        )
        return LOST
    if is_first():
        again = ["condvae", "train", source, "--run", str(finished.path), "--resume"]
        again += ["--devices", devices] if devices else []
        again += ["--distributed"] if distributed else []
        _say(finished, shlex.join(again))
    status = finished.record.status
    if is_first() and status == "finished":
        print(f"next: {', '.join(_next_commands(finished))}")
    if status == "finished":
        if is_first():
            faults = find_faults(Trial.of(finished, dataset))
            for sentence in faults:
                print(f"doctor: {sentence}", file=sys.stderr)
            write_faults(finished.path, faults)  # for the run's page
        return 0
    return TERMINATED if status == "terminated" else INTERRUPTED


def _say(finished: Any, again: str) -> None:
    """Print the figures and the folder of a run, and the command that continues it, if any."""
    figures, status = finished.record.figures, finished.record.status
    if figures is not None:
        print(
            f"validation -ELBO {-figures.val_elbo:.2f} nats = reconstruction_loss "
            f"{figures.val_reconstruction_loss:.2f} + kl_loss {figures.val_kl_loss:.2f}, "
            f"epoch {figures.best_epoch} of {figures.epochs}\n({figures.comparability})"
        )
    print(f"run: {finished.path}")
    if status != "finished":
        print(
            f"{status}: {finished.path} keeps what was done; `{again}` continues it",
            file=sys.stderr,
        )


def _next_commands(finished: Any) -> list[str]:
    """Three commands to try on a new run."""
    path = shlex.quote(str(finished.path))
    is_table = finished.record.preprocessing.table is not None
    shows = f"generate {path} -n 100 --out rows.csv" if is_table else f"explore {path}"
    return [f"`condvae {command}`" for command in (f"evaluate {path}", f"plot {path}", shows)]


def read_config(path: Path | None) -> Any:
    """The Spec in a JSON file."""
    if path is None:
        return None
    from condvae.spec import Spec

    if not path.is_file() or path.stat().st_size > MOST_CONFIG_BYTES:
        raise InputError(
            f"--config must be a JSON file of at most {MOST_CONFIG_BYTES:,} bytes",
            f"{path}, which is larger" if path.is_file() else f"{path}, which is not a file",
            "Check the path.",
        )
    return Spec.parse(path.read_bytes())
