"""condvae sweep."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_choice
from condvae.cli.arguments import DataDir, load_dataset, numbers
from condvae.cli.exit_codes import INTERRUPTED, TERMINATED
from condvae.cli.settings import Settings
from condvae.cli.train import read_config
from condvae.spec.presets import PRESETS, READING


@Parameter(name="*")
@dataclass(frozen=True)
class Grid(Settings):
    """The settings of all models, and the lists in which they differ.

    Attributes:
        beta: Weights of the KL, separated by commas, such as 0.5,1,2,4.
        learning_rate: Learning rates of Adam, separated by commas; with a schedule, their peaks.
        seed: First seed.
    """

    beta: str | None = None  # type: ignore[reportIncompatibleVariableOverride]
    learning_rate: str | None = None  # type: ignore[reportIncompatibleVariableOverride]


def sweep(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    seeds: int = 1,
    together: bool | None = None,
    ray: str | None = None,
    preset: str | None = None,
    out: Path | None = None,
    config: Path | None = None,
    start_from: Path | None = None,
    resume: Annotated[bool, Parameter(negative="")] = False,
    data_dir: DataDir = None,
    settings: Grid = Grid(),
) -> int:
    """`condvae sweep`, as `condvae.cli` describes it.

    Args:
        source: The name of a data set, or a path.
        seeds: Number of seeds, counted from --seed.
        together: Train all models as one program, or one after another. Default: whichever is
            faster.
        ray: Address of a Ray cluster, such as auto, on which each run is a task; local starts a
            cluster on this machine.
        preset: Settings that replace defaults below (see `condvae presets`); chosen by the data if
            not given.
        out: The folder to create. Default: runs/DATA-PRESET-sweep.
        config: A JSON file with a whole spec, as `condvae presets NAME` prints.
        start_from: A run whose weights are the initial ones.
        resume: Continue the sweep in --out (or the last one of the default name): finished runs
            stay, missing ones are trained.
    """
    from condvae.training import sweep as sweep_models

    given = settings.given()
    lists = {
        name: numbers(given.pop(name), f"--{name.replace('_', '-')}", float)
        for name in ("beta", "learning_rate")
        if name in given
    }
    spec = read_config(config)
    if preset is not None:
        check_choice(preset, PRESETS, "preset")  # before data are loaded, or even downloaded
    reading = {name: value for name, value in given.items() if name in READING}
    dataset = load_dataset(source, data_dir, spec and spec.data, **reading)
    found = sweep_models(
        dataset,
        seeds=seeds,
        preset=preset,
        spec=spec,
        out_dir=out,
        start_from=start_from,
        resume=resume,
        together=together,
        ray=ray,
        raise_signals=False,
        **lists,
        **given,
    )
    lines = [["run", "status", "epochs", "−ELBO", "reconstruction_loss", "kl_loss"]]
    for row in found.rows:
        shown = ["", "", "", ""]
        if "epochs" in row:
            losses = row["val_reconstruction_loss"], row["val_kl_loss"]
            shown = [f"{row['epochs']}", *(f"{loss:.2f}" for loss in (sum(losses), *losses))]
        lines.append([row["run"], row["status"], *shown])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]))
    for text in dict.fromkeys(row["comparability"] for row in found.rows if "epochs" in row):
        print(f"({text})")
    print(f"sweep: {found.path}")
    statuses = {row["status"] for row in found.rows}
    if statuses == {"failed"}:
        raise InputError(
            "the losses of a sweep must stay finite",
            "non-finite losses in each of its runs",
            "Lower the learning rates, or look for extreme values in the data.",
        )
    if statuses.isdisjoint({"interrupted", "terminated", "running"}):
        return 0
    print(
        f"not finished: {found.path} keeps what was done; the same command with --out "
        f"{found.path} --resume continues it",
        file=sys.stderr,
    )
    return TERMINATED if "terminated" in statuses else INTERRUPTED
