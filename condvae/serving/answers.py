"""From checked requests to the bytes of their answers, in a worker."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import to_json

from condvae.checks import check_finite
from condvae.serving.functions import Asked
from condvae.serving.functions.function import Outputs


@dataclass(frozen=True)
class Job:
    """A request, and how to write its answer.

    Attributes:
        asked: the checked request.
        written: a function from its outputs to bytes.
    """

    asked: Asked
    written: Callable[[Asked, Outputs], bytes]


def answered(jobs: list[Job]) -> Sequence[bytes | Exception]:
    """The answers of jobs of one kind, computed together; for a job that fails, its exception.

    If the batch fails, each job is computed alone, so that none is affected by another.
    """
    try:
        outputs = jobs[0].asked.function.compute([job.asked for job in jobs])
        found, first = [], 0
        for job in jobs:
            part = slice(first, first + job.asked.rows)
            mine = {name: _finite(values[part], name) for name, values in outputs.items()}
            found.append(job.written(job.asked, mine))
            first = part.stop
    except Exception as error:
        if len(jobs) == 1:
            return [error]
        return [answer for job in jobs for answer in answered([job])]
    return found


def _finite(values: Any, name: str) -> Any:
    """Return values if they are finite, as JSON and pictures require."""
    return check_finite(values, name) if isinstance(values, np.ndarray) else values


def as_json(asked: Asked, outputs: Outputs) -> bytes:
    """Nested lists by name, or the rows of a table, with warnings about unseen conditions."""
    if asked.served.table is not None:
        cells = zip(*outputs.values(), strict=True)
        content: dict[str, Any] = {"rows": [dict(zip(outputs, row, strict=True)) for row in cells]}
    else:
        content = {name: array.tolist() for name, array in outputs.items()}
    return to_json(content | {"outside": asked.outside})


def as_npy(asked: Asked, outputs: Outputs) -> bytes:
    """(rows, height, width, channels) float32 in NumPy's format."""
    file = io.BytesIO()
    np.save(file, outputs[asked.function.image or ""], allow_pickle=False)
    return file.getvalue()


def as_png(asked: Asked, outputs: Outputs) -> bytes:
    """A sheet of all images, enlarged as by `condvae generate`."""
    from condvae.data.writers import save_sheet, to_uint8

    file = io.BytesIO()
    save_sheet(to_uint8(outputs[asked.function.image or ""]), file)
    return file.getvalue()
