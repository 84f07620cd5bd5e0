"""Two models side by side in one page, with one style or one drawing."""

from collections.abc import Sequence
from dataclasses import replace

from condvae.checks import InputError
from condvae.explorer.page import Page, render
from condvae.explorer.payload import pack, page_content
from condvae.explorer.shown import Shown
from condvae.explorer.subject import Subject
from condvae.explorer.tags import write_tags
from condvae.explorer.weights import shrink_weights

NAMES = 3  # in an error message


def make_comparison(
    subjects: tuple[Subject, Subject],
    shown: tuple[Shown | None, ...],
    faults: tuple[Sequence[str], ...] = ((), ()),
) -> Page:
    """The page of two models.

    Args:
        subjects: models of images, each given a class; some class names are in both. Images of
            another shape than the first model's are scaled for the second one.
        shown: the data of each; the page holds the first one's example images, and of the others'
            encodings only the activity of the latents.
        faults: the doctor's findings on each, in sentences.

    Raises:
        InputError: models that cannot be compared.
    """
    labels = _common_labels(subjects)
    if subjects[0].name == subjects[1].name:
        first, second = subjects
        subjects = replace(first, name=f"{first.name} 1"), replace(second, name=f"{second.name} 2")
    packed, notes = [], []
    for place, (subject, data, found) in enumerate(zip(subjects, shown, faults, strict=True)):
        subject = subject.narrowed()
        header, arrays = page_content(subject, shrink_weights(subject), data, faults=found)
        header["points"] = None
        if place:
            header["examples"] = None
        kept = ("tensor:", "scale:") if place else ("tensor:", "scale:", "examples")
        arrays = {name: array for name, array in arrays.items() if name.startswith(kept)}
        packed.append(pack(header, arrays))
    count = 0 if shown[0] is None else len(shown[0].images)
    notes.append(f"{len(labels)} labels in common. With {count} images of the data.")
    title = " and ".join(subject.name for subject in subjects)
    words = f"Two conditional variational autoencoders side by side: {title}. They run in the page."
    text = render(title, "\n".join(packed), write_tags(title, words), "compare", "compare_main")
    return Page(text, tuple(notes))


def _common_labels(subjects: tuple[Subject, Subject]) -> tuple[str, ...]:
    """The names of labels that both models know.

    Raises:
        InputError: there are none, or a model is given no classes.
    """
    found = [subject.condition.leading for subject in subjects]
    if found[0] is None or found[1] is None:
        raise InputError(
            "models side by side must be given classes",
            " and ".join(str(subject.condition) for subject in subjects),
            "Explore them one by one.",
        )
    first, second = (leading.categories for leading in found if leading is not None)
    common = tuple(name for name in first if name in second)
    if not common:
        names = (", ".join(categories[:NAMES]) for categories in (first, second))
        raise InputError(
            "models side by side must have names of labels in common",
            " and ".join(f"{some}, …" for some in names),
            "Explore them one by one.",
        )
    return common
