"""condvae explore."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, load_dataset, working

if TYPE_CHECKING:
    from condvae.explorer import Page


def explore(
    run: Annotated[Path, Parameter(name="RUN")],
    other: Annotated[Path | None, Parameter(name="OTHER")] = None,
    /,
    *,
    out: Path | None = None,
    points: int = 60_000,
    examples: int | None = None,
    images: int | None = None,
    unusual: Path | None = None,
    data: str | None = None,
    data_dir: DataDir = None,
    card: Annotated[bool, Parameter(negative="")] = False,
    url: str = "",
    no_open: Annotated[bool, Parameter(negative="")] = False,
    overwrite: Overwrite = False,
) -> int:
    """The model as one HTML file that runs in the browser: no server, no network.

    It can be sent, or put on a website. Whoever has it has the model, the encodings of training
    images with their labels and their numbers in the data set, and 1,000 of these images; --images
    0 leaves out the numbers, and all images except a few examples; --points 0 leaves out all data.
    For a table, it holds how often each value occurs, and no rows.

    Args:
        run: A run folder.
        other: A second one: both models side by side on one style, or on one drawing, their labels
            matched by name.
        out: The .html file to write. Default: explorer.html in the run folder, which is replaced;
            for an archive NAME.html beside it, or here if it comes from the hub; for two runs
            FIRST-and-SECOND.html here.
        points: Largest number of encodings of training images to show; of rows of a table to count.
        examples: Number of training images to include in the page as examples to start from, or of
            rows of a table, among which it then finds the nearest ones. Default: 24 images, and no
            rows.
        images: Number of training images that a click on their points shows. Default: 1,000, or as
            many large ones as take 1 MiB.
        unusual: A .csv, .tsv or .parquet file that `condvae score` or `condvae audit` has written
            of the training data; the page then shows the least plausible images and labels.
        card: Also write a picture beside the page, of the same name with .png, that previews of
            links to it show.
        url: The address that the page will have; the picture is then named by its whole address.
        data: The training data, if they are no longer found under the recorded name.
        no_open: Write the file without opening it in the browser.
    """
    from condvae.cli.lines import shares_told
    from condvae.explorer import Preview
    from condvae.export.page import explore as explore_run
    from condvae.runs import Run

    if other is not None:
        path = out or Path(f"{run.resolve().stem}-and-{other.resolve().stem}.html")
        check_suffix(check_new_path(path, overwrite), ".html")
        if card or url:
            raise InputError(
                "--card and --url are for one run", "two runs", "Save the card in the page."
            )
        with working("exploring"):
            page = _comparison(run, other, examples, data, data_dir)
            page.write(path)
        return _tell(path, page, no_open)
    opened = Run.open(run)
    # one from the hub is in a cache
    beside = run if run.exists() else Path(run.name)
    path = beside.with_suffix(".html") if opened.is_archive else run / "explorer.html"
    if out is not None or opened.is_archive:
        path = check_suffix(check_new_path(out or path, overwrite), ".html")
    picture = path.with_suffix(".png") if card or url else None
    # the page in the run folder is replaced together with its picture
    if picture is not None and path.parent != run:
        check_new_path(picture, overwrite)
    preview = None if picture is None else Preview(picture.name, url)
    with working("exploring", lines=True) as say:
        tell = shares_told(say)
        dataset = load_dataset(data, data_dir, opened.spec.data) if data else None
        settings = (points, examples, data_dir, tell, images, unusual, preview)
        page = explore_run(opened, dataset, *settings)
        page.write(path)
    return _tell(path, page, no_open)


def _comparison(
    first: Path, second: Path, examples: int | None, data: str | None, data_dir: Path | None
) -> "Page":
    """The page of two runs."""
    from condvae.explorer import NUM_EXAMPLES
    from condvae.export.comparison import compare
    from condvae.runs import Run

    runs = Run.open(first), Run.open(second)
    dataset = load_dataset(data, data_dir, runs[0].spec.data) if data else None
    count = NUM_EXAMPLES if examples is None else examples
    return compare(*runs, dataset, count, data_dir)


def _tell(path: Path, page: "Page", no_open: bool) -> int:
    """Report what was written, and open it."""
    print(f"{path}: {path.stat().st_size:,} bytes. {' '.join(page.notes)}")
    if not no_open:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return 0
