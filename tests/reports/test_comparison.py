"""Runs side by side."""

import re

from condvae.reports import compare_runs
from condvae.reports.metrics_file import Metrics


def measured(**measures):
    return Metrics(condvae="0.1.0", run="r", test_readings=1, measures=measures)


def bound(elbo, comparability="test split"):
    return {
        "elbo": elbo,
        "kl_loss": 3.0,
        "standard_error": 0.25,
        "bits_per_dim": None,
        "elbo_of_cells": None,
        "comparability": comparability,
    }


def likelihood(log_prob, count):
    return {
        "log_prob_importance": log_prob,
        "log_prob_importance_standard_error": 0.5,
        "num_samples": count,
        "log_prob_comparability": f"K = {count:,}",
    }


def cells_of(text):
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


ONE = measured(Bound=bound(-12.5), Likelihood=likelihood(-11.25, 100))
OTHER = measured(Bound=bound(-13.0), Likelihood=likelihood(-11.0, 5000))


def test_figures_of_one_protocol_stand_side_by_side_with_their_difference():
    other = measured(Bound=bound(-13.0), Likelihood=likelihood(-11.0, 100))
    draws = "nats (-log p(x | y), 100 draws)"
    assert cells_of(compare_runs(["a", "b"], [ONE, other])) == [
        ["a", "b", "difference"],
        ["Fit", "nats (-ELBO)", "12.50 ± 0.25", "13.00 ± 0.25", "+0.50", "lower is better"],
        ["Likelihood", draws, "11.25 ± 0.50", "11.00 ± 0.50", "-0.25", "lower is better"],
    ]


def test_of_three_runs_there_is_no_difference():
    header, fit, _ = cells_of(compare_runs(["a", "b", "c"], [ONE] * 3))
    assert header == ["a", "b", "c"]
    assert fit == ["Fit", "nats (-ELBO)", *["12.50 ± 0.25"] * 3, "lower is better"]


def test_every_figure_of_another_protocol_is_marked_and_not_subtracted():
    text = compare_runs(["a", "b"], [ONE, OTHER])
    _, fit, log_prob, *_ = cells_of(text)
    assert fit[2:] == ["12.50 ± 0.25", "13.00 ± 0.25", "+0.50", "lower is better"]
    assert log_prob[2:] == ["11.25 ± 0.50 [a]", "11.00 ± 0.50 [b]", "lower is better"]
    assert "[a] Likelihood: K = 100" in text
    assert "[b] Likelihood: K = 5,000" in text
    assert "are not comparable" in text


def test_a_run_without_a_measure_has_no_protocol_of_it():
    text = compare_runs(["a", "b"], [measured(Bound=ONE.measures["Bound"]), ONE])
    assert cells_of(text)[-1][2:] == ["-", "11.25 ± 0.50", "lower is better"]
    assert "[" not in text


def test_letters_go_on_where_the_last_measure_ended():
    other = measured(Bound=bound(-13.0, "validation split"), Likelihood=likelihood(-11.0, 5000))
    _, fit, log_prob, *_ = cells_of(compare_runs(["a", "b"], [ONE, other]))
    assert fit[2:4] == ["12.50 ± 0.25 [a]", "13.00 ± 0.25 [b]"]
    assert log_prob[2:4] == ["11.25 ± 0.50 [c]", "11.00 ± 0.50 [d]"]
