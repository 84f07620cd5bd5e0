"""condvae plot."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path
from condvae.cli.arguments import (
    DataDir,
    data_of_run,
    working,
)


def plot(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *names: Annotated[str, Parameter(name="FIGURE")],
    given: Annotated[list[str] | None, Parameter(negative="")] = None,
    out: Path | None = None,
    data: str | None = None,
    data_dir: DataDir = None,
) -> int:
    """Draw figures: all, or some of samples, scatter, generate, manifold, traversal, reconstruct,
    transfer, labels, interpolation, style, predictions, bound, history.

    Args:
        run: A run folder.
        names: The figures to draw; all by default.
        given: Labels for manifold and traversal.
        out: The folder to write to. Default: RUN/figures, or NAME-figures for an archive.
        data: The training data, if they are no longer found under the recorded name.
    """
    from condvae.evaluation import Drawing, Trial
    from condvae.figures import gallery
    from condvae.runs import Run

    opened = Run.open(run)
    chosen = None if not names or "all" in names else list(names)
    labels = [opened.record.classes.given(text) for text in given] if given else None
    folder = out or (Path(f"{run.stem}-figures") if opened.is_archive else run / "figures")
    check_new_path(folder / "figure.png", overwrite=True)
    with working("drawing"):
        dataset = opened.check_data(data_of_run(opened, data, data_dir))
        trial = Trial.of(opened, dataset, Drawing.of(opened, dataset))
        shown = (trial.model, dataset, opened.history, chosen, labels)
        figures = gallery.draw(*shown, **trial.of_samples)
        paths = gallery.save(figures, folder)
    print(*paths, sep="\n")
    return 0
