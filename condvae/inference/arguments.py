"""Checks of what a trained model is asked with."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import (
    InputError,
    UnseenConditionWarning,
    check_finite,
    check_range,
    check_shape,
)
from condvae.conditions import Condition, Schema, Table
from condvae.inference.chance import Chance, NumberedChance
from condvae.inference.draws import Draws
from condvae.inference.engines import Facts


def _outside_of_the_package() -> int:
    """The `stacklevel` at which a warning names the line of the user's own code."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("condvae."):
        frame, level = frame.f_back, level + 1
    return level


def _in_batch(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """x with its axes of rows and of channels: an image alone, grey without channels, flat rows."""
    if x.ndim == 2 and len(shape) == 3 and x.shape != shape[:2] and x.shape[1] == np.prod(shape):
        return x.reshape(-1, *shape)
    grey = shape[:-1] if shape[-1] == 1 else None
    if x.shape == shape or (grey and x.shape == grey):
        return x.reshape(1, *shape)
    return x[..., None] if grey and x.ndim == len(shape) else x


@dataclass(frozen=True)
class Arguments:
    """Users' arrays and labels as a model's networks take them, or an InputError.

    Attributes:
        facts: shapes and ranges that they must fit.
        condition: what y is.
        table: the columns of x, for a model of tables.
    """

    facts: Facts
    condition: Condition
    table: Table | None = None

    def pair(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Images and their encoded conditions, as many of the one as of the other."""
        x = self.images(x)
        if self.table is not None:
            x = self.table.hide_conditions(x)
        return x, self.given(y, len(x))

    def pairs(self, blocks: Iterable[tuple[Any, Any]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Blocks of pairs; errors name rows that are counted in the block, and say so."""
        rows = 0
        for x, y in blocks:
            try:
                yield self.pair(x, y)
            except InputError as error:
                if not rows:
                    raise
                received = f"{error.received} (counted from row {rows:,})"
                raise InputError(error.expected, received, error.remedy) from None
            rows += len(y)

    def images(self, x: Any) -> np.ndarray:
        """x checked against the model: (batch, *image_shape), uint8 or float32."""
        if self.table is not None and isinstance(x, Mapping):
            x = self.table.encode(x)
        x = np.asarray(x)
        if x.dtype.kind not in "buif":
            raise InputError("x must hold numbers", f"dtype {x.dtype}", "Pass uint8 or float32.")
        is_integer = x.dtype.kind in "iu"
        shape = self.facts.stored_shape if is_integer else self.facts.image_shape
        x = _in_batch(x, shape)
        check_shape(x, (None, *shape), "x")
        if not len(x):
            raise InputError("x must hold at least one image", "none", "Pass (batch, ...).")
        if is_integer:
            return check_range(x, 0, self.facts.x_max, "x").astype("uint8", copy=False)
        x = x.astype("float32", copy=False)
        low, high = self.facts.x_range
        return check_range(x, low, high, "x")

    def styles(self, z: Any) -> np.ndarray:
        """(batch, latent_dim) float32; one style alone becomes a batch of one."""
        self.check_latents()
        z = np.atleast_2d(np.asarray(z, dtype="float32"))
        check_shape(z, (None, self.facts.latent_dim), "z")
        if not len(z):
            raise InputError("z must hold at least one style", "none", "Pass (batch, latent_dim).")
        return check_finite(z, "z")

    def given(self, y: Any, num_rows: int) -> np.ndarray:
        """(num_rows, *condition_shape) float32; one condition serves all rows."""
        encoded = self.encode_condition(y)
        if len(encoded) == 1:
            return np.repeat(encoded, num_rows, axis=0)
        if len(encoded) != num_rows:
            raise InputError(
                f"y must hold one condition for all, or one for each of {num_rows} rows",
                f"{len(encoded)} conditions",
                "Make them as many.",
            )
        return encoded

    def encode_condition(self, y: Any) -> np.ndarray:
        """y as the networks see it; what lies outside the training range is said."""
        encoded = self.condition.encode(y)  # first: it refuses what is no number
        for sentence in self.condition.outside(y):
            warnings.warn(sentence, UnseenConditionWarning, stacklevel=_outside_of_the_package())
        return encoded

    def named(self, given: Any) -> Any:
        """The label in {condition's name: label}; several conditions, or a label, as they are."""
        if self.condition.by_name is not None or not isinstance(given, dict):
            return given
        if set(given) != {self.condition.name}:
            raise InputError(
                f"given must name the condition {self.condition.name!r}",
                f"{sorted(given)}",
                f"Pass {{{self.condition.name!r}: label}}.",
            )
        return given[self.condition.name]

    def check_table(self) -> tuple[Table, Schema]:
        """The columns of x, where it is a row of a table, and the conditions."""
        several = self.condition.by_name
        if self.table is None or several is None:
            raise InputError(
                "the model must be one of tables", "one of images", "Train on a table."
            )
        self.check_latents()
        return self.table, several

    def draws(
        self,
        sample: bool,
        seed: int,
        temperature: float,
        guidance: float,
        keep: int = 0,
        first: int | None = None,
    ) -> Draws:
        """What draws new images, see `Draws`; the cells of tables are drawn as they are.

        Args:
            keep: of a ladder's groups, how many of the coarse ones all draws share.
            first: number of the first row, see `NumberedChance`; None: one stream.
        """
        self.check_latents()
        if self.table is not None and (temperature, guidance) != (1, 0):
            raise InputError(
                "rows of tables must be drawn at temperature 1 and guidance 0",
                f"{temperature:g} and {guidance:g}",
                "Leave them out.",
            )
        nothing = self.condition.unconditional
        if guidance and nothing is None:
            raise InputError(
                "guidance needs a condition of classes or of named values",
                str(self.condition),
                "Leave it out.",
            )
        groups = () if self.table is not None else self.facts.latent_groups
        if keep and not 0 < keep < len(groups):
            raise InputError(
                "`keep` must leave a group of latents to draw, of images by a ladder",
                f"{keep} of {len(groups)} groups" if groups else "no groups of images' latents",
                "Train with the prior 'ladder', and keep some of its `latent_groups`.",
            )
        chance = Chance(seed, temperature, sum(groups[:keep]))
        if first is not None:
            chance = NumberedChance(seed, temperature, sum(groups[:keep]), first)
        return Draws(chance, sample, guidance, nothing, self.facts.x_range)

    def check_latents(self) -> None:
        """Raise for a network that has no latents."""
        if not self.facts.latent_dim:
            raise InputError(
                "the model must have latents to encode, decode and generate",
                "a deterministic network",
                "Call `guess` or `predict`, or train with the network 'cvae'.",
            )
