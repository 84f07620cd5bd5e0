"""Checks of the arguments of a trained model's methods."""

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
    """The `stacklevel` at which a warning points to the line of the user's code."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("condvae."):
        frame, level = frame.f_back, level + 1
    return level


def _in_batch(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """x with a batch axis and an axis for channels, from single, grey or flattened images."""
    if x.ndim == 2 and len(shape) == 3 and x.shape != shape[:2] and x.shape[1] == np.prod(shape):
        return x.reshape(-1, *shape)
    grey = shape[:-1] if shape[-1] == 1 else None
    if x.shape == shape or (grey and x.shape == grey):
        return x.reshape(1, *shape)
    return x[..., None] if grey and x.ndim == len(shape) else x


@dataclass(frozen=True)
class Arguments:
    """Converts arrays and labels to the form that a model's networks take, or raises InputError.

    Attributes:
        facts: shapes and ranges that the arguments must fit.
        condition: the condition y.
        table: the columns of x, for a model of tables.
    """

    facts: Facts
    condition: Condition
    table: Table | None = None

    def pair(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Images and their encoded conditions, of equal length."""
        x = self.images(x)
        if self.table is not None:
            x = self.table.hide_conditions(x)
        return x, self.given(y, len(x))

    def pairs(self, blocks: Iterable[tuple[Any, Any]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Blocks of pairs; errors count rows within the block and from the start of the data."""
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
        """(batch, latent_dim) float32; a single style becomes a batch of one."""
        self.check_latents()
        z = np.atleast_2d(np.asarray(z, dtype="float32"))
        check_shape(z, (None, self.facts.latent_dim), "z")
        if not len(z):
            raise InputError("z must hold at least one style", "none", "Pass (batch, latent_dim).")
        return check_finite(z, "z")

    def given(self, y: Any, num_rows: int) -> np.ndarray:
        """(num_rows, *condition_shape) float32; a single condition is repeated for all rows."""
        encoded = self.encode_condition(y)
        if len(encoded) == 1:
            return np.repeat(encoded, num_rows, axis=0)
        if len(encoded) != num_rows:
            raise InputError(
                f"y must hold one condition for all, or one for each of {num_rows} rows",
                f"{len(encoded)} conditions",
                "Pass one condition, or one for each row.",
            )
        return encoded

    def encode_condition(self, y: Any) -> np.ndarray:
        """y as the networks see it; warns about values outside the range seen in training."""
        encoded = self.condition.encode(y)  # first, since it rejects values that are not numbers
        for sentence in self.condition.outside(y):
            warnings.warn(sentence, UnseenConditionWarning, stacklevel=_outside_of_the_package())
        return encoded

    def named(self, given: Any) -> Any:
        """The label in {condition's name: label}; several conditions, or a label, unchanged."""
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
        """The columns of x, which must be a row of a table, and the conditions."""
        several = self.condition.by_name
        if self.table is None or several is None:
            raise InputError(
                "the model must be a model of tables", "a model of images", "Train on a table."
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
        """The settings for drawing new images, see `Draws`; cells of tables are always sampled.

        Args:
            keep: for a ladder, number of coarse groups that all draws share.
            first: number of the first row, see `NumberedChance`; None: a single stream.
        """
        self.check_latents()
        if self.table is not None and (temperature, guidance) != (1, 0):
            raise InputError(
                "rows of tables must be drawn at temperature 1 and guidance 0",
                f"{temperature:g} and {guidance:g}",
                "Omit both options.",
            )
        nothing = self.condition.unconditional
        if guidance and nothing is None:
            raise InputError(
                "guidance requires a condition of classes or of named values",
                str(self.condition),
                "Omit guidance.",
            )
        groups = () if self.table is not None else self.facts.latent_groups
        if keep and not 0 < keep < len(groups):
            raise InputError(
                "`keep` must leave a group of latents to draw, for images with a ladder prior",
                f"{keep} of {len(groups)} groups" if groups else "a model without such groups",
                "Train with the prior 'ladder', and keep some of its `latent_groups`.",
            )
        chance = Chance(seed, temperature, sum(groups[:keep]))
        if first is not None:
            chance = NumberedChance(seed, temperature, sum(groups[:keep]), first)
        return Draws(chance, sample, guidance, nothing, self.facts.x_range)

    def check_latents(self) -> None:
        """Raise InputError for a network without latents."""
        if not self.facts.latent_dim:
            raise InputError(
                "the model must have latents to encode, decode and generate",
                "a deterministic network",
                "Call `guess` or `predict`, or train with the network 'cvae'.",
            )
