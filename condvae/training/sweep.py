"""Sweeps over seeds, betas and learning rates: a run for each combination, and a table."""

import csv
import io
import itertools
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condvae.checks import InputError, check_at_least
from condvae.data import Dataset
from condvae.files.atomic import atomic_path, write_text
from condvae.files.cluster import library, on_ray
from condvae.files.lock import LOCK_NAME, locked
from condvae.models.networks import architecture_of
from condvae.runs import RECORD_NAME, Run, last_run_path
from condvae.spec import Spec
from condvae.training.beginning import Request, first_model
from condvae.training.fit import make_feeds
from condvae.training.folder import run_path
from condvae.training.fused import can_fuse, check_can_fuse
from condvae.training.interrupt import raise_signal
from condvae.training.journal import DivergenceError
from condvae.training.settings import kind_of, open_data, resolve_spec
from condvae.training.train import finish, opened

if TYPE_CHECKING:
    from condvae.figures.figure import Figure

log = logging.getLogger(__name__)

TABLE_NAME, FIGURE_NAME = "sweep.csv", "rate-distortion.png"
MEMBER_PREFIX = "seed-"

# Largest number of models in one program; further models are trained afterwards.
MOST_TOGETHER = 64


class Sweep:
    """A folder of runs that differ in seed, beta and learning rate.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)

    @property
    def runs(self) -> list[Run]:
        """The runs by beta, learning rate and seed."""
        paths = self.path.glob(f"{MEMBER_PREFIX}*/{RECORD_NAME}")
        return sorted((Run.open(path.parent) for path in paths), key=_place)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each run: its settings, its status and, if available, the figures of its best
        epoch by validation; kl_loss is the rate, reconstruction_loss the distortion, in nats.
        """
        rows = []
        for run in self.runs:
            training, figures = run.spec.training, run.record.figures
            row = {
                "run": run.path.name,
                "seed": training.seed,
                "beta": run.spec.objective.beta,
                "learning_rate": training.learning_rate,
                "status": run.record.status,
            }
            rows.append(row | (figures.model_dump() if figures else {}))
        return rows

    def plot(self) -> "Figure":
        """Plot rate against distortion, with a point for each run."""
        from condvae.figures.curves import rate_distortion

        return rate_distortion([row for row in self.rows if "val_kl_loss" in row])

    def write(self) -> list[Path]:
        """Write the table and the figure; return the paths of those that were written."""
        rows, text = self.rows, io.StringIO()
        columns = dict.fromkeys(name for row in rows for name in row)
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.path / TABLE_NAME, text.getvalue())
        if "val_kl_loss" not in columns:
            return [self.path / TABLE_NAME]
        with atomic_path(self.path / FIGURE_NAME) as fresh:
            self.plot().savefig(fresh, dpi=150)
        return [self.path / TABLE_NAME, self.path / FIGURE_NAME]


def sweep(
    data: Dataset | str | Path,
    *,
    seeds: int = 1,
    beta: Sequence[float] = (),
    learning_rate: Sequence[float] = (),
    preset: str | None = None,
    spec: Spec | None = None,
    out_dir: Path | str | None = None,
    start_from: Path | str | None = None,
    resume: bool = False,
    progress: bool = True,
    together: bool | None = None,
    ray: str | None = None,
    raise_signals: bool = True,
    **settings: Any,
) -> Sweep:
    """Train a model for each seed, beta and learning rate; each is a run folder as in `train`.

    Ctrl-C and SIGTERM end the sweep after the running steps; what was done is kept, and can be
    resumed.

    Args:
        data: a Dataset, or anything that `load_data` takes.
        seeds: number of seeds, starting with the setting `seed`.
        beta: weights of the KL divergence; none: that of the preset or the spec.
        learning_rate: learning rates of Adam; none: that of the preset or the spec.
        preset, spec, start_from, settings: as in `train`, for all models.
        out_dir: folder for the folders of the runs, which must be new; None:
            `runs/<data>-<preset>-sweep`.
        resume: whether to continue the sweep in out_dir: finished runs are kept, others continue
            from their last checkpoints, and missing ones are started.
        progress: whether to show a progress bar.
        together: whether to train all models in one program, each as if alone up to rounding; None:
            if this is possible and faster, see `pays`; False: one after another.
        ray: address of a Ray cluster, on which each run is a task; its machines must have the
            folder under the same path. "local": a cluster on this machine.
        raise_signals: as in `train`.

    Returns:
        The folder; the `record.status` of a run says how it ended.

    Raises:
        InputError: an argument does not fit, and nothing is written; or the disk is full. A run
            whose losses are not finite ends alone, with a notice.
    """
    dataset = open_data(data, settings)
    kind = kind_of(dataset, preset, spec, settings)
    _, base = resolve_spec(dataset, preset, spec, settings)
    members = grid(base, seeds, beta, learning_rate)
    path, split = sweep_path(dataset, kind, out_dir, resume), dataset.with_spec(base.data)
    if not path.exists():
        first_model(split, base, start_from)  # raises before a folder is created
        # the base spec: whether it can be fused is the same for all members
    feed, _ = make_feeds(split, base)
    if together:
        check_can_fuse(feed, "together")
    if ray is not None:
        if together:
            raise InputError(
                "`ray` must train one model per task", "`together`", "Omit one of them."
            )
        library()  # before anything is written
    asked = Request(preset, spec, start_from, resume)
    path.mkdir(parents=True, exist_ok=resume)
    with locked(path):
        left = {
            run_path(dataset, kind, path / name, resume): replace(
                asked, settings=settings | changes
            )
            for name, changes in members.items()
            if not _is_finished(path / name, base.override(**changes), dataset)
        }
        if ray is not None:
            _fit_on_ray(dataset, left, ray)
        elif can_fuse(feed) and (pays(base) if together is None else together):
            _fit_together(dataset, left, progress)
        else:
            _fit_in_turn(dataset, left, progress)
        found = Sweep(path)
        found.write()
    if raise_signals:
        for status in {row["status"] for row in found.rows if row["run"] in members}:
            raise_signal(path, status)
    return found


def grid(
    base: Spec, seeds: int, beta: Sequence[float], learning_rate: Sequence[float]
) -> dict[str, dict[str, Any]]:
    """Folder name and settings of each member.

    Raises:
        InputError: no seed, an invalid value, or a value that occurs twice.
    """
    first = base.training.seed
    members: dict[str, dict[str, Any]] = {}
    for seed, weight, rate in itertools.product(
        range(first, first + check_at_least(seeds, 1, "seeds")),
        beta or [base.objective.beta],
        learning_rate or [base.training.learning_rate],
    ):
        changes = {"seed": seed, "beta": weight, "learning_rate": rate}
        # checked here, before any folder is created
        base.override(**changes)
        name = f"{MEMBER_PREFIX}{seed}-beta-{weight:.15g}-rate-{rate:.15g}"
        if name in members:
            raise InputError(
                "each beta and each learning rate must occur once",
                f"beta {weight:g} and learning rate {rate:g} twice",
                "Omit one of them.",
            )
        members[name] = changes
    return members


def pays(spec: Spec) -> bool:
    """Whether one program for several models is faster than training them one after another.

    On a GPU it is. On a CPU it is for small networks, whose time is spent on dispatch and
    compilation; large ones use all cores one by one (docs/ensemble.md has the figures).
    """
    import jax

    return jax.default_backend() != "cpu" or architecture_of(spec.model).is_quick


def sweep_path(dataset: Dataset, kind: str, out_dir: Path | str | None, resume: bool) -> Path:
    """A new folder that can be created, or, to resume, one of a sweep."""
    kind = f"{kind}-sweep"
    if resume and out_dir is None:
        out_dir = last_run_path(f"{Path(dataset.name).stem or 'data'}-{kind}")
    if not resume or out_dir is None or not Path(out_dir).exists():
        return run_path(dataset, kind, out_dir)
    path, ours = Path(out_dir), {LOCK_NAME, TABLE_NAME, FIGURE_NAME}
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else {path.name}
    others = [n for n in names - ours if not n.startswith(MEMBER_PREFIX) and n[-4:] != ".tmp"]
    if others:
        raise InputError(
            "`resume` requires the folder of a sweep",
            f"{path}, which {'holds' if path.is_dir() else 'is'} {min(others)}",
            "Choose another folder.",
        )
    return path


def _is_finished(path: Path, spec: Spec, dataset: Dataset) -> bool:
    """Whether that run exists and is complete, as requested."""
    if not (path / RECORD_NAME).exists():
        return False
    run = Run.open(path)
    run.check_data(dataset)
    # a run with fewer epochs than requested now continues
    return run.record.status == "finished" and run.spec == spec


def _fit_together(dataset: Dataset, left: dict[Path, Request], progress: bool) -> None:
    """Train the models in one program; after an interruption, those at the same place."""
    from condvae.training.together import Member, Together

    with ExitStack() as stack:
        by_place: dict[tuple[int, int], list[Member]] = {}
        for path, asked in left.items():
            # the lock of each folder is held until all are done
            training = stack.enter_context(opened(path, dataset, asked))
            member = Member(training)
            # one program takes the same steps for all, so members must be at the same place
            by_place.setdefault(member.place, []).append(member)
        for members in by_place.values():
            for start in range(0, len(members), MOST_TOGETHER):
                group = Together(members[start : start + MOST_TOGETHER], training, progress)
                group.fit()
                if group.interrupted:
                    return


def _fit_on_ray(dataset: Dataset, left: dict[Path, Request], address: str) -> None:
    """Train each model as a task of a cluster; interrupted runs can be resumed."""
    jobs = [(path.absolute(), asked) for path, asked in left.items()]
    if jobs:
        # the tasks return nothing: their records have the results
        with on_ray(address, {}) as pool:
            list(pool(partial(_fit_one, dataset), jobs))


def _fit_one(dataset: Dataset, job: tuple[Path, Request]) -> None:
    """Train one model."""
    path, asked = job
    _fit_in_turn(dataset, {path: asked}, progress=False)


def _fit_in_turn(dataset: Dataset, left: dict[Path, Request], progress: bool) -> None:
    """Train one model after another."""
    for path, asked in left.items():
        with opened(path, dataset, asked) as training:
            try:
                finish(training, progress)
            except DivergenceError as error:
                log.warning("%s: %s", path, error)
        if training.run.record.status in ("interrupted", "terminated"):
            return


def _place(run: Run) -> tuple[float, float, int]:
    """The sort key of runs: beta, learning rate, seed."""
    training = run.spec.training
    return run.spec.objective.beta, training.learning_rate, training.seed
