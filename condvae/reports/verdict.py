"""The results of an evaluation, one line for each question of a reader."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from condvae.evaluation.doctor import LEAST_KL, MOST_LEAKAGE
from condvae.reports.metrics_file import Metrics

# Beyond these thresholds, a line carries a warning. They mark what a reader should look at, not
# what is significant: held-out real images differ from real ones by far less.
MOST_FRECHET = 5.0  # times that of real images
LEAST_RECALL = 0.5  # of that of real images
LEAST_DETAIL = 0.5  # of that of real images
MOST_LABELS_MISSED = 0.1  # below real images
MOST_COLUMN_DISTANCE = 0.15
MOST_SCORE_LOST = 0.1  # below real rows
MOST_DETECTION = 0.9
MOST_MEMBERSHIP = 0.6
MOST_BROKEN = 0.05  # above real rows
MOST_COPIES = 0.01  # above real rows

AVERAGES = "class averages"
ARROWS = {True: "↓", False: "↑", None: " "}  # direction of better figures
LEGEND = (
    "↓ lower is better, ↑ higher is better, no arrow: neither; ± one standard error; z: the "
    "latents. Right: what real data, guessing or a simple model would get. !: notably bad, by the "
    "limits in docs/evaluation.md. Compare figures of one protocol only."
)

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """The answer to one question.

    Attributes:
        heading: the question in a word or two.
        text: the figure, with its standard error if there is one.
        unit: unit of the figure, and what it measures.
        beside: its comparison, mostly the same figure for real images or rows; may be empty.
        measure: title of the measure in metrics.json.
        value: the figure as a number.
        lower: whether lower is better; None if neither is.
        warning: what is notably bad, in about three words; empty if nothing is.
    """

    heading: str
    text: str
    unit: str
    beside: str
    measure: str
    value: float
    lower: bool | None = None
    warning: str = ""


def read_verdict(metrics: Metrics) -> list[Line]:
    """The lines of an evaluation, in the order of a reader's questions."""
    measures = metrics.measures
    return [
        replace(line, warning="") if metrics.too_few else line
        for title, read in _READERS
        if title in measures
        for line in read(measures[title], measures)
    ]


def _fit(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    loss, error = -found["elbo"], found["standard_error"]
    baselines = all_found.get("Baselines", {})
    known = {
        AVERAGES: baselines.get("class_mean_loss"),
        "Gaussian": baselines.get("gaussian_loss"),
    }
    known = {name: value for name, value in known.items() if value is not None}
    mean = baselines.get("class_mean_loss")
    beside = ", ".join(f"{name}: {value:.2f}" for name, value in known.items())
    warning = "worse than averages" if mean is not None and loss > mean + 2 * (error or 0) else ""
    unit = "nats (-ELBO)"
    if found.get("bits_per_dim") is not None:
        unit += f"; {found['bits_per_dim']:.3f} bits per dimension"
    yield Line("Fit", _pm(loss, error), unit, beside, "Bound", loss, True, warning)
    if found.get("elbo_of_cells") is not None:
        of_cells = -found["elbo_of_cells"]
        unit = "nats, in the units of the columns"
        yield Line("", f"{of_cells:.2f}", unit, "", "Bound", of_cells, True)


def _likelihood(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    loss, error = -found["log_prob_importance"], found["log_prob_importance_standard_error"]
    unit = f"nats (-log p(x | y), {found['num_samples']:,} draws)"
    yield Line("Likelihood", _pm(loss, error), unit, "", "Likelihood", loss, True)


def _latents(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    kl, active = all_found["Bound"]["kl_loss"], found["active_units"]
    yield Line(
        "Uses z",
        f"{active} of {found['latent_dim']}",
        f"latents active; KL {kl:.2f} nats in all",
        "",
        "Latents",
        active,
        warning="z is hardly used" if not active or kl < LEAST_KL else "",
    )
    if active and "balanced_accuracy" in found:
        told, chance = found["balanced_accuracy"], found["chance"]
        # a prior that depends on the label lets z predict it, and the KL has no such parts
        is_fault = "marginal_kl" in found and (told - chance) / (1 - chance) > MOST_LEAKAGE
        yield Line(
            "Leak",
            _percent(told, found["standard_error"]),
            "of labels guessed from z",
            f"chance: {chance:.1%}",
            "Latents",
            told,
            True,
            "z reveals labels" if is_fault else "",
        )


def _labels(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    accuracy, chance = found["bayes_accuracy"], all_found.get("Latents", {}).get("chance")
    yield Line(
        "Recognises",
        _percent(accuracy, _error_of_share(accuracy, found["bayes_num_images"])),
        "of test images, by Bayes' rule",
        f"chance: {chance:.1%}" if chance else "",
        "Labels",
        accuracy,
        False,
    )


def _samples(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    told, real = found["label_accuracy"], found["label_accuracy_of_real"]
    yield Line(
        "Obeys the label",
        _percent(told, _error_of_share(told, found["samples"])),
        f"of {found['samples']:,} samples, by a classifier",
        f"real images: {real:.1%}",
        "Samples",
        told,
        False,
        "misses the label" if told < real - MOST_LABELS_MISSED else "",
    )
    frechet, of_real = found["frechet"], found["frechet_of_real"]
    yield Line(
        "Realistic",
        f"{frechet:.1f}",
        "Fréchet distance",
        f"real images: {of_real:.1f}",
        "Samples",
        frechet,
        True,
        "far from real" if frechet > MOST_FRECHET * of_real else "",
    )
    recall, of_real = found["recall"], found["recall_of_real"]
    yield Line(
        "Varied",
        f"{recall:.2f}",
        "of real images like some sample (recall)",
        f"real images: {of_real:.2f}",
        "Samples",
        recall,
        False,
        "little variety" if recall < LEAST_RECALL * of_real else "",
    )
    closer = found["closer_than_held_out"]
    yield Line(
        "Copies",
        f"{closer:.1%}",
        "of samples very near a training image",
        "held-out images: 1.0%",
        "Samples",
        closer,
        True,
        "copies training images" if found["has_copies"] else "",
    )


def _detail(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    yield Line(
        "Sharp",
        _percent(found["detail"], found["detail_standard_error"]),
        "of a test image's fine detail, in samples",
        f"training images: {found['detail_of_real']:.0%}",
        "Detail",
        found["detail"],
        False,
        "blurred" if found["detail"] < LEAST_DETAIL * found["detail_of_real"] else "",
    )


def _style(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    moved = {f"z{axis['latent'] + 1}": axis["attribute"] for axis in found["axes"]}
    named = ", ".join(f"{latent} {name}" for latent, name in moved.items() if name)
    text = f"{sum(map(bool, moved.values()))} of {len(moved)}"
    some = "latents" if len(moved) == all_found["Latents"]["latent_dim"] else "leading latents"
    unit = f"{some} move one attribute{': ' * bool(named)}{named}"
    yield Line("Style", text, unit, "", "Style", sum(map(bool, moved.values())))


def _classifier(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    error = found["classification_error"]
    unit = f"of test images wrong, {found['num_labelled']:,} labels"
    text = _percent(error, found["classification_standard_error"])
    yield Line("Classifies", text, unit, "", "Classifier", error, True)


def _label_maps(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    for name, unit in (("pixel_accuracy", "of pixels right"), ("mean_iou", "mean IoU")):
        if (value := found.get(f"{name}_mean")) is not None:
            guess = found.get(f"{name}_guess")
            beside = "" if guess is None else f"baseline network: {guess:.1%}"
            heading = "Predicts" if name == "pixel_accuracy" else ""
            yield Line(heading, f"{value:.1%}", unit, beside, "Label maps", value, False)


def _accuracy_score(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    score, real = found["classification_accuracy_score"], found["classification_accuracy_of_real"]
    unit = "accuracy after training on samples"
    beside = f"real images: {real:.1%}"
    yield Line("Useful", f"{score:.1%}", unit, beside, "Accuracy score", score, False)


def _table(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    distance, real = found["marginal_distance"], found["marginal_distance_of_real"]
    yield Line(
        "Columns",
        f"{distance:.3f}",
        "mean distance (KS or TV)",
        f"real rows: {real:.3f}",
        "Table",
        distance,
        True,
        "columns differ" if distance > MOST_COLUMN_DISTANCE else "",
    )
    if "detection_auc" in found:
        auc, of_real = found["detection_auc"], found.get("detection_auc_of_real", 0.5)
        yield Line(
            "Realistic",
            _pm(auc, found["detection_auc_error"], 3),
            "AUC of real against generated",
            f"real rows: {of_real:.3f}",
            "Table",
            auc,
            True,
            "easily told apart" if auc > MOST_DETECTION else "",
        )
    recall, of_real = found["beta_recall"], found["beta_recall_of_real"]
    yield Line(
        "Varied",
        f"{recall:.2f}",
        "of real rows like some generated one (recall)",
        f"real rows: {of_real:.2f}",
        "Table",
        recall,
        False,
        "little variety" if recall < LEAST_RECALL * of_real else "",
    )


def _prediction(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    told = [target for target in found["targets"] if target not in found["untold"]]
    for target in told[:1]:
        of_target = [
            name.removesuffix("_of_real")
            for name in found
            if name.startswith(f"{target}_") and name.endswith("_of_real")
        ]
        of_target = [
            name for name in of_target if None not in (found[name], found[f"{name}_of_real"])
        ]
        if not of_target:
            continue
        # of several learners, the best one on real rows
        best = max(of_target, key=lambda name: found[f"{name}_of_real"])
        score, real = found[best], found[f"{best}_of_real"]
        yield Line(
            "Useful",
            _pm(score, found[f"{best}_difference_error"], 3),
            f"{best.rpartition('_')[2]} of {target}, trained on these",
            f"real rows: {real:.3f}",
            "Prediction",
            score,
            False,
            "teaches little" if score < real - MOST_SCORE_LOST else "",
        )


def _rules(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    kinds = {"stated": "stated", "functions": "functions_of_columns"}
    for kind, count in kinds.items():
        if found[count]:
            broken, real = found[f"broken_{kind}"], found[f"broken_{kind}_of_real"]
            what = "stated rule" if kind == "stated" else "function between columns"
            yield Line(
                "Rules",
                f"{broken:.2%}",
                f"of rows break a {what}",
                f"real rows: {real:.2%}",
                "Rules",
                broken,
                True,
                "breaks rules" if broken > real + MOST_BROKEN else "",
            )


def _privacy(found: Figures, all_found: Mapping[str, Figures]) -> Iterator[Line]:
    copies, real = found["copies"], found["copies_of_real"]
    yield Line(
        "Copies",
        f"{copies:.2%}",
        "of generated rows are training rows",
        f"real rows: {real:.2%}",
        "Privacy",
        copies,
        True,
        "copies training rows" if copies > real + MOST_COPIES else "",
    )
    auc, error = found["membership_auc"], found["membership_auc_error"]
    is_told = auc > MOST_MEMBERSHIP and auc > 0.5 + 2 * (error or 0)
    yield Line(
        "Privacy",
        _pm(auc, error, 3),
        "AUC of guessing the training rows",
        "chance: 0.500",
        "Privacy",
        auc,
        True,
        "reveals training rows" if is_told else "",
    )


# in the order of the lines
_READERS: tuple[tuple[str, Callable[[Figures, Mapping[str, Figures]], Iterator[Line]]], ...] = (
    ("Bound", _fit),
    ("Likelihood", _likelihood),
    ("Label maps", _label_maps),
    ("Classifier", _classifier),
    ("Labels", _labels),
    ("Samples", _samples),
    ("Detail", _detail),
    ("Accuracy score", _accuracy_score),
    ("Table", _table),
    ("Prediction", _prediction),
    ("Rules", _rules),
    ("Privacy", _privacy),
    ("Latents", _latents),
    ("Style", _style),
)


def verdict_block(metrics: Metrics) -> list[tuple[str, bool]]:
    """Aligned lines, and whether each carries a warning.

    Heading, figure, an arrow to where better figures are, unit, comparison, warning.
    """
    lines = read_verdict(metrics)
    rows = [
        (line.heading, line.text, f"{ARROWS[line.lower]} {line.unit}", line.beside)
        for line in lines
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (
            "  ".join(
                [
                    row[0].ljust(widths[0]),
                    row[1].rjust(widths[1]),
                    *(cell.ljust(width) for cell, width in zip(row[2:], widths[2:], strict=True)),
                    f"! {line.warning}" if line.warning else "",
                ]
            ).rstrip(),
            bool(line.warning),
        )
        for row, line in zip(rows, lines, strict=True)
    ]


def _pm(value: float, error: float | None, digits: int = 2) -> str:
    """A figure and its standard error, which is None if there are too few rows for one."""
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _percent(value: float, error: float) -> str:
    """A share and its standard error."""
    return f"{value:.1%} ± {error:.1%}"


def _error_of_share(share: float, count: int) -> float:
    """Standard error of a share of this many."""
    return (share * (1 - share) / count) ** 0.5
