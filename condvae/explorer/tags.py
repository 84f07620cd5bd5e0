"""What a page tells services that preview a link to it."""

from dataclasses import dataclass
from html import escape

from condvae.explorer.subject import Subject

MOST_NAMES = 5


@dataclass(frozen=True)
class Preview:
    """The preview picture of a page in a list or a message.

    Attributes:
        name: name of the file beside the page.
        address: future address of the page, since most preview services need the full one; empty:
            they get only the name.
    """

    name: str
    address: str = ""

    @property
    def image(self) -> str:
        """The address of the picture in the page."""
        if not self.address:
            return self.name
        folder, slash, _ = self.address.rpartition("/")
        return f"{folder}{slash}{self.name}"


def describe(subject: Subject) -> str:
    """A sentence or two about a model, for the page's description."""
    height, width, _ = subject.image_shape
    latents = f"{subject.latent_dim} latent{'' if subject.latent_dim == 1 else 's'}"
    return (
        f"Images of {width} × {height} pixels given {_given(subject)}, by a "
        f"conditional variational autoencoder of {latents}. It runs in the page."
    )


def summarise(subject: Subject) -> str:
    """The same in one line, of characters that every font has."""
    height, width, _ = subject.image_shape
    return f"given {_given(subject)}  -  {width} x {height} pixels  -  z of {subject.latent_dim}"


def _given(subject: Subject) -> str:
    """The condition, in words."""
    condition = subject.condition
    if condition.of_x:
        return "a part of each"
    if condition.is_image:
        return "another image"
    several = condition.by_name
    names = (condition.name,) if several is None else several.names
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def write_tags(title: str, description: str, preview: Preview | None = None) -> str:
    """The head elements with a page's name, description and picture."""
    found = [
        ("name", "description", description),
        ("property", "og:type", "website"),
        ("property", "og:title", title),
        ("property", "og:description", description),
        ("name", "twitter:card", "summary_large_image" if preview else "summary"),
    ]
    if preview:
        found.append(("property", "og:image", preview.image))
        if preview.address:
            found.append(("property", "og:url", preview.address))
    return "\n".join(
        f'<meta {kind}="{name}" content="{escape(content)}">' for kind, name, content in found
    )
