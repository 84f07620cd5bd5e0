"""TensorBoard's own reader on what a training has written."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tracked_run import LINE, tracked

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The run, and what TensorBoard reads in its folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run, name = tracked(tmp_path_factory.mktemp("tensorboard"), "tensorboard")
    events = EventAccumulator(str(run.path / name), size_guidance={"images": 0, "tensors": 0})
    return run, events.Reload()


WITHOUT = """
import sys
from pathlib import Path
sys.modules["tensorflow"] = None  # as where it is not installed
sys.path.insert(0, sys.argv[2])
from tracked_run import tracked
run, name = tracked(Path(sys.argv[1]), "tensorboard")
assert list((run.path / name).iterdir())
"""


def test_it_needs_no_tensorflow(tmp_path):
    command = [sys.executable, "-c", WITHOUT, str(tmp_path), str(Path(__file__).parent)]
    subprocess.run(command, check=True)


def test_every_epoch_has_its_figures_once(found):
    run, events = found
    for name, values in run.history.items():
        if name != "epoch":
            read = events.Scalars(name)
            assert [event.step for event in read] == [1, 2, 3, 4, 5]
            assert [event.value for event in read] == pytest.approx(values)
    assert len(events.Scalars("images_per_second")) == 5


def test_pictures_settings_and_results_are_there(found):
    run, events = found
    samples = events.Images("samples")
    assert [event.step for event in samples] == [1, 2, 3, 4, 5]  # 3 was the last one, first
    picture = Image.open(io.BytesIO(samples[-1].encoded_image_string))
    assert picture.size == (8 * 6 - 1, 3 * 7 - 1)
    assert [event.step for event in events.Images("curves")] == [3, 5]
    settings = events.Tensors("settings")[0].tensor_proto.string_val[0].decode()
    assert "| model.hidden_dims | 8 |" in settings
    assert events.Scalars("run/val_elbo")[-1].value == pytest.approx(run.record.figures.val_elbo)
    assert events.Scalars("test/Bound, of all/elbo")[-1].value == -3.5
    (line,) = events.Tensors("test/Bound, of all/comparability")
    assert line.tensor_proto.string_val[0].decode() == LINE
    plugin = events.SummaryMetadata("settings").plugin_data.plugin_name
    assert plugin == "text"


def test_an_epoch_that_is_done_again_counts_once(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from condvae.tracking.tensorboard import TensorBoard

    first = TensorBoard.open("run", tmp_path, {}, None, 0)
    for epoch in (1, 2, 3):
        first.figures({"loss": epoch}, epoch)
    first.close(False)  # the last checkpoint was of the first epoch
    again = TensorBoard.open("run", tmp_path, {}, first.id, 1)
    again.figures({"loss": 20}, 2)
    again.close(True)
    events = EventAccumulator(str(tmp_path / first.id)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 1), (2, 20)]
