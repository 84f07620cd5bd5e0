"""The epochs of several runs at once: an ensemble in memory, with a run folder per member."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

import numpy as np

from condvae.models import network_tensors
from condvae.runs.checkpoint import TrainingState
from condvae.training.ensemble import Ensemble, of_member, read_state, write_state
from condvae.training.fit import make_feeds, room_on_disk
from condvae.training.fused import steps_in
from condvae.training.heap import keep_freed_memory
from condvae.training.interrupt import STATUSES, interruptible
from condvae.training.journal import DivergenceError, Journal, is_due
from condvae.training.pace import Pace
from condvae.training.progress import ProgressBar
from condvae.training.state import restore_metrics
from condvae.training.train import Training

log = logging.getLogger(__name__)

Status = Literal["finished", "interrupted", "terminated", "failed"]


class Member:
    """A training that continues together with others; only the values of its model are kept.

    Attributes:
        journal: the journal of its run.
        state: the model's values at the start.
        is_open: whether its run continues.
        is_better: whether the ensemble has better weights than the journal.
    """

    def __init__(self, training: Training):
        run, model, checkpoint = training.run, training.model, training.checkpoint
        # computed here, since the model itself is not kept
        run.write_graphs(model)
        if checkpoint and checkpoint.state.step:
            restore_metrics(model, checkpoint.tensors)
        self.journal = Journal(run, checkpoint, model.objective.added)
        self.state = read_state(model)
        self.is_open, self.is_better = True, False

    @property
    def place(self) -> tuple[int, int]:
        """Complete epochs, and steps of the next: members at the same place can run together."""
        return self.journal.state.epoch, self.journal.state.step

    def close(self, status: Status) -> None:
        """Write the run's files for the last time, and its status."""
        self.journal.close()
        self.journal.run.update(status=status)
        self.is_open = False


class Together:
    """Trains members that are at the same place, each to its end; one that stops is not read again.

    Args:
        members: members that differ in seed, beta and learning rate.
        template: the training of any of them, whose model provides the steps, and whose data are
            used.
        progress: whether to show a progress bar.

    Attributes:
        interrupted: whether a signal ended the training.
    """

    def __init__(self, members: Sequence[Member], template: Training, progress: bool):
        self.model, spec = template.model, template.run.spec
        self.epochs, self.members = spec.training.epochs, list(members)
        self.feed, validation = make_feeds(template.dataset, spec)
        specs = [member.journal.run.spec.training for member in members]
        self.ensemble = Ensemble(
            self.model,
            [member.state for member in members],
            [training.learning_rate for training in specs],
            [self.feed.with_seed(training.seed) for training in specs],
            validation,
            spec.training,
            self.epochs * self.feed.steps,
        )
        self.bar = ProgressBar(self.epochs, self.feed.steps) if progress else None
        self.interrupted = False

    def fit(self) -> None:
        """Run the remaining epochs, and complete the records.

        Raises:
            InputError: the disk is full. Losses that are not finite end only their own run, with a
                notice.
        """
        keep_freed_memory()
        self.model.stop_evaluating = False  # read by the progress bar
        if self.bar:
            self.bar.set_model(self.model)
            self.bar.on_train_begin()
        try:
            with (
                room_on_disk(self.members[0].journal.run, self.model),
                interruptible(self.model) as interrupt,
            ):
                for member in self.members:
                    if member.journal.finished:
                        member.close("finished")
                paces = Pace(interrupt), Pace(interrupt)
                while self._open() and not interrupt.requested:
                    self._run_epoch(*paces)
                self.interrupted = interrupt.requested
                for member in self._open():
                    member.close(STATUSES[interrupt.signal or 0])
        except BaseException as error:
            # no figures: weights better than those in the files may have been lost
            status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            for member in self._open():
                with suppress(OSError):
                    member.journal.run.update(status=status)
            raise
        finally:
            if self.bar:
                self.bar.close()

    def _open(self) -> list[Member]:
        """The members that continue."""
        return [member for member in self.members if member.is_open]

    def _run_epoch(self, training: Pace, validation: Pace) -> None:
        """Run one epoch, or the rest of it, or as much as a signal allows."""
        members = self._open()
        state, started = members[0].journal.state, time.perf_counter()
        done = self._train(state, training)
        figures = self.ensemble.means()
        validated = self.ensemble.validate(validation) if training.may_begin() else None
        # each member's share, so that the seconds of all runs add up to the elapsed time
        seconds = state.seconds + (time.perf_counter() - started) / len(members)
        if validated is None:
            # each in turn in the single model, whose state the checkpoint reads
            for member in self._at_hand(members):
                member.journal.break_off(self.model, done, seconds)
            return
        ended = self._add_rows(figures | validated, state.epoch, seconds)
        if not training.may_begin() or is_due([member.journal for member in members]):
            to_save = members
        else:
            to_save = list(ended)
        for member in self._at_hand(to_save):
            if ended.get(member) != "failed":
                member.journal.save(self.model)
        for member, status in ended.items():
            member.close(status)
        slots = [slot for slot, member in enumerate(self.members) if member.is_open]
        if slots and 2 * len(slots) <= len(self.members):  # compiling another program must pay off
            self.ensemble.shrink(slots)
            self.members = self._open()

    def _train(self, state: TrainingState, pace: Pace) -> int:
        """Take the steps of an epoch; return the number of steps done."""
        done = state.step
        if self.bar:
            self.bar.on_epoch_begin(state.epoch)
        for rows in self.ensemble.blocks(state.epoch, state.step):
            for first, end in pace.pieces(steps_in(rows)):
                begun = time.perf_counter()
                pace.began(self.ensemble.train(rows, first, end), begun, end - first)
                done += end - first
                if self.bar:
                    self.bar.on_batch(done)
        pace.end()
        return done

    def _add_rows(
        self, figures: dict[str, np.ndarray], epoch: int, seconds: float
    ) -> dict[Member, Status]:
        """Write the row of each member, keep better weights; return members that end, and how."""
        is_better, ended = np.zeros(len(self.members), bool), {}
        rows = [
            {name: float(values[slot]) for name, values in figures.items()}
            | {"epoch": epoch + 1, "seconds": seconds}
            for slot in range(len(self.members))
        ]
        for slot, member in enumerate(self.members):
            if not member.is_open:
                continue
            try:
                is_better[slot] = member.journal.add_epoch(rows[slot])
            except DivergenceError as error:
                log.warning("%s: %s", member.journal.run.path, error)
                ended[member] = "failed"
            else:
                if member.journal.finished:
                    ended[member] = "finished"
            member.is_better |= bool(is_better[slot])
        self.ensemble.keep(is_better)
        if self.bar:
            shown = [row for row, member in zip(rows, self.members, strict=True) if member.is_open]
            self.bar.on_epoch_end(
                epoch, {name: float(np.mean([row[name] for row in shown])) for name in figures}
            )
        return ended

    def _at_hand(self, members: Sequence[Member]) -> Iterator[Member]:
        """These members in turn, with best weights in the journal and last values in the model."""
        if not members:
            return
        state, best = self.ensemble.on_host()
        for slot, member in enumerate(self.members):
            if member not in members:
                continue
            if member.is_better:
                write_state(self.model, of_member(best, slot))
                member.journal.keep_best(network_tensors(self.model))
                member.is_better = False
            write_state(self.model, of_member(state, slot))
            yield member
