"""Samples from what was fitted to the encodings of training images."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.special import ndtr, ndtri

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset
from condvae.evaluation import Drawing, Trial
from condvae.evaluation.detail import evaluate_detail
from condvae.evaluation.samples import evaluate_samples
from condvae.figures import draw
from condvae.inference.bands import Bands
from condvae.inference.chance import Chance
from condvae.inference.sampler import Sampler
from condvae.inference.texture import SIZE, Texture, Textured
from condvae.runs.samplers import SAMPLER_NAME, sampler_of

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def data():
    """300 colour images of 8 × 8 pixels in two classes, with stripes that are never the same."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    lines = 128 + 60 * np.sin(np.arange(8) * rng.uniform(0.5, 2, (300, 1)))
    down = np.repeat(lines[:, :, None], 8, axis=2)
    x = np.where(y[:, None, None] == 1, down, down.transpose(0, 2, 1))[..., None]
    x = np.clip(x + rng.normal(0, 12, (300, 8, 8, 3)), 0, 255).astype("uint8")
    return Dataset.from_arrays(x, np.array(["across", "down"])[y], name="stripes")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    settings = {"preset": "photo", "latent_dim": 6, "hidden_dims": (8,), "epochs": 1}
    path = tmp_path_factory.mktemp("sampler") / "run"
    return condvae.train(data, run=path, progress=False, **settings)


def sampler_of_deviations(deviations, counts, means):
    model = SimpleNamespace(latent_dim=means.shape[1])
    return Sampler(model, means.astype("float32"), counts, deviations, None)


def test_styles_have_the_moments_of_the_encodings():
    """Of a class with many images; of one with none they have the covariance of all."""
    counts, mixing = np.array([3_000, 2_000, 0]), RNG.normal(size=(2, 3, 3))
    of = np.repeat([0, 1], counts[:2])
    deviations = np.einsum("nij,nj->ni", mixing[of], RNG.exponential(size=(5_000, 3)) - 1)
    for code in (0, 1):
        deviations[of == code] -= deviations[of == code].mean(axis=0)
    means = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    sampler = sampler_of_deviations(deviations.astype("float32"), counts, means)
    for code, rows in enumerate((of == 0, of == 1, of < 2)):
        z = sampler.styles(np.full(100_000, code), Chance(code))
        wanted = np.cov(deviations[rows].T)
        size = np.sqrt(np.diag(wanted))
        np.testing.assert_allclose((z.mean(axis=0) - means[code]) / size, 0, atol=0.02)
        np.testing.assert_allclose(np.cov(z.T), wanted, rtol=0.05, atol=0.05 * size.max() ** 2)
        # of a sum of five, the third cumulant is that of one over the root of five
        skew = (((z - means[code]) / size) ** 3).mean(axis=0)
        of_one = ((deviations[rows] / size) ** 3).mean(axis=0)
        np.testing.assert_allclose(skew, of_one / np.sqrt(5), atol=0.1)


def test_a_class_of_few_images_takes_some_from_all():
    """Ten of forty latents: a quarter of the terms are its own."""
    counts, deviations = np.array([10, 990]), np.zeros((1_000, 40), "float32")
    deviations[:10, 0], deviations[10:, 1] = 1, 1
    sampler = sampler_of_deviations(deviations, counts, np.zeros((2, 40)))
    z = sampler.styles(np.zeros(20_000, int), Chance(0)) * np.sqrt(5)
    assert z[:, 0].mean() == pytest.approx(5 * (0.25 + 0.75 * 0.01), rel=0.02)
    assert z[:, 1].mean() == pytest.approx(5 * 0.75 * 0.99, rel=0.02)
    of_many = sampler.styles(np.ones(100, int), Chance(0)) * np.sqrt(5)
    np.testing.assert_allclose(of_many[:, 1], 5, rtol=1e-5)


def test_temperature_leaves_the_texture_as_it_is():
    """Two latents, and one component of a texture."""
    sampler = Sampler(
        SimpleNamespace(latent_dim=2),
        np.zeros((1, 3)),
        np.array([500]),
        RNG.normal(size=(500, 3)),
        None,
    )
    whole, half = (sampler.styles(np.zeros(50, int), Chance(0, t)) for t in (1.0, 0.5))
    np.testing.assert_allclose(half, whole * [0.5, 0.5, 1], rtol=1e-5)


def smooth_noise(count):
    white = RNG.normal(size=(count, 8, 8, 3))
    return (white + np.roll(white, 1, axis=1) + 0.5 * np.roll(white[..., ::-1], 1, axis=2)) / 1.5


def normal_noise(textured, *shape):
    return ndtri(np.clip(textured.pixels(*shape), 1e-6, 1 - 1e-6))


def log_energies(noise):
    bands = Bands(8, 8)
    return bands.log_energies(bands.split(noise.astype("float32")))


def test_texture_has_the_spectrum_of_the_noise_and_its_pixels_are_uniform():
    smooth = smooth_noise(4_000)
    texture, components = Texture.fit(iter([smooth[:3_000], smooth[3_000:]]))
    textured = Textured(0, 1.0, texture)
    textured.follow(components)
    drawn = textured.pixels(4_000, 8, 8, 3)
    assert drawn.dtype == np.float32
    found = ndtri(np.clip(drawn, 1e-6, 1 - 1e-6)) / SIZE
    shares = np.histogram(ndtr(found), 4, (0, 1))[0] / found.size
    np.testing.assert_allclose(shares, 0.25, atol=0.01)
    for shift, axis in ((1, 1), (1, 2), (2, 1)):
        wanted, got = (
            np.einsum("nijc,nijd->cd", a, np.roll(a, shift, axis=axis)) / a[..., 0].size
            for a in (smooth, found)
        )
        np.testing.assert_allclose(got, wanted, atol=0.04)


def test_noise_has_the_energies_of_its_components():
    """Of an 8 × 8 image all 49 components are kept, which are its log energies."""
    white = np.random.default_rng(1).normal(size=(1_000, 8, 8, 3)).astype("float32")
    bands, common = Bands(8, 8), RNG.normal(size=(1_000, 1))
    logs = common + 0.5 * RNG.normal(size=(1_000, bands.size))
    given = bands.amplified(bands.split(white), logs)
    texture, components = Texture.fit(iter([given]))
    wanted = log_energies(given) + 2 * np.log(SIZE)
    np.testing.assert_allclose(texture.middle + components @ texture.axes, wanted, atol=1e-3)
    textured = Textured(0, 1.0, texture)
    textured.follow(components[::-1])
    missed = log_energies(normal_noise(textured, 1_000, 8, 8, 3)) - wanted[::-1]
    assert np.all(missed.std(axis=0) < 0.4 * wanted.std(axis=0))
    np.testing.assert_allclose(missed.mean(axis=0), 0, atol=0.1)


def test_noise_of_any_number_of_images_and_in_any_blocks(monkeypatch):
    one, nothing = Texture.fit(iter([smooth_noise(1)]))
    assert not nothing.any()
    assert np.isfinite(one.axes).all()
    texture, components = Texture.fit(iter([smooth_noise(10)]))
    drawn = []
    for numbers in (2**20, 3 * 8 * 8 * 3):
        monkeypatch.setattr("condvae.inference.texture.MOST_NUMBERS", numbers)
        textured = Textured(0, 1.0, texture)
        textured.follow(components)
        drawn.append(textured.pixels(10, 8, 8, 3))
    np.testing.assert_allclose(*drawn, atol=1e-5)


def test_few_components_have_the_variance_of_all(monkeypatch):
    monkeypatch.setattr("condvae.inference.texture.COMPONENTS", 3)
    noise = smooth_noise(500) * np.exp(RNG.normal(size=(500, 1, 1, 1)))
    texture, components = Texture.fit(iter([noise]))
    assert components.shape == (500, 3)
    logs = components @ texture.axes
    assert logs.var(axis=0).sum() == pytest.approx(log_energies(noise).var(axis=0).sum(), rel=1e-4)
    # the first one is the energy of the whole image
    whole = np.log((noise**2).mean(axis=(1, 2, 3)))
    assert abs(np.corrcoef(components[:, 0], whole)[0, 1]) > 0.95


def test_the_noise_that_gives_an_image_is_found(run, data):
    """Levels drawn from known noise give back that noise, within half a level."""
    model, y = run.by_keras, np.eye(2, dtype="float32")[[0, 1, 1]]
    z, noise = RNG.normal(size=(3, 6)), RNG.uniform(0.05, 0.95, (3, 8, 8, 3))
    inputs = {"z": z.astype("float32"), "y": y}
    engine = model.engines.keras
    x = engine.run("draw_pixels", {**inputs, "pixel_noise": noise.astype("float32")})["x_sample"]
    found = engine.run("pixel_noise_of", {**inputs, "x": x})["noise"]
    inside = (x > 0) & (x < 1)
    assert inside.mean() > 0.5
    assert np.abs(found - noise)[inside].max() < 0.1
    assert np.abs(found - noise)[inside].mean() < 0.02


def test_a_sampler_is_stored_and_draws_the_same_again(run, data):
    fitted = sampler_of(run, data)
    stored = sampler_of(condvae.Run.open(run.path))  # needs no data
    for one, other in zip(fitted.tensors().values(), stored.tensors().values(), strict=True):
        np.testing.assert_array_equal(one, other)
    images = fitted.generate("down", 5, seed=3)
    np.testing.assert_allclose(stored.generate("down", 5, seed=3), images, atol=1e-6)
    levels = 255 * images
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)
    expected = fitted.generate(["down", "across"], texture=False, seed=3, temperature=0.0)
    z = fitted.means[::-1, :6]
    np.testing.assert_allclose(expected, run.model.decode(z, ["down", "across"]), atol=1e-5)


def test_other_weights_need_another_fit(run, data, tmp_path):
    sampler_of(run, data)
    path = run.path / SAMPLER_NAME
    kept = path.read_bytes()
    from condvae.files.tensors import StoredTensors, write_tensors

    texts = StoredTensors(path).texts
    for name in ("weights", "recipe"):
        write_tensors(path, sampler_of(run).tensors(), {**texts, name: "another"})
        with pytest.raises(InputError, match="stripes"):
            sampler_of(condvae.Run.open(run.path))
        path.write_bytes(kept)


@pytest.mark.parametrize(
    ("options", "drawn"),
    [
        ([], "texture"),
        (["--prior", "encodings"], "texture"),
        (["--texture", "--temperature", "0.5"], "texture"),
        (["--no-texture"], "expected"),
        (["--guidance", "2"], "expected"),
        (["--prior", "model"], "model"),
        (["--sample"], "model"),
        (["--sample", "--texture"], "texture"),
    ],
    ids=str,
)
def test_generate_draws_from_it_where_nothing_else_is_asked(run, data, tmp_path, options, drawn):
    sampler = sampler_of(run, data)
    out, labels = tmp_path / "images.npz", np.repeat(["across", "down"], 3)
    command = ["generate", str(run.path), "--per-class", "3", "--out", str(out)]
    assert main([*command, *options]) == 0
    how = {
        "temperature": 0.5 if "--temperature" in options else 1.0,
        "guidance": 2.0 if "--guidance" in options else 0.0,
        "sample": "--sample" in options,
    }
    if drawn == "model":
        wanted = run.model.generate(labels, **how)
    else:
        wanted = sampler.generate(labels, texture=drawn == "texture", **how)
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["y"], labels)
        np.testing.assert_allclose(arrays["x"] / 255, wanted, atol=1 / 255)


def test_without_sampler_and_data_z_comes_from_the_prior(run, tmp_path, caplog):
    alone = condvae.Run.open(shutil.copytree(run.path, tmp_path / "alone"))
    (alone.path / SAMPLER_NAME).unlink(missing_ok=True)
    assert Drawing.of(alone) == Drawing()
    assert "training data (stripes)" in caplog.text


def test_only_photographs_are_drawn_from_encodings_by_default(run, data, tmp_path):
    assert Drawing.of(run, data) == Drawing("encodings", texture=True)
    assert Drawing.of(run, data, guidance=2.0) == Drawing("encodings", guidance=2.0)
    run.export(tmp_path / "run.condvae")
    assert Drawing.of(condvae.Run.open(tmp_path / "run.condvae"), data) == Drawing()
    # of other pixels, from another start, of several conditions
    bare = run.spec.model.model_copy(update={"likelihood": "bernoulli"})
    started = run.spec.model.model_copy(update={"decoder_start": "glorot"})
    named = SimpleNamespace(condition=SimpleNamespace(classes=None))
    for model, record in ((bare, run.record), (started, run.record), (run.spec.model, named)):
        spec = run.spec.model_copy(update={"model": model})
        other = SimpleNamespace(spec=spec, record=record, is_archive=False)
        assert Drawing.of(other, data) == Drawing()
        given = Drawing.of(other, data, "encodings")
        assert given == Drawing("encodings", texture=model.likelihood == "discretised_logistic")


def test_a_folder_that_only_can_be_read_keeps_no_sampler(run, data, tmp_path, caplog, monkeypatch):
    alone = condvae.Run.open(shutil.copytree(run.path, tmp_path / "alone"))
    (alone.path / SAMPLER_NAME).unlink(missing_ok=True)

    def refuse(*_):
        raise PermissionError("no")

    monkeypatch.setattr("condvae.runs.samplers.write_tensors", refuse)
    assert Drawing.of(alone, data).prior == "encodings"
    assert "is not kept" in caplog.text
    monkeypatch.setattr(Sampler, "fit", refuse)  # not again
    trial = Trial.of(alone, data, Drawing("encodings"))
    assert trial.generate(["down", "across"]).shape == (2, 8, 8, 3)
    assert not (alone.path / SAMPLER_NAME).exists()


def test_figures_and_reports_show_images_as_they_are_drawn(run, data, tmp_path):
    trial = Trial.of(run, data, Drawing.of(run, data))
    figures = draw(trial.model, data, run.history, ["samples"], **trial.of_samples)
    assert "z from sums of encodings of training images, pixels with the texture" in "".join(
        text.get_text() for text in figures["samples"].findobj(Text)
    )
    assert Trial.of(run, data).of_samples == {}
    report = condvae.evaluate(run, data)
    assert "z from encodings; texture; " in report["Samples"]["samples_comparability"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--prior", "model", "--texture"], "--texture must come with --prior encodings"),
        (["--prior", "encodings", "--keep", "1"], "without --z and --keep"),
        (["--texture", "--keep", "1"], "without --z and --keep"),
        (["--prior", "encodings", "--texture", "--guidance", "2"], "requires expected pixels"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together(run, options, sentence, tmp_path, capsys):
    out = tmp_path / "images.npz"
    command = ["generate", str(run.path), "--given", "down", "--out", str(out)]
    assert main([*command, *options]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_a_likelihood_without_known_noise_has_no_texture(run, data):
    sampler = sampler_of(run, data)
    bare = replace(sampler, texture=None)
    assert bare.generate("down", 2, texture=False).shape == (2, 8, 8, 3)
    with pytest.raises(InputError, match="texture requires the likelihood"):
        bare.generate("down", 2)


def test_pixels_are_drawn_without_a_texture_on_request(run, data):
    sampler, labels = sampler_of(run, data), np.repeat(["down", "across"], 400)
    drawn = sampler.generate(labels, texture=False, sample=True, temperature=0.0)
    expected = sampler.generate(labels, texture=False, temperature=0.0)
    # one z for each class, so that what differs within one is the noise of the pixels
    assert np.ptp(expected[:400], axis=0).max() < 1e-5
    assert drawn[:400].std(axis=0).min() > 0
    np.testing.assert_allclose(drawn[:400].mean(axis=0), expected[0], atol=0.05)


def test_an_evaluation_judges_images_as_they_are_drawn(run, data, tmp_path):
    drawings = [Drawing(), Drawing("encodings", texture=True), Drawing("encodings", guidance=2.0)]
    for drawing in drawings:
        trial = Trial.of(run, data, drawing)
        found = evaluate_samples(trial, per_class=10, cache=tmp_path)
        assert str(drawing) in found.comparability
        assert ("expected pixels" in found.comparability) == (found.drawn.find("texture") < 0)
        labels = np.repeat(["across", "down"], 10)
        how = {"temperature": 1.0, "guidance": drawing.guidance, "seed": 0}
        wanted = (
            run.by_keras.generate(labels, sample=True, **how)
            if drawing.prior == "model"
            else sampler_of(run).generate(labels, texture=drawing.texture, **how)
        )
        np.testing.assert_allclose(trial.generate(labels, sample=not drawing.guidance), wanted)
        assert f"; {drawing}power by" in evaluate_detail(trial).comparability


def test_words_of_drawings():
    assert str(Drawing()) == ""
    assert str(Drawing("encodings", texture=True, temperature=0.8)) == (
        "z from encodings; texture; temperature 0.8; "
    )
    for settings, words in (
        ({"prior": "posterior"}, "prior must be one of model, encodings"),
        ({"texture": True}, "`texture` must come with `prior='encodings'`"),
        ({"guidance": -1.0}, "the guidance must be 0 or more"),
        ({"temperature": -1.0}, "temperature must be"),
        ({"prior": "encodings", "texture": True, "guidance": 1.0}, "expected pixels"),
    ):
        with pytest.raises(InputError, match=words):
            Drawing(**settings)


def test_what_cannot_be_drawn_is_refused_before_anything_is_measured(run, tmp_path, capsys):
    few = Dataset.from_arrays(np.zeros((12, 4, 4), "uint8"), np.arange(12) % 2, name="few")
    other = condvae.train(few, run=tmp_path / "run", epochs=1, hidden_dims=(4,), progress=False)
    with pytest.raises(InputError, match="to judge how they are drawn"):
        condvae.evaluate(other, few, guidance=2.0)
    assert not (tmp_path / "run" / "metrics.json").exists()
