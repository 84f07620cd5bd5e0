"""New rows of a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import is_missing
from condvae.serving.functions.function import (
    Asked,
    Body,
    Count,
    Function,
    Outputs,
    Seed,
    check_rows,
)

if TYPE_CHECKING:
    from condvae.serving.served import Served


class GenerateRowsBody(Body):
    """The arguments of `TrainedModel.generate`, for tables."""

    given: dict[str, Any] | None = None
    num_samples: Count = 1
    seed: Seed = 0


class GenerateRows(Function):
    """See `TrainedModel.generate`.

    Rows are redrawn until they satisfy the table's rules, so that each request is computed alone.
    """

    name, says, body = "generate", "New rows of the table.", GenerateRowsBody
    needs, arrays = frozenset({"draw_prior", "decode", "draw_pixels"}), ()

    def fits(self, served: "Served") -> bool:
        """Whether the function is available for the run."""
        return served.table is not None and self.needs <= set(served.engine.names)

    def checked(self, served: "Served", body: GenerateRowsBody) -> Asked:
        """The request, checked against the model; see `Function.asked`."""
        rows, several = check_rows(served, body.num_samples), served.condition.by_name
        if several is None:
            raise TypeError("a run on a table has conditions by name")
        if body.given is None:
            # the first condition with the frequencies of the data, as in `condvae generate`
            known, places = served.run.first_conditions()
            drawn = np.random.default_rng(body.seed).integers(len(places), size=rows)
            given, outside = np.asarray(known[places[drawn]]), []
        else:
            given, outside = several.encode_rows(body.given, rows), several.outside(body.given)
        if len(given) != rows:
            raise InputError(
                f"given must be one for all of {rows} rows, or one per row",
                f"{len(given)} conditions",
                "Pass one, or one for each row.",
            )
        # a unique kind, so that the request is computed alone
        return Asked(served, self, rows, object(), {"y": given}, body, outside)

    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """Columns by name, with None for empty cells."""
        (only,) = asked
        served = only.served
        columns: Any = served.model.generate(only.arrays["y"], seed=only.body.seed)
        return {name: _cells(values) for name, values in columns.items()}

    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """One cell for each column; the types are those of the table."""
        table = served.table
        return {} if table is None else dict.fromkeys(table.order, ())


def _cells(values: np.ndarray) -> list[Any]:
    """A column's cells as JSON values."""
    missing = is_missing(values)
    if values.dtype.kind == "f" and (values[~missing] == np.rint(values[~missing])).all():
        # floats only because of NaN, or of the network
        values = values.astype(object)
        values[~missing] = [int(value) for value in values[~missing]]
    return [None if empty else value for value, empty in zip(values.tolist(), missing, strict=True)]
