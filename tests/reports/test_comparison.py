"""Runs side by side."""

from condvae.reports import compare_runs
from condvae.reports.metrics_file import Metrics


def measured(**measures):
    return Metrics(condvae="0.1.0", run="r", test_readings=1, measures=measures)


def lines_of(text):
    return [line.split() for line in text.splitlines()]


ONE = measured(
    Bound={"elbo": -12.5, "comparability": "test split"},
    Likelihood={"log_prob": -11.25, "num_samples": 100, "log_prob_comparability": "K = 100"},
    Style={"axes": [{"latent": 0}], "kept": None, "style_comparability": "500 images"},
)
OTHER = measured(
    Bound={"elbo": -13.0, "comparability": "test split"},
    Likelihood={"log_prob": -11.0, "num_samples": 5000, "log_prob_comparability": "K = 5,000"},
    Style={"kept": 0.123456, "copies": True, "style_comparability": "500 images"},
)


def test_numbers_of_one_protocol_stand_side_by_side():
    assert lines_of(compare_runs(["a", "b"], [ONE, ONE])) == [
        ["a", "b"],
        ["Bound"],
        ["elbo", "-12.5", "-12.5"],
        ["Likelihood"],
        ["log_prob", "-11.25", "-11.25"],
        ["num_samples", "100", "100"],
        ["Style"],
    ]


def test_every_number_of_another_protocol_is_marked():
    text = compare_runs(["a", "b"], [ONE, OTHER])
    lines = lines_of(text)
    assert ["elbo", "-12.5", "-13"] in lines
    assert ["log_prob", "-11.25", "[a]", "-11", "[b]"] in lines
    assert ["num_samples", "100", "[a]", "5000", "[b]"] in lines
    assert ["kept", "-", "0.12346"] in lines
    assert ["copies", "-", "yes"] in lines
    assert "[a] Likelihood: K = 100" in text
    assert "[b] Likelihood: K = 5,000" in text
    assert "do not compare" in text


def test_a_run_without_a_measure_has_no_protocol_of_it():
    text = compare_runs(["a", "b"], [ONE, measured(Bound=ONE.measures["Bound"])])
    assert ["log_prob", "-11.25", "-"] in lines_of(text)
    assert "[" not in text


def test_letters_go_on_where_the_last_measure_ended():
    other = measured(
        Bound={"elbo": -13.0, "comparability": "validation split"},
        Likelihood=OTHER.measures["Likelihood"],
    )
    text = compare_runs(["a", "b"], [ONE, other])
    assert ["elbo", "-12.5", "[a]", "-13", "[b]"] in lines_of(text)
    assert ["log_prob", "-11.25", "[c]", "-11", "[d]"] in lines_of(text)
