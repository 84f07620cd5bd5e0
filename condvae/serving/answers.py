"""From checked requests to the bytes of their answers, by a worker."""

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
    """A request, and what its answer is to be made of.

    Attributes:
        asked: what was asked.
        written: from its outputs to bytes.
    """

    asked: Asked
    written: Callable[[Asked, Outputs], bytes]


def answered(jobs: list[Job]) -> Sequence[bytes | Exception]:
    """The answers of jobs of one kind, computed together; of what fails its exception.

    Where they fail together each is computed alone, so that none suffers from another.
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
    """Return values; numbers that are none have no place in JSON, or in a picture."""
    return check_finite(values, name) if isinstance(values, np.ndarray) else values


def as_json(asked: Asked, outputs: Outputs) -> bytes:
    """Nested lists by name, or the rows of a table; what no training row had is said."""
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
    """One sheet of all images, enlarged as `condvae generate` does."""
    from condvae.data.writers import save_sheet, to_uint8

    file = io.BytesIO()
    save_sheet(to_uint8(outputs[asked.function.image or ""]), file)
    return file.getvalue()
