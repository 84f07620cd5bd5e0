"""Label maps from images: from the spec to the samples of a truth that has two modes."""

import signal

import numpy as np
import PIL.Image
import pytest
from short_run import quick, rows, untrained

from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset, load_data
from condvae.data.signs import CLASSES, signs
from condvae.evaluation import bound_of, conditional_likelihood, evaluate_label_maps
from condvae.evaluation.trial import Trial
from condvae.figures import draw
from condvae.runs import Run
from condvae.training import train

TINY = {"preset": "segmentation", "hidden_dims": (3,), "latent_dim": 2, "epochs": 2}


def dataset_of(drawn, **settings):
    return Dataset.from_arrays(
        drawn.maps, drawn.images, pixel_classes=CLASSES, name="signs", **settings
    )


@pytest.fixture(scope="module")
def few():
    return dataset_of(signs(60, seed=0, size=16))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"architecture": "mlp"}, {"network": "deterministic"}])
def test_a_run_trains_resumes_evaluates_and_predicts(few, tmp_path, signal_at, settings):
    settings = {**TINY, "batch_size": 10, **settings}
    whole = quick(few, tmp_path / "whole", **settings)
    with signal_at(7, signal.SIGTERM):
        run = quick(few, tmp_path / "run", **settings)
    run = train(few, run=run.path, resume=True, progress=False)
    assert rows(run) == rows(whole)
    assert run.weights_path.read_bytes() == whole.weights_path.read_bytes()

    bound, result = bound_of(run, few), conditional_likelihood(Trial.of(run, few), num_samples=3)
    assert "label maps of the classes background, post" in result.comparability
    assert result.importance.mean > bound.elbo - 3 * bound.standard_error
    quality = evaluate_label_maps(Trial.of(run, few))
    assert 0 < quality.guess.pixel_accuracy < 1
    assert list(quality.guess.intersection_over_union) == list(CLASSES)
    assert (quality.mean is None) == (settings.get("network") == "deterministic")

    run.export(tmp_path / "run.safetensors")
    archived = Run.open(tmp_path / "run.safetensors")
    assert archived.record.preprocessing.pixel_classes == CLASSES
    y = run.conditions(few.test)
    samples = archived.model.predict(y, num_samples=3).samples
    assert samples.shape == (len(y), 3, 16, 16, 4)
    np.testing.assert_allclose(samples.sum(axis=-1), 1, rtol=1e-5)
    opened = Run.open(run.path).model.predict(y, num_samples=3).samples
    np.testing.assert_array_equal(samples, opened)
    # `train` leaves its own network in the run, so these come from Keras and the others from NumPy
    trained = run.model.predict(y, num_samples=3).samples
    np.testing.assert_allclose(samples, trained, rtol=1e-5, atol=1e-7)
    figures = draw(run.model, run.check_data(few), run.history)
    assert {"predictions", "history"} <= set(figures)


def test_the_likelihood_is_recomputed_by_hand(few, tmp_path):
    """For the deterministic network: the sum over pixels of the log share of the true class."""
    run = quick(few, tmp_path / "run", network="deterministic", **TINY)
    p, x = run.model.guess(few.test.y), few.test.x[..., 0]
    true = np.take_along_axis(p.astype("float64"), x[..., None].astype(int), axis=-1)[..., 0]
    expected = np.log(true).sum(axis=(1, 2))
    estimate = run.model.estimate_log_prob(few.test.x, few.test.y)
    np.testing.assert_allclose(estimate.log_prob, expected, rtol=1e-5)
    with pytest.raises(InputError, match="must have latents"):
        run.model.generate(few.test.y[0])
    accuracy = evaluate_label_maps(Trial.of(run, few)).guess.pixel_accuracy
    assert accuracy == pytest.approx((p.argmax(axis=-1) == x).mean())


@pytest.mark.slow
def test_samples_show_both_modes_at_their_rates(tmp_path):
    """Behind a box: the CVAE beats the deterministic network, and draws each shape as it occurs."""
    drawn = signs(1600, seed=1, size=16)
    data = dataset_of(drawn)
    settings = {
        "preset": "segmentation",
        "hidden_dims": (16, 32),
        "latent_dim": 2,
        "batch_size": 50,
        "learning_rate": 4e-3,
    }
    cvae = quick(data, tmp_path / "cvae", epochs=40, **settings)
    deterministic = quick(data, tmp_path / "nn", epochs=15, network="deterministic", **settings)
    test = data.test
    better = cvae.model.log_prob(test.x, test.y, 50) - deterministic.model.log_prob(test.x, test.y)
    assert better.mean() > 3 * better.std(ddof=1) / np.sqrt(len(better))

    hidden = drawn.hidden[test.rows]
    rows = test.rows[hidden]
    samples = cvae.model.predict(test.y[hidden], num_samples=20).samples.argmax(axis=-1)
    square, round_ = np.moveaxis(drawn.alternatives[rows], 1, 0)
    fits = [(samples == shape[:, None]).mean(axis=(2, 3)) for shape in (square, round_)]
    # a sample is one of the two maps, not a mixture of them
    assert np.median(np.maximum(*fits)) > 0.99
    for is_red in (False, True):
        chosen = drawn.scenes.is_red[rows] == is_red
        expected = drawn.probability_round[rows][chosen][0]
        assert (fits[1] > fits[0])[chosen].mean() == pytest.approx(expected, abs=0.12)


@pytest.mark.slow
def test_an_npz_of_label_maps_is_one_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    drawn = signs(40, seed=0, size=16)
    np.savez("maps.npz", x=drawn.maps, y=drawn.images, pixel_classes=np.array(CLASSES))
    assert main("train maps.npz --epochs 1 --hidden-dims 2,3 --run run".split()) == 0
    assert "each pixel is one of background, post, round, square" in capsys.readouterr().err
    assert main("evaluate run".split()) == 0
    printed = capsys.readouterr().out
    assert "mean IoU" in printed
    assert "nats (-log p(x | y), 100 draws)" in printed
    assert main("data info maps.npz --sheet sheet.png".split()) == 0
    assert "image: an image of 16 × 16 × 3" in capsys.readouterr().out

    PIL.Image.fromarray(drawn.images[0]).save("picture.png")
    for out in ("maps-of-it.npz", "maps-of-it.png"):
        assert main(f"generate run --given picture.png -n 3 --out {out}".split()) == 0
    with np.load("maps-of-it.npz") as archive:
        assert archive["x"].shape == (3, 16, 16, 1)
        assert archive["x"].max() < len(CLASSES)
    with PIL.Image.open("maps-of-it.png") as sheet:
        assert sheet.mode == "RGB"
    PIL.Image.fromarray(drawn.images[0][:, :9]).save("narrow.png")
    assert main("generate run --given narrow.png --out x.png".split()) == 2
    assert "must have 16 × 16 pixels" in capsys.readouterr().err
    assert main("encode run maps.npz --out z.npz".split()) == 0
    with np.load("z.npz") as archive:
        assert archive["mean"].shape == (40, 4)
    PIL.Image.fromarray(drawn.maps[0]).save("mask.png")
    assert main("complete run mask.png --mask mask.png --out x.png".split()) == 2
    assert "parts of images" in capsys.readouterr().err
    assert main("generate run --per-class 3 --out x".split()) == 2
    assert "must be a class" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"likelihood": "bernoulli"}, "requires label maps"),
        ({"task": "class"}, "needs the task 'image'"),
        ({"task": "quadrants"}, "needs the task 'image'"),
        ({"task": "class", "likelihood": "bernoulli"}, "requires label maps"),
        ({"hidden_dims": ()}, "needs hidden_dims"),
        ({"activity_regularizer": "l2"}, "needs the architecture 'mlp'"),
        ({"coarse_weight": 0.5}, "needs the likelihood 'bernoulli'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(few, tmp_path, settings, words):
    with pytest.raises(InputError, match=words):
        quick(few, tmp_path / "run", **{**TINY, **settings})
    assert not (tmp_path / "run").exists()


def test_data_that_do_not_fit_are_refused(few, tmp_path):
    drawn = signs(30, seed=0, size=16)
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        Dataset.from_arrays(drawn.maps, drawn.images, pixel_classes=("a", "b"))
    with pytest.raises(InputError, match="different names"):
        Dataset.from_arrays(drawn.maps, drawn.images, pixel_classes=("a", "a", "b", "c"))
    with pytest.raises(InputError, match="must come with images as y"):
        Dataset.from_arrays(drawn.maps, drawn.is_round, pixel_classes=CLASSES)
    with pytest.raises(InputError, match="one channel"):
        Dataset.from_arrays(drawn.images, drawn.images, pixel_classes=CLASSES)
    images = Dataset.from_arrays(drawn.maps, drawn.images)  # grey levels, not classes
    with pytest.raises(InputError, match="requires label maps"):
        quick(images, tmp_path / "run", **TINY)
    model = untrained(few, **TINY)
    with pytest.raises(InputError, match=r"shape \(N, 16, 16, 3\)"):
        model.predict(drawn.images[:, :8])
    with pytest.raises(InputError, match=r"must lie in \[0, 3\]"):
        model.elbo(drawn.maps + 1, drawn.images)
    with pytest.raises(InputError, match="must be a class"):
        _ = model.classes


def test_the_generated_set_is_always_the_same():
    data = load_data("signs")
    assert data.pixel_classes == CLASSES
    assert data.x.shape == (4000, 64, 64, 1)
    assert data.fingerprint.startswith("45b4028c")
