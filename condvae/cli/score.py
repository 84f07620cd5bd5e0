"""condvae score."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from condvae.checks import check_at_least, check_new_path
from condvae.cli.arguments import DataDir, Overwrite, load_dataset, working

if TYPE_CHECKING:
    import numpy as np

    from condvae.runs import Run


def score(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: Path,
    num_samples: int = 50,
    seed: int = 0,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """log p(x | y), log p(x) and the most probable label of every row, as a table.

    Args:
        run: A run folder, on images of classes.
        source: A set's name or a path; also images without labels: an .npz of x alone, or a
            folder of image files.
        out: The .csv, .tsv or .parquet to write.
        num_samples: Draws of z for each image and each label that may be the best.
        seed: Of these draws.
    """
    from condvae.data.writing import check_written, write_table
    from condvae.evaluation.scores import score_rows
    from condvae.runs import Run

    check_written(check_new_path(out, overwrite))
    check_at_least(num_samples, 1, "--num-samples")
    opened = Run.open(run)
    x, labels = images_of(opened, source, data_dir)
    with working("scoring"):
        scores = score_rows(opened.by_keras, x, labels, num_samples, seed)
    write_table(out, scores.columns(), {"row"})
    print(f"{out}: {len(x):,} rows; nats, importance sampling, {num_samples} draws of z")
    return 0


def images_of(
    run: "Run", source: str, data_dir: Path | None
) -> tuple["np.ndarray", "np.ndarray | None"]:
    """x of all rows as the run's model takes it, and their labels where there are some."""
    from condvae.data.unlabelled import read_unlabelled

    run.record.classes  # noqa: B018 - refuses a run that is given no class
    preprocessing = run.record.preprocessing
    height, width, channels = preprocessing.image_shape
    x = read_unlabelled(Path(source), (height, width, channels), run.spec.data)
    if x is not None:
        return x, None
    dataset = load_dataset(source, data_dir, run.spec.data)
    if dataset.x_max != preprocessing.x_max:
        return (dataset.x / dataset.x_max).astype("float32"), dataset.y
    return dataset.x, dataset.y
