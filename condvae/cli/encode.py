"""condvae encode."""

from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, counted, load_dataset, working

if TYPE_CHECKING:
    from condvae.conditions import Condition
    from condvae.runs import Run


def encode(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: Path,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """The posterior of every image: an .npz with mean, logvar and y, in the data's order.

    Args:
        run: A run folder.
        source: A set's name or a path.
        out: The .npz to write.
    """
    from condvae.data.array_files import write_blocks
    from condvae.runs import Run

    check_suffix(check_new_path(out, overwrite), ".npz")
    opened = Run.open(run)
    if opened.record.condition.of_x:
        raise InputError(
            "encode needs a run that is given classes or whole images",
            f"{run}, which is given parts of images",
            "Use condvae.load(RUN).encode from Python.",
        )
    condition = opened.record.condition
    with working("encoding") as say:
        pairs, count, unit = _rows_to_encode(opened, source, data_dir)
        for_model, for_file = tee(pairs)
        posteriors = opened.model.encode_blocks(for_model)
        labels = counted((_text(y, condition) for _, y in for_file), count, say)
        arrays = (
            {"mean": mean, "logvar": logvar, "y": y}
            for (mean, logvar), y in zip(posteriors, labels, strict=True)
        )
        write_blocks(out, count, arrays)
    latents = opened.spec.model.latent_dim
    print(f"{out}: mean and logvar of {count:,} {unit}, {latents} latents")
    return 0


def _rows_to_encode(
    run: "Run", source: str, data_dir: Path | None
) -> tuple[Iterator[tuple[Any, Any]], int, str]:
    """Blocks of x and y as the run's model takes them, how many rows, and what they are called."""
    import numpy as np

    from condvae.blocks import slices
    from condvae.data.npz_rows import open_rows

    condition, x_max = run.record.condition, run.record.preprocessing.x_max

    def scaled(x: Any, white: int) -> Any:
        """Binary pixels for a grey model, or the like."""
        return x if white == x_max or x.dtype.kind == "f" else x / np.float32(white)

    path, data = Path(source), run.spec.data
    as_stored = data.channels == "last" and data.x_range is None and path.suffix.lower() == ".npz"
    if condition.classes is not None and path.is_file() and as_stored:
        rows = open_rows(path)
        if rows is not None:
            white = rows.x_max
            return ((scaled(x, white), y) for x, y in rows.blocks()), rows.num_rows, "images"
    dataset = load_dataset(source, data_dir, run.spec.data)
    count, y = len(dataset.x), dataset.y
    parts = slices(count)
    if (several := condition.by_name) is not None:
        # by the run's scales, not those of these data; a class that is never missing has none
        raw = dataset.raw or {dataset.condition.name: dataset.y}
        y = run.model.encode_condition({name: raw[name] for name in several.names if name in raw})
        y = np.repeat(y, count, axis=0) if len(y) == 1 else y
        if dataset.table is not None:
            columns = ({name: values[part] for name, values in raw.items()} for part in parts)
            return zip(columns, (y[part] for part in slices(count)), strict=True), count, "rows"
    pairs = ((scaled(dataset.x[part], dataset.x_max), y[part]) for part in parts)
    return pairs, count, dataset.unit


def _text(y: Any, condition: "Condition") -> Any:
    """Labels as text, of one width in all blocks; other conditions as they are."""
    if (classes := condition.classes) is None:
        return y
    width = max(map(len, (*classes.categories, str(classes.num_classes))))
    return y.astype(f"U{width}")
