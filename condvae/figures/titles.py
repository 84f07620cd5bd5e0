"""What figures are called in words."""

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
        name: of the figure, as commands have it.
        kind: what the labels are, such as "digit".
        label: whose figure it is, if it is of one.
    """
    title = _TITLES[name].format(kind=kind)
    return f"{title}: {kind} {label}" if label else title
