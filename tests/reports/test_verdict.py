"""The verdict: a line for each question, and a warning where a figure is notably bad."""

import pytest

from condvae.reports import Report
from condvae.reports.advice import ADVICE, advice_lines, whole_of
from condvae.reports.metrics_file import Metrics
from condvae.reports.protocols import protocol_lines
from condvae.reports.verdict import read_verdict, verdict_block

BOUND = {
    "elbo": -21.1,
    "kl_loss": 0.9,
    "standard_error": 0.2,
    "bits_per_dim": None,
    "elbo_of_cells": None,
    "comparability": "digits, test split; ELBO; nats per image",
}
BASELINES = {
    "class_mean_loss": 22.1,
    "gaussian_loss": None,
    "baseline_comparability": "digits, test split; exact; nats per image",
}
LATENTS = {
    "latent_dim": 2,
    "active_units": 2,
    "marginal_kl": 0.02,
    "balanced_accuracy": 0.11,
    "standard_error": 0.01,
    "chance": 0.1,
}
SAMPLES = {
    "label_accuracy": 0.95,
    "label_accuracy_of_real": 0.99,
    "samples": 4000,
    "frechet": 24.0,
    "frechet_of_real": 16.0,
    "recall": 0.5,
    "recall_of_real": 0.9,
    "closer_than_held_out": 0.01,
    "has_copies": False,
    "samples_comparability": "digits, test split; expected pixels",
}
DETAIL = {"detail": 0.6, "detail_standard_error": 0.02, "detail_of_real": 1.0}
TABLE = {
    "marginal_distance": 0.04,
    "marginal_distance_of_real": 0.01,
    "detection_auc": 0.8,
    "detection_auc_error": 0.01,
    "detection_auc_of_real": 0.5,
    "beta_recall": 0.5,
    "beta_recall_of_real": 0.9,
}
PREDICTION = {
    "targets": ["id", "income"],
    "untold": ["id"],
    **{f"income_logistic_f1{end}": value for end, value in (("", 0.6), ("_of_real", 0.65))},
    **{f"income_forest_f1{end}": value for end, value in (("", 0.61), ("_of_real", 0.7))},
    "income_logistic_f1_difference_error": 0.01,
    "income_forest_f1_difference_error": 0.02,
}
RULES = {
    "stated": 0,
    "broken_stated": 0.0,
    "broken_stated_of_real": 0.0,
    "functions_of_columns": 2,
    "broken_functions": 0.01,
    "broken_functions_of_real": 0.0,
}
PRIVACY = {
    "copies": 0.01,
    "copies_of_real": 0.01,
    "membership_auc": 0.51,
    "membership_auc_error": 0.01,
}
IMAGES = {
    "Bound": BOUND,
    "Baselines": BASELINES,
    "Latents": LATENTS,
    "Samples": SAMPLES,
    "Detail": DETAIL,
}
ROWS = {"Bound": BOUND, "Table": TABLE, "Prediction": PREDICTION, "Rules": RULES}
ROWS["Privacy"] = PRIVACY

BAD = [
    (IMAGES, "Bound", {"elbo": -22.6}, "Fit", "worse than averages"),
    (IMAGES, "Bound", {"kl_loss": 0.05}, "Uses z", "z is hardly used"),
    (IMAGES, "Latents", {"active_units": 0}, "Uses z", "z is hardly used"),
    (IMAGES, "Latents", {"balanced_accuracy": 0.6}, "Leak", "z reveals labels"),
    (IMAGES, "Samples", {"label_accuracy": 0.88}, "Obeys the label", "misses the label"),
    (IMAGES, "Samples", {"frechet": 81.0}, "Realistic", "far from real"),
    (IMAGES, "Detail", {"detail": 0.49}, "Sharp", "blurred"),
    (IMAGES, "Samples", {"recall": 0.44}, "Varied", "little variety"),
    (IMAGES, "Samples", {"has_copies": True}, "Copies", "copies training images"),
    (ROWS, "Table", {"marginal_distance": 0.16}, "Columns", "columns differ"),
    (ROWS, "Table", {"detection_auc": 0.95}, "Realistic", "easily told apart"),
    (ROWS, "Table", {"beta_recall": 0.4}, "Varied", "little variety"),
    (ROWS, "Prediction", {"income_forest_f1": 0.59}, "Useful", "teaches little"),
    (ROWS, "Rules", {"broken_functions": 0.06}, "Rules", "breaks rules"),
    (ROWS, "Privacy", {"copies": 0.021}, "Copies", "copies training rows"),
    (ROWS, "Privacy", {"membership_auc": 0.61}, "Privacy", "reveals training rows"),
]


def metrics_of(measures, **settings):
    return Metrics(condvae="0.1.0", run="r", test_readings=1, measures=measures, **settings)


def warnings_of(measures):
    return {line.heading: line.warning for line in read_verdict(metrics_of(measures))}


@pytest.mark.parametrize("measures", [IMAGES, ROWS], ids=["images", "rows"])
def test_a_good_model_has_no_warning(measures):
    found = warnings_of(measures)
    assert set(found.values()) == {""}
    assert len(found) > 5


@pytest.mark.parametrize(("measures", "title", "changes", "heading", "warning"), BAD)
def test_a_bad_figure_is_marked_and_no_other(measures, title, changes, heading, warning):
    found = warnings_of({**measures, title: {**measures[title], **changes}})
    assert {name: text for name, text in found.items() if text} == {heading: warning}


def test_z_may_tell_the_label_under_a_prior_that_knows_it():
    latents = {key: value for key, value in LATENTS.items() if key != "marginal_kl"}
    assert not warnings_of({**IMAGES, "Latents": {**latents, "balanced_accuracy": 0.9}})["Leak"]


def test_of_targets_and_learners_the_first_told_and_the_best_on_real_rows_is_shown():
    (useful,) = [one for one in read_verdict(metrics_of(ROWS)) if one.heading == "Useful"]
    assert (useful.text, useful.beside) == ("0.610 ± 0.020", "real rows: 0.700")
    assert useful.unit == "f1 of income, trained on these"


def test_lines_are_aligned_and_as_wide_as_a_terminal():
    lines = [line for line, _ in verdict_block(metrics_of(IMAGES))]
    assert len({line.index("real images:") for line in lines if "real images:" in line}) == 1
    assert max(map(len, lines)) <= 110


def test_the_protocol_is_said_once_and_what_differs_by_heading():
    assert protocol_lines(metrics_of(IMAGES)) == [
        "Protocol: digits, test split.",
        "  Fit: ELBO",
        "  Fit, Class averages: nats per image",
        "  Class averages: exact",
        "  Obeys the label, Realistic, Varied, Copies: expected pixels",
    ]


def test_advice_follows_each_warning_unless_the_doctor_knows_the_cause():
    low = {**IMAGES, "Samples": {**SAMPLES, "recall": 0.44, "frechet": 81.0}}
    assert advice_lines(metrics_of(IMAGES)) == []
    assert [line.partition(":")[0].strip() for line in advice_lines(metrics_of(low))] == [
        "What to try",
        "little variety",
        "far from real",
    ]
    assert advice_lines(metrics_of(low, faults=("it is ill",))) == []
    many = {**low, "Latents": {**low["Latents"], "latent_dim": 256}}
    assert [line for line in advice_lines(metrics_of(many)) if "latents" in line] == []
    assert "--prior encodings" in advice_lines(metrics_of(many))[1]
    many["Samples"] = {**many["Samples"], "samples_drawn": "z from encodings"}
    assert advice_lines(metrics_of(many)) == []
    assert "\n  little variety: more latents" in str(Report(metrics_of(low), {}))


def test_an_attack_on_few_rows_may_be_chance():
    privacy = {**ROWS["Privacy"], "membership_auc": 0.75}
    for error, warning in ((0.25, ""), (0.1, "reveals training rows")):
        found = {**ROWS, "Privacy": {**privacy, "membership_auc_error": error}}
        assert read_verdict(metrics_of(found))[-1].warning == warning


def test_a_figure_without_a_standard_error_is_said_alone():
    errors = {
        "income_logistic_f1_difference_error": None,
        "income_forest_f1_difference_error": None,
    }
    few = {**ROWS, "Prediction": {**PREDICTION, **errors}}
    (useful,) = [line for line in read_verdict(metrics_of(few)) if line.heading == "Useful"]
    assert "±" not in useful.text
    unknown = dict.fromkeys(PREDICTION) | {"targets": ["income"], "untold": []}
    lines = read_verdict(metrics_of({**ROWS, "Prediction": unknown}))
    assert "Useful" not in [line.heading for line in lines]


def test_too_few_test_images_mark_nothing():
    poor = {**IMAGES, "Samples": {**SAMPLES, "frechet": 81.0}}
    lines = read_verdict(metrics_of(poor, too_few=True))
    assert not any(line.warning for line in lines)
    assert [line.text for line in lines] == [line.text for line in read_verdict(metrics_of(poor))]


def test_of_many_latents_the_leading_ones_have_names():
    style = {"axes": [{"latent": 3, "attribute": "slant"}, {"latent": 1, "attribute": ""}]}

    def told(latent_dim):
        latents = {**LATENTS, "latent_dim": latent_dim}
        metrics = metrics_of({**IMAGES, "Latents": latents, "Style": style})
        return next(line.unit for line in read_verdict(metrics) if line.heading == "Style")

    assert told(2) == "latents move one attribute: z4 slant"
    assert told(64) == "leading latents move one attribute: z4 slant"


def test_what_is_notably_bad_is_named_in_the_order_of_importance():
    def said(**measures):
        return whole_of(metrics_of({**IMAGES, **measures})).partition(". ")[2]

    poor = {**SAMPLES, "frechet": 81.0, "recall": 0.44}
    assert said(Samples={**SAMPLES, "frechet": 81.0}) == "Notably bad: far from real."
    assert said(Samples=poor, Detail={**DETAIL, "detail": 0.2}) == (
        "Notably bad, the most important first: blurred, little variety, and therefore far from "
        "real."
    )
    assert (
        said(Bound={**BOUND, "kl_loss": 0.05}, Samples={**SAMPLES, "label_accuracy": 0.5})
        == "Notably bad, the most important first: z is hardly used, misses the label."
    )


def test_every_warning_has_its_advice():
    assert {warning for *_, warning in BAD} == set(ADVICE)


def test_the_doctor_stands_at_the_top():
    for faults, said in (
        ((), "The doctor found no fault, and no figure is notably bad."),
        (("it is ill",), "! it is ill"),
    ):
        report = Report(metrics_of(IMAGES, faults=faults, summary="2 latents"), {"Bound": "words"})
        assert str(report).splitlines()[:2] == ["r: 2 latents", said]
        assert report.details == "Bound\nwords"
