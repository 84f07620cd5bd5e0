"""metrics.json: all measured numbers of a run, and how often the test split was read."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from condvae.checks import InputError
from condvae.files.atomic import write_text
from condvae.files.frozen import Frozen

METRICS_NAME = "metrics.json"


class Metrics(Frozen):
    """The content of metrics.json.

    Attributes:
        condvae: version that measured.
        run: the run's name.
        test_readings: number of evaluations that have read the test split, including this one.
        measures: title -> name -> number or text; None for non-finite numbers.
        faults: the doctor's findings, as sentences.
        summary: what was measured: latents, epochs, images.
        too_few: whether the test images are too few to mark figures as notably bad.
    """

    condvae: str
    run: str
    test_readings: int
    measures: dict[str, dict[str, Any]]
    faults: tuple[str, ...] = ()
    summary: str = ""
    too_few: bool = False


def plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures as JSON values: non-finite numbers become None."""
    return {name: _plain(value) for name, value in figures.items()}


def _plain(value: Any) -> Any:
    """One figure, or a collection of figures, as a JSON value."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    # NumPy's numbers are not JSON values
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_metrics(path: Path, metrics: Metrics) -> None:
    """Write the file, complete or not at all."""
    text = json.dumps(metrics.model_dump(mode="json"), indent=2, allow_nan=False)
    write_text(path, text + "\n")


def read_metrics(path: Path) -> Metrics | None:
    """The file's content; None if there is no file.

    Raises:
        InputError: it is not such a file.
    """
    if not path.exists():
        return None
    try:
        return Metrics.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path} must be what `condvae evaluate` wrote",
            error.errors()[0]["msg"],
            "Remove it; the next evaluation writes it again.",
        ) from None
