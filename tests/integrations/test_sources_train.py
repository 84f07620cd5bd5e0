"""Each source of docs/data-sources.md through `train`, resumed to the bit, and `CVAE.fit`."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import condvae
from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.models import build_model
from condvae.spec import Signature, Spec

pytestmark = pytest.mark.integration

SETTINGS = {"preset": "small", "hidden_dims": (8,), "schedule": "constant", "warmup": 0.0}


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return np.rint(x.reshape(-1, 8, 8) * 255 / 16).astype("uint8")[:200], y[:200]


def pandas_frame(x, y):
    return pytest.importorskip("pandas").DataFrame({"image": list(x), "label": y})


def polars_frame(x, y):
    frame = pandas_frame([png(image) for image in x], y)
    return pytest.importorskip("polars").from_pandas(frame)


def png(image):
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    return file.getvalue()


def arrow_table(x, y):
    return polars_frame(x, y).to_arrow()


def hugging_face(x, y):
    datasets = pytest.importorskip("datasets")
    return datasets.Dataset.from_dict(
        {"image": [{"bytes": png(image), "path": None} for image in x], "label": y},
        features=datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")}),
    )


def xarray_array(x, y):
    xarray = pytest.importorskip("xarray")
    return xarray.DataArray(x, dims=("row", "height", "width"), coords={"label": ("row", y)})


def torch_dataset(x, y):
    torch = pytest.importorskip("torch")
    return torch.utils.data.TensorDataset(torch.from_numpy(x[:, None]), torch.from_numpy(y))


def torch_loader(x, y):
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch_dataset(x, y), batch_size=64, shuffle=True)


def tensorflow_data(x, y):
    tensorflow = pytest.importorskip("tensorflow")
    return tensorflow.data.Dataset.from_tensor_slices((x, y)).batch(64)


def generator(x, y):
    return ((x[n : n + 64], y[n : n + 64]) for n in range(0, len(x), 64))


def annotated(x, y):
    import pandas
    from scipy import sparse

    obs = pandas.DataFrame({"label": y}, index=[f"cell {n}" for n in range(len(y))])
    return pytest.importorskip("anndata").AnnData(sparse.csr_matrix(x.reshape(len(x), -1)), obs=obs)


SOURCES = {
    source.__name__: source
    for source in (
        *(pandas_frame, polars_frame, arrow_table, hugging_face, xarray_array),
        *(torch_dataset, torch_loader, tensorflow_data, generator, annotated),
    )
}
READING = {"annotated": {"conditions": ("label",), "image_shape": (8, 8)}}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_trains_and_resumes_to_the_bit(kind, digits, tmp_path):
    make, reading = SOURCES[kind], READING.get(kind, {})
    oracle = Dataset.from_arrays(*digits)
    whole = condvae.train(oracle, run=tmp_path / "whole", epochs=2, progress=False, **SETTINGS)
    where = {"run": tmp_path / "parts", "progress": False, **reading}
    condvae.train(make(*digits), epochs=1, **where, **SETTINGS)
    if kind == "generator":
        with pytest.raises(InputError, match="requires data that can be read again"):
            condvae.train(make(*digits), epochs=2, resume=True, **where)
        return
    parts = condvae.train(make(*digits), epochs=2, resume=True, **where)
    weights = [(run.path / "weights.safetensors").read_bytes() for run in (whole, parts)]
    assert parts.record.status == "finished"
    assert weights[0] == weights[1]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_is_fitted(kind, digits):
    data = load_data(SOURCES[kind](*digits), **READING.get(kind, {}))
    model = build_model(
        Spec().override(latent_dim=2, hidden_dims=(7,)), Signature((8, 8, 1), (10,))
    )
    model.compile("adam")
    batch = {"x": data.train.x, "y": data.train.given}
    history = model.fit(batch, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    with pytest.raises(InputError, match="class codes"):
        model.fit({**batch, "y": batch["y"] + 1}, verbose=0)
