"""condvae explore."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, load_dataset, working


def explore(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    out: Path | None = None,
    points: int = 60_000,
    examples: int = 24,
    images: int | None = None,
    unusual: Path | None = None,
    data: str | None = None,
    data_dir: DataDir = None,
    no_open: Annotated[bool, Parameter(negative="")] = False,
    overwrite: Overwrite = False,
) -> int:
    """The model as one HTML file that runs in the browser: no server, no network.

    It can be sent, or put on a website. Whoever has it has the model, the encodings of training
    images with their labels, their numbers in the data set, and 1,000 of these images; --images 0
    leaves numbers and images out but for a few examples, --points 0 all data.

    Args:
        run: A run folder.
        out: The .html file to write. Default: explorer.html in the run folder, which is replaced;
            for an archive NAME.html beside it, or here if it comes from the hub.
        points: Largest number of encodings of training images to show.
        examples: Number of training images to include in the page as examples to start from.
        images: Number of training images that a click on their points shows. Default: 1,000, or as
            many large ones as take 1 MiB.
        unusual: A .csv, .tsv or .parquet file that `condvae score` or `condvae audit` has written
            of the training data; the page then shows the least plausible images and labels.
        data: The training data, if they are no longer found under the recorded name.
        no_open: Write the file without opening it in the browser.
    """
    from condvae.export.page import explore as explore_run
    from condvae.runs import Run

    opened = Run.open(run)
    # one from the hub lies in a cache
    beside = run if run.exists() else Path(run.name)
    path = beside.with_suffix(".html") if opened.is_archive else run / "explorer.html"
    if out is not None or opened.is_archive:
        path = check_suffix(check_new_path(out or path, overwrite), ".html")
    with working("exploring", lines=True) as say:
        tell = lambda share, part: say(f"{share:.0%} {part}")  # noqa: E731
        dataset = load_dataset(data, data_dir, opened.spec.data) if data else None
        page = explore_run(opened, dataset, points, examples, data_dir, tell, images, unusual)
        page.write(path)
    print(f"{path}: {path.stat().st_size:,} bytes. {' '.join(page.notes)}")
    if not no_open:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return 0
