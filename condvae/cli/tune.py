"""condvae tune."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_choice
from condvae.cli.arguments import DataDir, Log, load_dataset, notices
from condvae.cli.exit_codes import INTERRUPTED, TERMINATED
from condvae.cli.settings import Settings
from condvae.cli.train import read_config
from condvae.spec.presets import PRESETS, READING
from condvae.spec.space import SPACE, parse_ends
from condvae.tracking import check_trackers

Space = Annotated[
    tuple[str, ...],
    Parameter(
        negative="",
        show_default=False,
        help="Other limits of a dimension, such as learning_rate=1e-4..1e-2; repeat it for more. "
        f"The space: {', '.join(f'{name}={ends}' for name, ends in SPACE.items())} (width is a "
        "factor on hidden_dims). A setting that is given is fixed.",
    ),
]


def tune(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    trials: int | None = None,
    hours: float | None = None,
    space: Space = (),
    preset: str | None = None,
    run: Path | None = None,
    config: Path | None = None,
    log: Log = (),
    data_dir: DataDir = None,
    settings: Settings = Settings(),
) -> int:
    """`condvae tune`, as `condvae.cli` describes it.

    Args:
        source: The name of a data set, or a path.
        trials: Total number of trials in the folder.
        hours: Hours after which no further trial starts.
        preset: Settings that replace defaults below (see `condvae presets`); chosen by the data if
            not given.
        run: The folder of the tuning; an existing one is continued. Default: a new
            runs/DATA-PRESET-tune.
        config: A JSON file with a whole spec, as `condvae presets NAME` prints.
    """
    from condvae.training.tune import tune as tune_models

    given, spec = settings.given(), read_config(config)
    check_trackers(log)
    if preset is not None:
        check_choice(preset, PRESETS, "preset")  # before data are loaded, or even downloaded
    reading = {name: value for name, value in given.items() if name in READING}
    dataset = load_dataset(source, data_dir, spec and spec.data, **reading)
    with notices("condvae.training.tune"):
        tuned = tune_models(
            dataset,
            trials=trials,
            hours=hours,
            space=parse_ends(space),
            preset=preset,
            spec=spec,
            run=run,
            log=log,
            raise_signals=False,
            **given,
        )
    record, rows = tuned.record, tuned.rows
    ended = [row["state"] for row in rows]
    print(f"{len(rows)} trials, {ended.count('pruned')} of them stopped early: {tuned.path}")
    if record.best is not None:
        (row,) = (row for row in rows if row["run"] == record.best)
        print(f"lowest {record.figure} {row['figure']:.3f} nats, on validation data alone, at:")
        print(*(f"  {name} {row[name]:.4g}" for name in record.space), sep="\n")
        if figures := tuned.best.record.figures:
            print(f"({figures.comparability})")
        print(f"best: {tuned.path / record.best}")
    statuses = {run.record.status for run in tuned.runs}
    if statuses.isdisjoint({"interrupted", "terminated"}):
        return 0
    print(f"not finished: the same command with --run {tuned.path} continues it", file=sys.stderr)
    return TERMINATED if "terminated" in statuses else INTERRUPTED
