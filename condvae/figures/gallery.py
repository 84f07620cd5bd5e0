"""All figures of a model and its data by name, and their files."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.masks import masked_images
from condvae.data import Dataset, Split
from condvae.figures import curves, plots
from condvae.figures.bound import bound
from condvae.figures.effects import style
from condvae.figures.figure import Figure, add_to_caption, write_title
from condvae.figures.frames import label_frames, save_gif
from condvae.figures.predictions import predictions
from condvae.figures.titles import title_of
from condvae.files.atomic import atomic_path
from condvae.inference.handwriting import has_handwriting
from condvae.inference.trained import TrainedModel
from condvae.metrics.latent import by_activity, latent_activity

History = Mapping[str, Sequence[float]]

# Figures of one label each, and the number of labels that get one by default.
_PER_LABEL = {"manifold": 10, "traversal": 1}

# Number of training images whose encodings decide which latents are shown.
_ENCODED = 5_000
_SHOWN = 200_000  # points of a scatter, at most twice this number


def draw(
    model: TrainedModel,
    dataset: Dataset,
    history: History,
    names: Sequence[str] | None = None,
    given: Any = None,
    dpi: int = 110,
    titles: bool = True,
    **of_samples: Any,
) -> dict[str, Figure | np.ndarray]:
    """The named figures by the stems of their files; the same arguments give the same figures.

    Encodings are of training images; inputs and styles are of validation images. The test
    split is read only if the spec makes it the validation split, which the captions state.

    Args:
        model: trained on the data set.
        dataset: provides the training and validation splits.
        history: the columns of history.csv by name.
        names: names from FIGURES; None: the `telling` ones.
        given: one label or several, for manifold and traversal; None: the first ten for
            manifold, the first for traversal.
        dpi: dots per inch of the figures.
        titles: whether to write each figure's title above it.
        of_samples: `generate` and `how` of the figure samples.

    Returns:
        Figures ("manifold-3": one for each label), and for "labels" the frames of an animation.

    Raises:
        InputError: an unknown figure or label, or a figure that does not fit the model.
    """
    names = telling(model, dataset, history) if names is None else names
    for name in names:
        _check_fits(name, model)
    figures: dict[str, Figure | np.ndarray] = {}
    for name in names:
        function, arguments = _DRAWINGS[name]
        settings = arguments(model, dataset, history)
        if name == "samples" and "y" not in settings:
            settings |= of_samples
        if name in _PER_LABEL:
            for stem, label in _stems(name, model, given).items():
                figures[stem] = function(**{**settings, "given": label})
        else:
            figures[name] = function(**settings)
    words = titles_of(figures, model, given) if titles else {}
    for stem, figure in figures.items():
        if isinstance(figure, Figure):
            figure.set_dpi(dpi)
            _say_what_chose(figure, dataset)
            if titles:
                write_title(figure, title_of(*words[stem]))
    return figures


def titles_of(
    stems: Iterable[str], model: TrainedModel, given: Any = None
) -> dict[str, tuple[str, str, str]]:
    """Arguments of `title_of` for each figure from `draw`: its name, the kind, the label.

    Args:
        stems: stems of its files.
        given: as for `draw`.
    """
    leading = model.condition.leading
    kind = "image" if leading is None else leading.name
    labelled = {
        stem: (name, kind, label)
        for name in _PER_LABEL
        if model.condition.by_name is None and leading is not None
        for stem, label in _stems(name, model, given).items()
    }
    return {stem: labelled.get(stem, (stem, kind, "")) for stem in stems}


def draw_one(
    name: str, model: TrainedModel, dataset: Dataset, history: History, **settings: Any
) -> Figure | np.ndarray:
    """One figure as drawn by `draw`, for the first given label, with settings of its own.

    Args:
        name: a name from FIGURES.
        model: trained on the data set.
        dataset: provides the training and validation splits.
        history: the columns of history.csv by name.
        settings: arguments of the function that draws it ("labels": `label_frames`).

    Raises:
        InputError: an unknown figure, or one that does not fit the model.
    """
    function, arguments = _DRAWINGS[_check_fits(name, model)]
    figure = function(**{**arguments(model, dataset, history), **settings})
    if isinstance(figure, Figure):
        _say_what_chose(figure, dataset)
        leading = model.condition.leading
        write_title(figure, title_of(name, "image" if leading is None else leading.name))
    return figure


def telling(model: TrainedModel, dataset: Dataset, history: History) -> list[str]:
    """The figures that are informative.

    Excluded are the traversal of a plane, a history without epochs, the bound of a model of
    classes, and the style of anything but handwriting; for several conditions and tables, see
    `fitting`.
    """
    given_images = dataset.spec.task != "class"
    absent = {
        **{name: given_images for name in FIGURES if name != "history"},
        "predictions": not given_images,
        "bound": not (given_images and model.latent_dim),
        "samples": given_images or not model.latent_dim,
        "traversal": given_images or model.latent_dim <= 2,
        "style": not has_handwriting(model),
        "interpolation": given_images or len(dataset.validation.y) < 2,
        "history": not history.get("epoch"),
    }
    unasked = () if model.condition.by_name is None else ("bound", "labels")
    return [n for n in fitting(model) if not absent.get(n) and n not in unasked]


def fitting(model: TrainedModel) -> tuple[str, ...]:
    """The figures of a model with several conditions, or of tables; all for other models."""
    if model.condition.by_name is None:
        return FIGURES
    if model.table is not None:
        return ("history",)
    of_class = model.condition.leading is not None
    of_its_classes = ("scatter", "generate", "labels") if of_class else ()
    return ("samples", *of_its_classes, "reconstruct", "bound", "history")


def _check_fits(name: str, model: TrainedModel) -> str:
    """Return the name of a figure, if it exists and fits the model."""
    check_choice(name, FIGURES, "figure")
    if name not in (known := fitting(model)):
        what = "several conditions" if model.table is None else "a table"
        raise InputError(
            f"the figure {name!r} must have a run on images and one class",
            f"a run on {what} ({model.condition})",
            f"Draw one of {', '.join(known)}.",
        )
    return name


def _say_what_chose(figure: Figure, dataset: Dataset) -> None:
    """State in a figure's caption if the run has used the test images."""
    if dataset.spec.validation == "test":
        add_to_caption(figure, "The test images chose the epoch.")


def save(figures: Mapping[str, Figure | np.ndarray], out_dir: Path) -> list[Path]:
    """Write figures as PNG and frames as GIF, each complete or not at all; return the paths."""
    paths = []
    for stem, figure in figures.items():
        if isinstance(figure, np.ndarray):
            paths.append(save_gif(figure, Path(out_dir) / f"{stem}.gif"))
            continue
        paths.append(Path(out_dir) / f"{stem}.png")
        with atomic_path(paths[-1]) as fresh:
            figure.savefig(fresh, dpi=figure.dpi, bbox_inches="tight")  # else it ignores set_dpi
    return paths


def _samples(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `samples`: the conditions, unless they are a label."""
    if model.condition.leading is not None:
        return {"model": model}
    return {"model": model, "y": held_out_examples(model, dataset, plots.MOST_SAMPLES)["y"]}


def _scatter(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `scatter`: all training images, or as many as remain distinguishable."""
    train = dataset.train
    every = max(1, len(train.x) // _SHOWN)
    x, y = train.x[::every], train.y[::every]
    return {"model": model, "x": x, "y": y, "images": "training images"}


def _model_alone(model: TrainedModel, _: Dataset, __: History) -> dict[str, Any]:
    """Arguments of a figure that needs no data."""
    return {"model": model}


def _manifold(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `manifold`: the two most active latents, if there are more."""
    axes = None
    if model.latent_dim > 2:
        axes = by_activity(latent_activity(_training_mean(model, dataset.train)))[:2]
    return {"model": model, "given": model.classes.categories[0], "axes": axes}


def _traversal(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `traversal`: training encodings, which order the latents."""
    mean = _training_mean(model, dataset.train)
    return {"model": model, "given": model.classes.categories[0], "mean": mean}


def _reconstruct(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `reconstruct`: twenty validation images."""
    return held_out_examples(model, dataset, 20)


def _transfer(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `transfer`: five random styles, and those of five validation images."""
    z = model.sample_prior(model.classes.categories[0], 5)
    styles = "styles drawn from the prior (seed 0)"
    return {**held_out_examples(model, dataset, 5), "z": z, "styles": styles}


def _interpolation(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Up to five pairs of validation images, for digits: 0 to 5, 1 to 6, and so on."""
    examples = held_out_examples(model, dataset, min(10, len(dataset.validation.y) // 2 * 2))
    # alternately from the first and second half: the pairs of `interpolation`
    order = np.arange(len(examples["x"])).reshape(2, -1).T.ravel()
    return {**examples, "x": examples["x"][order], "y": examples["y"][order]}


def _style(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `style`: up to 500 validation images."""
    return held_out_examples(model, dataset, 500)


def _predictions(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `predictions`: ten validation images, parts of them given as in training."""
    examples = held_out_examples(model, dataset, 10)
    return {**examples, "pixel_classes": dataset.pixel_classes}


def _bound(model: TrainedModel, dataset: Dataset, _: History) -> dict[str, Any]:
    """Arguments of `bound`: up to 200 validation images, and a note on their data."""
    examples, note = held_out_examples(model, dataset, 200), f"Data: {_data(model, dataset)}."
    if dataset.spec.masks_parts:
        note = f"Data: {_data(model, dataset)}, a part of each given (densities of the rest)."
    return {**examples, "note": note}


def _history(model: TrainedModel, dataset: Dataset, history: History) -> dict[str, Any]:
    """Arguments of `history`: the curves, and a note on their data."""
    note = f"Data: {_data(model, dataset)}, validation on {_validation_images(dataset)}."
    return {"history": history, "note": note}


# The function that draws each figure, and its arguments for a model and its data.
_DRAWINGS: dict[str, tuple[Callable, Callable[[TrainedModel, Dataset, History], dict]]] = {
    "samples": (plots.samples, _samples),
    "scatter": (plots.scatter, _scatter),
    "generate": (plots.generate, _model_alone),
    "manifold": (plots.manifold, _manifold),
    "traversal": (plots.traversal, _traversal),
    "reconstruct": (plots.reconstruct, _reconstruct),
    "transfer": (plots.transfer, _transfer),
    "labels": (label_frames, _model_alone),
    "interpolation": (plots.interpolation, _interpolation),
    "style": (style, _style),
    "predictions": (predictions, _predictions),
    "bound": (bound, _bound),
    "history": (curves.history, _history),
}

FIGURES = tuple(_DRAWINGS)


def _training_mean(model: TrainedModel, train: Split) -> np.ndarray:
    """Posterior means of training images spread evenly over the split."""
    # every n-th, since the rows of a source may be sorted
    every = max(1, len(train.y) // _ENCODED)
    return model.encode(train.x[::every], train.y[::every])[0]


def held_out_examples(model: TrainedModel, dataset: Dataset, count: int) -> dict[str, Any]:
    """Validation images drawn at random, one of each class in turn."""
    split = dataset.validation
    order = np.random.default_rng(0).permutation(len(split.x))
    codes = dataset.codes[split.rows][order]
    turn = np.zeros_like(codes)
    for code in np.unique(codes):
        turn[codes == code] = np.arange((codes == code).sum())
    # all firsts of their classes, then all seconds, ...
    rows = order[np.lexsort((codes, turn))][:count]
    images = _validation_images(dataset)
    x, y = split.x[rows], split.y[rows]
    if dataset.spec.masks_parts:
        # one seed, so that figures of two runs hide the same pixels
        y = masked_images(x, dataset.spec, dataset.x_max, np.random.default_rng(0))
    return {"model": model, "x": x, "y": y, "images": images}


def _data(model: TrainedModel, dataset: Dataset) -> str:
    """Name of the data and kind of their pixels, for captions."""
    pixels = "dynamically binarised pixels" if model.keras_model.binarise else "grey pixels"
    kind = pixels if dataset.pixel_classes is None else "label maps"
    return f"{dataset.name or 'arrays'}, {kind}"


def _validation_images(dataset: Dataset) -> str:
    """Name of the validation split, for captions."""
    return "test images" if dataset.spec.validation == "test" else "held-out images"


def _stems(name: str, model: TrainedModel, given: Any) -> dict[str, str]:
    """The labels that get a figure, by the stem of its file."""
    categories = model.classes.categories
    codes = range(len(categories))[: _PER_LABEL[name]]
    if given is not None:
        codes = model.classes.codes(given)
    slugs = [re.sub(r"[^\w.-]+", "-", category) for category in categories]
    # names that a file system may treat as equal
    if len({slug.casefold() for slug in slugs}) < len(slugs):
        slugs = [str(code) for code in range(len(slugs))]
    return {f"{name}-{slugs[code]}": categories[code] for code in codes}
