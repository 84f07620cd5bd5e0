"""Conditional imputation: unknown cells of table rows, drawn by the model given the known ones."""

from collections.abc import Iterator, Sequence

import numpy as np

from condvae.blocks import slices
from condvae.conditions import Schema, Table
from condvae.inference.chance import Chance
from condvae.inference.computation import Computation
from condvae.inference.linear_rows import Gaussians, LinearRows

# draws of z from each proposal, and how many must have weight: otherwise a proposal is added.
NUM_SAMPLES, ENOUGH, MOST_PROPOSALS = 64, 64, 6
# Rows that the model draws for fitting z to known cells.
LINEAR_ROWS = 8_000
LEAST_SHARE = 1e-7  # the smallest share that float32 distinguishes from 0
# An imputed cell must not be empty, although the model can draw it empty: this many draws are
# tried, before one of the other states is drawn by its share.
MOST_TRIES = 50


class Completion:
    """Draws hidden cells given the known ones, and y, by importance resampling of z.

    For each row, z_k are drawn from a mixture r of proposals: q(z | x, y), if the encoder sees only
    the known cells, and a linear model fitted to rows that the model drew, which predicts z from
    any cells, see `LinearRows`. One of them is selected with a probability proportional to p(known
    | z_k, y) p(z_k | y) / r(z_k); the hidden cells are then drawn from p(x | z, y), in which the
    columns are independent. If only few z_k have weight, a Gaussian with their moments is added to
    the proposals, repeatedly.

    Source: Mattei & Frellsen 2019, "MIWAE", section 4.2; Rubin 1987 on sampling importance
    resampling; Cornuet, Marin, Mira & Robert 2012, "Adaptive multiple importance sampling".
    """

    def __init__(
        self,
        compute: Computation,
        table: Table,
        several: Schema,
        latent_dim: int,
        noise_dim: int,
    ):
        self._compute, self.table, self.several = compute, table, several
        self._latent_dim, self._noise_dim = latent_dim, noise_dim
        self._linear: LinearRows | None = None

    def draw(
        self, x: np.ndarray, y: np.ndarray, chance: Chance, num_draws: int = 1, fill: bool = False
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Rows without hidden cells, num_draws times, all from the same draws of z.

        Args:
            x: (batch, dim) encoded; a cell is hidden where all its states are 0.
            y: (batch, *condition_shape) encoded. chance: the random numbers. fill: whether cells
                must not be drawn empty.

            Returns:
                x with its hidden cells drawn, for each draw, and the effective number of draws of z
                for each row, (sum w)² / sum w².
        """
        _, rows, effective = zip(*self.blocks(x, y, chance, num_draws, fill), strict=True)
        draws = [np.concatenate(draw) for draw in zip(*rows, strict=True)]
        return draws, np.concatenate(effective)

    def blocks(
        self, x: np.ndarray, y: np.ndarray, chance: Chance, num_draws: int = 1, fill: bool = False
    ) -> Iterator[tuple[slice, list[np.ndarray], np.ndarray]]:
        """As `draw`, block by block: the rows of each block, and the results of `draw`."""
        if self._linear is None:
            self._linear = self._linear_rows(y)
        for part in slices(len(x)):
            known, given = x[part], y[part]
            proposals = [self._encoded(known, given), self._linear.posterior(known, given)]
            zs, effective = self._styles(known, given, proposals, chance, num_draws)
            cells = [self._cells(known, given, z, chance, fill) for z in zs]
            yield part, cells, effective

    def log_presence(self, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
        """(batch,) log p(which cells are empty | z, y), nats, at the z of `TrainedModel.elbo`.

        The remainder of that bound is a bound for the values alone, given which cells are empty.
        """
        noise = Chance(seed).latents(len(x), self._latent_dim)
        z = self._compute.ask("draw_posterior", {"x": x, "y": y, "noise": noise})["z"]
        shares = self._compute.ask("decode", {"z": z, "y": y})["x_mean"].astype("float64")
        may_miss = np.asarray([column.may_miss for column in self.table.columns])
        last = np.cumsum([column.num_states for column in self.table.columns])[may_miss] - 1
        is_known = ~self.table.hidden(x)[:, may_miss]
        share = np.where(x[:, last] == 1, shares[:, last], 1 - shares[:, last])
        return np.where(is_known, np.log(np.maximum(share, LEAST_SHARE)), 0.0).sum(axis=1)

    def _linear_rows(self, y: np.ndarray) -> LinearRows:
        """The linear model, fitted to rows drawn given some of y; it is used for all later rows."""
        chance = Chance(0)
        y = y[np.arange(LINEAR_ROWS) * len(y) // LINEAR_ROWS]
        noise = chance.latents(len(y), self._noise_dim)
        z = self._compute.ask("draw_prior", {"noise": noise, "y": y})["z"]
        inputs = {"z": z, "y": y, "pixel_noise": chance.pixels(len(y), self.table.dim)}
        x = self._compute.ask("draw_pixels", inputs)["x_sample"]
        return LinearRows(self.table, x, y, z.astype("float64"))

    def _encoded(self, x: np.ndarray, y: np.ndarray) -> Gaussians:
        """q(z | x, y)."""
        found = self._compute.ask("encode", {"x": x, "y": y})
        scale = np.exp(found["logvar"].astype("float64") / 2)
        return Gaussians(found["mean"].astype("float64"), scale[:, None] * np.eye(scale.shape[1]))

    def _styles(
        self,
        x: np.ndarray,
        y: np.ndarray,
        proposals: Sequence[Gaussians],
        chance: Chance,
        num_draws: int,
        before: Sequence[np.ndarray] = (),
    ) -> tuple[np.ndarray, np.ndarray]:
        """z for each draw and row, (num_draws, batch, latent_dim), and their effective number.

        Args:
            before: z and log p(x, z | y) of the draws from all proposals but the last; empty if
                nothing was drawn yet.
        """
        new = proposals[-1:] if before else proposals
        noise = [chance.latents(len(x), NUM_SAMPLES, self._latent_dim) for _ in new]
        z = np.concatenate([of.draw(part) for of, part in zip(new, noise, strict=True)], axis=1)
        z = z.astype("float32")
        log_joint = self._log_joint(x, y, z)
        if before:
            z = np.concatenate([before[0], z], axis=1)
            log_joint = np.concatenate([before[1], log_joint], axis=1)
        log_mixture = np.logaddexp.reduce([of.log_prob(z) for of in proposals])
        log_weights = log_joint - log_mixture
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        effective = 1 / (weights**2).sum(axis=1)
        chosen = z[np.arange(len(x)), _places(weights, chance, num_draws)]
        (few,) = np.nonzero(effective < ENOUGH)
        if len(few) and len(proposals) < MOST_PROPOSALS:
            # square roots, so that more draws have weight
            softer = np.sqrt(weights[few])
            softer /= softer.sum(axis=1, keepdims=True)
            more = [*(of[few] for of in proposals), Gaussians.of_weighted(z[few], softer)]
            chosen[:, few], effective[few] = self._styles(
                x[few], y[few], more, chance, num_draws, (z[few], log_joint[few])
            )
        return chosen, effective

    def _log_joint(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """(batch, num_samples) log p(x, z | y) of the known cells."""
        count = z.shape[1]
        pairs = {"x": np.repeat(x, count, axis=0), "y": np.repeat(y, count, axis=0)}
        pairs["z"] = z.reshape(-1, z.shape[2])
        log_joint = self._compute.ask("joint_log_prob", pairs)["log_prob"]
        return log_joint.reshape(len(x), count).astype("float64")

    def _cells(
        self, x: np.ndarray, y: np.ndarray, z: np.ndarray, chance: Chance, fill: bool
    ) -> np.ndarray:
        """x with its hidden cells drawn given z."""
        x, hidden = x.copy(), self.table.hidden(x)
        for _ in range(MOST_TRIES if fill else 1):
            (rows,) = np.nonzero(hidden.any(axis=1))
            if not len(rows):
                break
            noise = chance.pixels(len(rows), x.shape[1])
            if fill:
                # the least noise for the state "empty", so that the others have their relative odds
                noise[:, self.table.empty_states] = 0
            inputs = {"z": z[rows], "y": y[rows], "pixel_noise": noise}
            drawn = self._compute.ask("draw_pixels", inputs)["x_sample"]
            x[rows] = self.table.merge(x[rows], drawn, hidden[rows])
            hidden &= self.table.empty(x)  # drawn again if they must not be empty
        (rows,) = np.nonzero(hidden.any(axis=1)) if fill else ([],)
        if len(rows):
            drawn = self._not_empty(z[rows], y[rows], chance)
            x[rows] = self.table.merge(x[rows], drawn, hidden[rows])
        return x

    def _not_empty(self, z: np.ndarray, y: np.ndarray, chance: Chance) -> np.ndarray:
        """Rows without empty cells where these are all but certain: numbers are means."""
        mean = self._compute.ask("decode", {"z": z, "y": y})["x_mean"].astype("float64")
        mean[:, self.table.empty_states] = 0
        noise, x = chance.pixels(*mean.shape), np.zeros(mean.shape, "float32")
        for column, states, number in self.table.places():
            shares = mean[:, states].cumsum(axis=1)
            drawn = (shares <= noise[:, states.start, None] * shares[:, -1:]).sum(axis=1)
            drawn = np.where(drawn < column.num_states, drawn, 0)  # if all shares are 0
            x[np.arange(len(x)), states.start + drawn] = 1
            if column.has_place:
                x[:, number] = noise[:, number] - 0.5
            elif number is not None:
                share = mean[:, states.start + column.num_values]
                x[:, number] = mean[:, number] / np.where(share, share, 1.0)
                x[drawn != column.num_values, number] = 0
        return x


def _places(weights: np.ndarray, chance: Chance, num_draws: int) -> np.ndarray:
    """(num_draws, batch) indices into the weights, drawn with probabilities proportional to them.

    There is one draw from each of num_draws equal parts of the probability, in random order, so
    that together they are closer to the weights than independent draws.

    Source: Kitagawa 1996 (stratified resampling).
    """
    order = chance.pixels(len(weights), num_draws).argsort(axis=1)
    uniform = (order + chance.pixels(len(weights), num_draws)) / num_draws
    cumulated = weights.cumsum(axis=1)
    below = [(cumulated < place[:, None]).sum(axis=1) for place in uniform.T]
    return np.minimum(below, weights.shape[1] - 1)
