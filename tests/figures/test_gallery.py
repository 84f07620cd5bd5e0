import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.data import Dataset
from condvae.figures import FIGURES, draw, draw_one, save
from condvae.figures.gallery import titles_of
from condvae.inference.trained import TrainedModel


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def test_every_figure_of_a_plane(make_model, make_dataset, curves, tmp_path):
    figures = draw(make_model(), make_dataset(), curves)
    manifolds = [f"manifold-{label}" for label in range(3)]
    others = ("manifold", "traversal", "style", "predictions", "bound")
    expected = [name for name in FIGURES if name not in others] + manifolds
    assert sorted(figures) == sorted(expected)
    assert next(iter(figures)) == "samples"
    assert {stem: f.get_suptitle() for stem, f in figures.items() if stem != "labels"} == {
        "samples": "Random samples",
        "scatter": "Latent plane",
        "generate": "Average digit",
        **{f"manifold-{n}": f"Images over the latent plane: digit {n}" for n in range(3)},
        "reconstruct": "Reconstructions",
        "transfer": "One style under every label",
        "interpolation": "From image to image",
        "history": "Learning curves",
    }
    paths = save(figures, tmp_path / "figures")
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir())
    for path in paths:
        assert path.suffix == (".gif" if path.stem == "labels" else ".png")
        with Image.open(path) as picture:
            picture.load()


def test_traversal_and_manifold_of_many_latents_take_the_most_active(
    make_model, make_dataset, monkeypatch
):
    model, scale = make_model(latent_dim=3), [1, 0.1, 2]
    monkeypatch.setattr(
        model,
        "encode",
        lambda x, y: (np.random.default_rng(0).normal(scale=scale, size=(len(x), 3)), None),
    )
    names = ["manifold", "traversal"]
    figures = draw(model, make_dataset(), {}, names)
    assert list(figures) == ["manifold-0", "manifold-1", "manifold-2", "traversal-0"]
    assert "z3 and z1" in caption_of(figures["manifold-0"])
    assert figures["traversal-0"].axes[0].get_yticklabels()[0].get_text().startswith("z3")
    assert list(draw(model, make_dataset(), {}, names, given=[2])) == ["manifold-2", "traversal-2"]


def test_titles_can_be_left_out(make_model, make_dataset):
    names = ["generate", "manifold"]
    figures = draw(make_model(), make_dataset(), {}, names, given=[1], titles=False)
    assert [figure.get_suptitle() for figure in figures.values()] == ["", ""]
    assert titles_of(figures, make_model(), [1]) == {
        "generate": ("generate", "digit", ""),
        "manifold-1": ("manifold", "digit", "1"),
    }


def test_figures_of_parts_of_images(make_model_of_parts, make_dataset):
    dataset = make_dataset(task="blocks")
    figures = draw(make_model_of_parts(), dataset, {})
    assert list(figures) == ["predictions", "bound"]
    assert "held-out images (5)" in caption_of(figures["bound"])
    assert "noise, grey pixels, a part of each given" in caption_of(figures["bound"])
    assert list(draw(make_model_of_parts(network="deterministic"), dataset, {})) == ["predictions"]


def test_the_bound_of_classes_is_drawn_on_request(make_model, make_dataset):
    figure = draw_one("bound", make_model(), make_dataset(), {}, sizes=(1, 2))
    assert list(figure.axes[0].get_lines()[0].get_xdata()) == [1, 2]
    assert "a part of each" not in caption_of(figure)


def test_without_epochs_there_is_no_history(make_model, make_dataset):
    figures = draw(make_model(latent_dim=1), make_dataset(), {})
    assert "history" not in figures
    assert "scatter" in figures


@pytest.mark.parametrize(
    ("validation", "said"), [(0.1, "held-out images"), ("test", "test images")]
)
def test_captions_say_which_images(make_model, make_dataset, curves, validation, said):
    names = ["reconstruct", "transfer", "interpolation", "history"]
    figures = draw(make_model(), make_dataset(validation=validation), curves, names)
    assert list(figures) == names
    assert all(said in caption_of(figure) for figure in figures.values())


def test_the_test_split_is_not_read(make_model, make_dataset, curves, monkeypatch):
    def refuse(dataset):
        raise AssertionError

    dataset = make_dataset()
    monkeypatch.setattr(Dataset, "test", property(refuse))
    assert len(draw(make_model(), dataset, curves)) > 5


def test_the_same_arguments_draw_the_same(make_model, make_dataset):
    first, second = (
        draw(make_model(), make_dataset(), {}, ["transfer"])["transfer"] for _ in range(2)
    )
    np.testing.assert_array_equal(*(f.axes[0].images[0].get_array() for f in (first, second)))


def test_one_figure_takes_the_settings_of_its_function(make_model, make_dataset):
    model, dataset = make_model(), make_dataset()
    figure = draw_one("manifold", model, dataset, {}, given=2, extent=0.5)
    assert "digit 2" in caption_of(figure)
    assert "0.50" in caption_of(figure)
    assert "digit 0" in caption_of(draw_one("manifold", model, dataset, {}))
    with pytest.raises(InputError, match="figure must be one of"):
        draw_one("nothing", model, dataset, {})


def test_an_unknown_figure_is_named_before_anything_is_drawn(make_model, make_dataset):
    model = make_model()
    with pytest.raises(InputError, match="Did you mean 'scatter'"):
        draw(model, make_dataset(), {}, ["generate", "scater"])
    assert model.decoded == []


@pytest.mark.parametrize(
    ("categories", "stems"),
    [
        (("T-shirt/top", "Über", "c d"), ["T-shirt-top", "Über", "c-d"]),
        (("a", "A", "b"), ["0", "1", "2"]),
    ],
)
def test_labels_become_file_names(make_model, make_dataset, categories, stems):
    condition = Categorical(name="garment", categories=categories)
    model = TrainedModel(make_model().keras_model, condition)
    figures = draw(model, make_dataset(), {}, ["manifold"])
    assert list(figures) == [f"manifold-{stem}" for stem in stems]
