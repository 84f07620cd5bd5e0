"""The verdict in a sentence, and advice for each of its lines that carries a warning."""

from condvae.reports.metrics_file import Metrics
from condvae.reports.verdict import read_verdict

_WEIGHTS = "train for fewer epochs, on more rows, or with a larger --weight-decay"
ADVICE = {  # the most important first, as a reader is told them
    "worse than averages": "train longer (--epochs), with --beta 1, or a lower --learning-rate",
    "z is hardly used": "lower --beta, or let it rise slowly (--beta-warmup 0.2)",
    "z reveals labels": "raise --beta, lower --latent-dim, or use --prior conditional",
    "copies training images": "train for fewer epochs, on more images, or with a larger "
    "--weight-decay",
    "copies training rows": _WEIGHTS,
    "reveals training rows": f"{_WEIGHTS}, before you publish rows",
    "misses the label": "train longer (--epochs), or with fewer latents (--latent-dim)",
    "breaks rules": "state the rule (--rule), and every generated row keeps it",
    "blurred": "more latents (--latent-dim), --architecture convolutional, or a lower --beta",
    "little variety": "more latents (--latent-dim) where all are active, else a lower --beta",
    "columns differ": "`evaluate --verbose` names the worst columns; `condvae data info` says how "
    "each was understood",
    "teaches little": "name the column that matters as a condition (--condition COLUMN)",
    "far from real": "more latents (--latent-dim), larger networks (--hidden-dims 512,512), "
    "more epochs",
    "easily told apart": "larger networks (--hidden-dims 512,512), or more epochs",
}
SUMS = ("far from real", "easily told apart")  # each of the other faults leads to these
# More latents do not help a model of many, whose prior leaves them nearly independent.
MANY_LATENTS = 32
_BETTER_DRAWS = (
    "`condvae generate --prior encodings`, with --texture for photographs (`evaluate` takes both)"
)
OF_MANY = {
    "misses the label": "`condvae generate --prior encodings` or --guidance 2; fewer latents",
    "far from real": _BETTER_DRAWS,
    "little variety": _BETTER_DRAWS,
    "blurred": _BETTER_DRAWS,
}


def advice_lines(metrics: Metrics) -> list[str]:
    """A line for each remedy of what the verdict marks; none if the doctor has found the cause."""
    latents, samples = (metrics.measures.get(title, {}) for title in ("Latents", "Samples"))
    advice = ADVICE
    if latents.get("latent_dim", 0) >= MANY_LATENTS:
        # which samples that were drawn in another way have already followed
        better = dict.fromkeys(OF_MANY, "") if samples.get("samples_drawn") else OF_MANY
        advice = ADVICE | better
    remedies: dict[str, list[str]] = {}
    for name in [] if metrics.faults else _warnings(metrics):
        remedies.setdefault(advice[name], []).append(name)
    remedies.pop("", None)
    found = [f"  {', '.join(names)}: {remedy}" for remedy, names in remedies.items()]
    return ["What to try:", *found] if found else []


def whole_of(metrics: Metrics) -> str:
    """A sentence for a run without faults, which names what is marked."""
    warnings = _warnings(metrics)
    if not warnings:
        return "The doctor found no fault, and no figure is notably bad."
    told, sums = ([name for name in warnings if (name in SUMS) == of] for of in (False, True))
    words = ", ".join(told) + ", and therefore " * bool(told and sums) + ", ".join(sums)
    order = ", the most important first" * (len(warnings) > 1)
    return f"The doctor found no fault in the training. Notably bad{order}: {words}."


def _warnings(metrics: Metrics) -> list[str]:
    """What the verdict marks, the most important first."""
    found = {line.warning for line in read_verdict(metrics)}
    return [name for name in ADVICE if name in found]
