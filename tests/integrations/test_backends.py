"""Keras's three backends, through `train`, resumed, and through `fit`."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

SCRIPT = """
import json, sys
import keras
import condvae

data = condvae.load_data("digits")
settings = dict(hidden_dims=(32,), schedule="constant", warmup=0.0, progress=False)
whole = condvae.train(data, epochs=3, run="whole", **settings)
condvae.train(data, epochs=1, run="run", **settings)
run = condvae.train(data, epochs=3, run="run", resume=True, **settings)
made = whole.by_keras.keras_model
model = condvae.CVAE(encoder=made.encoder, decoder=made.decoder)
model.compile(optimizer="adam")
history = model.fit({"x": data.train.x, "y": data.train.given}, epochs=2, verbose=0).history
print(json.dumps({
    "backend": keras.backend.backend(),
    "whole": whole.history["val_loss"],
    "run": run.history["val_loss"],
    "fit": history["loss"],
    "shape": whole.model.generate(3).shape,
}))
"""


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_a_backend_trains_resumes_and_fits(backend, tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["backend"] == backend
    assert found["whole"][2] < found["whole"][1] < found["whole"][0]
    assert found["run"] == pytest.approx(found["whole"], rel=1e-6)
    assert found["fit"][1] < found["fit"][0]
    assert found["shape"] == [16, 8, 8, 1]
