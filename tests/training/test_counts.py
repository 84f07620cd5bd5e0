"""Counts that vary more than Poisson's, from data to a run and back."""

import numpy as np
import pytest
from short_run import quick, rows

from condvae import Run
from condvae.cli import main
from condvae.data import Dataset, load_data
from condvae.evaluation import bound_of

SETTINGS = {
    "epochs": 6,
    "batch_size": 50,
    "learning_rate": 1e-2,
    "schedule": "constant",  # of which more epochs change nothing
    "warmup": 0.0,
    "output_bias": "data",
}


def gamma_poisson(count=900):
    """Counts about 4 and 12, whose variance is their mean and its square."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    rates = np.where(labels, 4, 12)[:, None, None] * rng.gamma(1.0, size=(count, 3, 4))
    return np.minimum(rng.poisson(rates), 255).astype("uint8"), labels


@pytest.fixture(scope="module")
def data():
    return Dataset.from_arrays(*gamma_poisson())


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    return quick(data, folder / "run", likelihood="negative_binomial", **SETTINGS)


def test_overdispersed_counts_are_likelier_than_under_poisson(data, trained, tmp_path):
    poisson = quick(data, tmp_path / "run", likelihood="poisson", **SETTINGS)
    varied, plain = bound_of(trained, data), bound_of(poisson, data)
    assert "counts, negative binomial (a probability)" in varied.comparability
    assert varied.elbo > plain.elbo + 10 * plain.standard_error
    drawn = trained.model.generate(0, 400, sample=True, seed=0)
    assert (drawn == np.round(drawn)).all()
    assert drawn.mean() == pytest.approx(trained.model.generate(0, 400, seed=0).mean(), rel=0.1)
    assert drawn.var() > 4 * drawn.mean()


def test_a_training_of_counts_goes_on_to_the_same_bits(data, trained, tmp_path):
    settings = {"likelihood": "negative_binomial", **SETTINGS}
    quick(data, tmp_path / "run", **{**settings, "epochs": 2})
    resumed = quick(data, tmp_path / "run", resume=True, epochs=SETTINGS["epochs"])
    for name, column in rows(trained).items():
        np.testing.assert_array_equal(rows(resumed)[name], column)


@pytest.mark.slow
def test_the_fused_loop_trains_counts_too(data, trained, tmp_path):
    settings = {"likelihood": "negative_binomial", **SETTINGS}
    fused = quick(data, tmp_path / "run", fused=True, **settings)
    for name, column in rows(trained).items():
        np.testing.assert_allclose(rows(fused)[name], column, rtol=2e-3)


@pytest.mark.slow
def test_counts_come_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    x, y = gamma_poisson(120)
    np.savez("counts.npz", x=x, y=y)
    main("train counts.npz --likelihood negative_binomial --epochs 1 --hidden-dims 4".split())
    assert "likelihood negative_binomial: as named" in capsys.readouterr().err
    main("generate runs/counts-small --given 0 -n 3 --out drawn.npz".split())
    run = Run.open("runs/counts-small")
    assert run.graphs["decoder"] is not None
    with np.load("drawn.npz") as drawn:
        (images,) = (drawn[name] for name in drawn if drawn[name].ndim > 2)
    assert len(images) == 3
    assert load_data("counts.npz").x.dtype == "uint8"
