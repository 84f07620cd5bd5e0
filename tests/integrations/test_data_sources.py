"""Objects of other libraries through `load_data`, `train` and `CVAE.fit`; see docs/data-sources.md.

The oracle of a frame is the same table in a Parquet file, that of images the arrays themselves.
"""

import io
from datetime import date, datetime

import anndata
import datasets as hugging_face
import numpy as np
import pandas
import polars
import pyarrow as arrow
import pytest
import torch
import torch.utils.data as torch_data
import xarray
from sklearn.datasets import load_digits

import condvae
from condvae.checks import InputError
from condvae.data import Dataset, load_data

pytestmark = pytest.mark.integration


# schedules that span all epochs end elsewhere where more are asked for
STEADY = {"schedule": "constant", "warmup": 0.0, "beta_warmup": 0.0}
QUICK = {"preset": "small", "epochs": 2, "hidden_dims": (8,), "progress": False, **STEADY}
ROWS = 90


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return np.rint(x.reshape(-1, 8, 8) * 255 / 16).astype("uint8")[:400], y[:400]


@pytest.fixture(scope="module")
def frame():
    """Cells of every type, some missing."""
    rng = np.random.default_rng(0)
    height = rng.normal(170, 9, ROWS).round(2)
    height[::7] = np.nan
    children = pandas.array(rng.integers(0, 4, ROWS), dtype="Int64")
    children[3] = None
    animals = rng.choice(["ant", "bee", "cat"], ROWS).astype(object)
    animals[5] = None
    married = (rng.random(ROWS) < 0.4).astype(object)
    married[8] = None
    return pandas.DataFrame(
        {
            "height": height,
            "children": children,
            "animal": animals,
            "size": pandas.Categorical(rng.choice(["large", "small"], ROWS)),
            "smokes": rng.random(ROWS) < 0.3,
            "married": pandas.array(married, dtype="boolean"),
            "born": pandas.to_datetime("1980-01-01")
            + pandas.to_timedelta(rng.integers(0, 9000, ROWS) * 86400 + 3600, unit="s"),
        }
    )


SETTINGS = {"conditions": ("animal", "smokes"), "ignore": ("size",), "kinds": ("children:class",)}
FRAMES = {
    "pandas": lambda frame: frame,
    "pandas-arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "polars": polars.from_pandas,
    "polars-lazy": lambda frame: polars.from_pandas(frame).lazy(),
    "arrow": arrow.Table.from_pandas,
    "hugging-face": hugging_face.Dataset.from_pandas,
}


@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["plain", "settings"])
@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_what_its_parquet_file_is(kind, settings, frame, tmp_path):
    frame.to_parquet(tmp_path / "table.parquet")
    oracle = load_data(tmp_path / "table.parquet", **settings)
    data = load_data(FRAMES[kind](frame), **settings)
    assert data.fingerprint == oracle.fingerprint
    assert data.table.model_dump_json() == oracle.table.model_dump_json()
    assert data.condition.model_dump_json() == oracle.condition.model_dump_json()


def test_dates_without_a_time_are_days(tmp_path):
    days = [date(1990, 1, 1), None, date(2000, 2, 29)] * 20
    table = polars.DataFrame({"day": days, "n": np.arange(60) % 7 + 0.5})
    table.write_parquet(tmp_path / "table.parquet")
    oracle = load_data(tmp_path / "table.parquet")
    for frame in (table, table.to_arrow(), table.to_pandas(use_pyarrow_extension_array=True)):
        assert load_data(frame).fingerprint == oracle.fingerprint
    objects = pandas.DataFrame({"day": days, "n": table["n"].to_numpy()})
    assert load_data(objects).fingerprint == oracle.fingerprint


def test_moments_keep_their_fractions(tmp_path):
    moments = [datetime(2001, 2, 3, 4, 5, n % 60, 1000 * n) for n in range(60)]
    table = polars.DataFrame({"at": moments, "n": np.arange(60) % 7 + 0.5})
    table.write_parquet(tmp_path / "table.parquet")
    assert load_data(table).fingerprint == load_data(tmp_path / "table.parquet").fingerprint


def test_a_frame_trains_resumes_and_gives_booleans_back(frame, tmp_path):
    settings = {**QUICK, **SETTINGS, "preset": "table"}
    whole = condvae.train(frame, run=tmp_path / "whole", **settings)
    condvae.train(frame, run=tmp_path / "parts", **{**settings, "epochs": 1})
    parts = condvae.train(frame, run=tmp_path / "parts", epochs=2, resume=True, **SETTINGS)
    assert (parts.path / "weights.safetensors").read_bytes() == (
        whole.path / "weights.safetensors"
    ).read_bytes()
    rows = parts.model.generate({"animal": "bee", "smokes": True}, 40)
    assert rows["smokes"].dtype == bool
    assert rows["smokes"].all()
    assert set(rows["married"]) <= {True, False, None}
    rows = {name: [None] * 3 for name in ("animal", "children")}
    rows |= {"height": [170.0, np.nan, np.nan], "born": [np.nan] * 3}
    rows |= {"married": [True, None, False], "smokes": [True, False, None]}
    filled = condvae.impute(parts.model, rows, num_draws=1).tables[0]
    assert filled["smokes"].dtype == bool
    assert filled["smokes"].tolist()[:2] == [True, False]
    other = frame.assign(height=frame["height"] + 1)
    with pytest.raises(InputError, match="the data must be those of"):
        condvae.train(other, run=tmp_path / "parts", epochs=4, resume=True, **SETTINGS)


def test_cells_that_are_none_are_refused(frame):
    with pytest.raises(InputError, match="must hold numbers, text, booleans or dates"):
        load_data(frame.assign(parts=[[1, 2]] * ROWS))
    with pytest.raises(InputError, match="must hold numbers, text, booleans or dates"):
        load_data(polars.DataFrame({"n": np.arange(30.0), "parts": [[1.5]] * 30}))


def encoded(pixels):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def same_images(data, digits):
    oracle = Dataset.from_arrays(*digits)
    np.testing.assert_array_equal(data.x, oracle.x)
    np.testing.assert_array_equal(data.y, oracle.y)
    return True


def test_pictures_in_a_frame(digits):
    from PIL import Image

    x, y = digits
    forms = {
        "bytes": [encoded(image) for image in x],
        "dictionaries": [{"bytes": encoded(image), "path": None} for image in x],
        "pil": [Image.fromarray(image) for image in x],
        "arrays": list(x),
    }
    for cells in forms.values():
        assert same_images(load_data(pandas.DataFrame({"image": cells, "label": y})), digits)
    table = polars.DataFrame({"image": forms["bytes"], "label": y})
    assert same_images(load_data(table), digits)


def test_hugging_face_images_have_their_names_and_splits(digits, tmp_path):
    from PIL import Image

    x, y = digits
    features = hugging_face.Features(
        {
            "image": hugging_face.Image(),
            "label": hugging_face.ClassLabel(names=[f"n{n}" for n in range(10)]),
        }
    )

    def part(rows):
        images = [Image.fromarray(image) for image in x[rows]]
        return hugging_face.Dataset.from_dict(
            {"image": images, "label": y[rows].tolist()}, features=features
        )

    whole = part(slice(None))
    (tmp_path / "data").mkdir()
    splits = hugging_face.DatasetDict(train=part(slice(0, 300)), test=part(slice(300, 400)))
    for name, rows in splits.items():
        rows.to_parquet(tmp_path / f"data/{name}-00000-of-00001.parquet")
    oracle, data = load_data(tmp_path), load_data(splits)
    assert data.fingerprint == oracle.fingerprint
    np.testing.assert_array_equal(data.test.rows, oracle.test.rows)
    assert load_data(whole).label_names == tuple(f"n{n}" for n in range(10))
    np.testing.assert_array_equal(load_data(whole).x[..., 0], x)
    streamed = load_data(whole.to_iterable_dataset())
    np.testing.assert_array_equal(streamed.x[..., 0], x)
    with pytest.raises(InputError, match="part for training"):
        load_data(hugging_face.DatasetDict(test=whole))


def test_hugging_face_arrays(digits):
    x, y = digits
    features = hugging_face.Features(
        {"x": hugging_face.Array2D((8, 8), "uint8"), "y": hugging_face.Value("int64")}
    )
    rows = {"x": x, "y": y}
    assert same_images(load_data(hugging_face.Dataset.from_dict(rows, features=features)), digits)


def test_xarray(digits):
    x, y = digits
    array = xarray.DataArray(x, dims=("row", "height", "width"), coords={"label": ("row", y)})
    assert same_images(load_data(array), digits)
    colours = np.stack([x, x, 255 - x], axis=1)
    first = xarray.DataArray(
        colours, dims=("row", "band", "height", "width"), coords={"label": ("row", y)}
    )
    np.testing.assert_array_equal(load_data(first).x, colours.transpose(0, 2, 3, 1))
    images = xarray.Dataset(
        {"picture": (("row", "height", "width"), x), "label": (("row",), y)},
        coords={"row": np.arange(len(x))},
    )
    np.testing.assert_array_equal(load_data(images).y, y)
    table = xarray.Dataset(
        {
            "a": (("row",), np.linspace(0, 1, 60) ** 2),
            "b": (("row",), np.where(np.arange(60) % 3, "p", "q")),
        }
    )
    frame = pandas.DataFrame({name: table[name].values for name in ("a", "b")})
    assert load_data(table).fingerprint == load_data(frame).fingerprint
    with pytest.raises(InputError, match="one dimension of rows"):
        load_data(xarray.Dataset({"a": (("p",), [1.0]), "b": (("q",), [1.0])}))


def test_anndata(tmp_path):
    from scipy import sparse

    rng = np.random.default_rng(0)
    kinds = rng.choice(["b", "t"], 120)
    counts = rng.poisson(np.where(kinds == "b", 1.0, 4.0)[:, None], (120, 9))
    cells = anndata.AnnData(
        sparse.csr_matrix(counts),
        obs=pandas.DataFrame(
            {"kind": kinds, "depth": counts.sum(1)}, index=[f"cell {n}" for n in range(120)]
        ),
    )
    data = load_data(cells, conditions=("kind",))
    np.testing.assert_array_equal(data.x.reshape(120, 9), counts)
    np.testing.assert_array_equal(data.y, kinds)
    run = condvae.train(
        cells,
        conditions=("kind",),
        likelihood="negative_binomial",
        run=tmp_path / "run",
        **QUICK,
    )
    assert run.model.generate("t", 5).shape == (5, 1, 9, 1)
    with pytest.raises(InputError, match="kind"):
        load_data(cells, conditions=("knid",))


class Pairs(torch_data.Dataset):
    """(image, label) with channels first, as torchvision has them."""

    def __init__(self, x, y):
        self.x, self.y = torch.from_numpy(x[:, None].astype("float32") / 255), y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, row):
        return self.x[row], int(self.y[row])


class Named(Pairs):
    def __getitem__(self, row):
        return {"x": self.x[row].permute(1, 2, 0), "y": int(self.y[row])}


class Streamed(torch_data.IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return (self.rows[row] for row in range(len(self.rows)))


TORCH = {
    "dataset": lambda x, y: Pairs(x, y),
    "subset": lambda x, y: torch_data.Subset(Pairs(x, y), range(len(y))),
    "tensors": lambda x, y: torch_data.TensorDataset(Pairs(x, y).x, torch.from_numpy(y)),
    "loader": lambda x, y: torch_data.DataLoader(Pairs(x, y), batch_size=64),
    "shuffled": lambda x, y: torch_data.DataLoader(Pairs(x, y), batch_size=64, shuffle=True),
    "named": lambda x, y: torch_data.DataLoader(Named(x, y), batch_size=64),
    "streamed": lambda x, y: Streamed(Pairs(x, y)),
    "loader-streamed": lambda x, y: torch_data.DataLoader(Streamed(Pairs(x, y)), batch_size=64),
}


@pytest.mark.parametrize("kind", TORCH)
def test_torch_data_are_read(kind, digits):
    x, y = digits
    data = load_data(TORCH[kind](x, y))
    np.testing.assert_array_equal(data.x[..., 0], x.astype("float32") / 255)
    np.testing.assert_array_equal(data.y, y)


def test_a_sampler_that_chooses_rows_is_kept(digits):
    x, y = digits
    sampler = torch_data.SubsetRandomSampler(range(100))
    data = load_data(torch_data.DataLoader(Pairs(x, y), batch_size=30, sampler=sampler))
    assert len(data.x) == 100
    assert set(data.x.tobytes()) <= set((x[:100].astype("float32") / 255).tobytes())


def test_a_shuffled_loader_resumes_to_the_bit(digits, tmp_path):
    loader = TORCH["shuffled"](*digits)
    whole = condvae.train(loader, run=tmp_path / "whole", **QUICK)
    condvae.train(loader, run=tmp_path / "parts", **{**QUICK, "epochs": 1})
    again = {"epochs": 2, "progress": False}
    parts = condvae.train(loader, run=tmp_path / "parts", resume=True, **again)
    weights = [(run.path / "weights.safetensors").read_bytes() for run in (whole, parts)]
    assert weights[0] == weights[1]


@pytest.fixture(scope="module")
def make_model():
    import keras

    from condvae.models import build_model
    from condvae.spec import Signature, Spec

    def make():
        keras.utils.set_random_seed(0)
        spec = Spec().override(latent_dim=2, hidden_dims=(7,))
        model = build_model(spec, Signature((8, 8, 1), (10,)))
        model.compile("adam")
        return model

    return make


def steps_of(kind):
    """The number of steps, which Keras needs for a loader without a length."""
    return {"steps_per_epoch": 7} if kind == "loader-streamed" else {}


@pytest.mark.parametrize("kind", ["loader", "named", "loader-streamed"])
def test_torch_loaders_through_fit(kind, digits, make_model):
    x, y = digits
    arrays = {"x": x[..., None].astype("float32") / 255, "y": y.astype("int32")}
    oracle = make_model()
    settings = {"epochs": 2, "verbose": 0}
    history = oracle.fit(
        arrays, batch_size=64, shuffle=False, validation_data=arrays, **settings
    ).history
    model, loader, steps = make_model(), TORCH[kind](x, y), steps_of(kind)
    fitted = model.fit(loader, validation_data=TORCH["loader"](x, y), **settings, **steps)
    np.testing.assert_allclose(fitted.history["loss"], history["loss"], rtol=1e-5)
    np.testing.assert_allclose(fitted.history["val_loss"], history["val_loss"], rtol=1e-5)
    for ours, theirs in zip(model.get_weights(), oracle.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["loader", "named", "shuffled", "loader-streamed"])
def test_a_class_beyond_the_range_in_a_loader(kind, digits, make_model):
    x, y = digits
    wrong = y.copy()
    wrong[-1] = 12
    model = make_model()
    before = model.get_weights()
    with pytest.raises(InputError, match="class codes"):
        model.fit(TORCH[kind](x, wrong), epochs=1, verbose=0, **steps_of(kind))
    # batches are fetched ahead: the error may come before the first step, whose weights stay
    assert [w.shape for w in model.get_weights()] == [w.shape for w in before]
    model.fit(TORCH["loader"](x, y), epochs=1, verbose=0)
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
