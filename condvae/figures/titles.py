"""Titles of figures."""

_TITLES = {
    "samples": "Random samples",
    "scatter": "Latent plane",
    "generate": "Average {kind}",
    "manifold": "Images over the latent plane",
    "traversal": "One latent at a time",
    "reconstruct": "Reconstructions",
    "transfer": "One style under every label",
    "labels": "From label to label",
    "interpolation": "From image to image",
    "style": "What each latent does to handwriting",
    "predictions": "Predictions",
    "bound": "Bounds on log p(x | y)",
    "history": "Learning curves",
    "closest": "Nearest training images",
}


def title_of(name: str, kind: str, label: str = "") -> str:
    """The title of a figure.

    Args:
        name: name of the figure in commands.
        kind: kind of the labels, such as "digit".
        label: label of the figure, if it has one.
    """
    title = _TITLES[name].format(kind=kind)
    return f"{title}: {kind} {label}" if label else title
