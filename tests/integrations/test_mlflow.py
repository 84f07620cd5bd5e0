"""A training's reports, read by MLflow's own client from a store in a local file."""

import pytest
from tracked_run import LINE, tracked

# SQLAlchemy 2.1 warns of what MLflow 3.17 does with it
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The run, its id, and a client of the store."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'store.db'}")
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "trials")
        run, track_id = tracked(folder, "mlflow")
        from mlflow import MlflowClient

        yield run, track_id, MlflowClient()


def test_it_is_one_run_of_the_experiment(found):
    _, track_id, client = found
    (experiment,) = (e for e in client.search_experiments() if e.name == "trials")
    (only,) = client.search_runs([experiment.experiment_id])
    assert only.info.run_id == track_id
    assert (only.info.run_name, only.info.status) == ("run", "FINISHED")
    assert only.data.params["model.hidden_dims"] == "8"
    assert only.data.params["training.epochs"] == "3"  # MLflow's cannot change


def test_every_epoch_has_its_figures_once(found):
    run, track_id, client = found
    for name, values in run.history.items():
        if name != "epoch":
            read = client.get_metric_history(track_id, name)
            assert [metric.step for metric in read] == [1, 2, 3, 4, 5]
            assert [metric.value for metric in read] == values
    assert len(client.get_metric_history(track_id, "images_per_second")) == 5


def test_pictures_and_results_are_there(found):
    run, track_id, client = found
    names = {file.path.split("/")[-1] for file in client.list_artifacts(track_id, "images")}
    for epoch in (1, 2, 3, 4, 5):
        assert any(name.startswith(f"samples+step+{epoch}+") for name in names)
    assert any(name.startswith("curves+step+5+") for name in names)
    told = client.get_run(track_id).data
    assert told.metrics["run/val_elbo"] == run.record.figures.val_elbo
    assert told.metrics["test/Bound- of all/elbo"] == -3.5  # MLflow's names hold no comma
    assert told.tags["test/Bound- of all/comparability"] == LINE
