"""Sharing a run: the record without folders and single rows, checksums on arrival."""

from pathlib import PurePath

from condvae.runs.record import DataRecord, RunRecord
from condvae.runs.run import Run

# Smallest number of training rows with one condition: fewer could be identified by it.
LEAST_ROWS = 10
# The fields that are shared; fields added to the record later are not, until they are named here.
FIELDS = (
    *("status", "created", "preset", "start_from", "spec", "condition", "preprocessing", "data"),
    *(
        "versions",
        "devices",
        "processes",
        "networks",
        "callbacks",
        "ended_by",
        "optimizer",
        "model_class",
    ),
    *("keras_config", "resumed", "figures"),
)


def shared_run(run: Run) -> Run:
    """The run with the record for others; its weights, graphs and history are the same."""
    return Run(run.path, shared_record(run.record))


def shared_record(record: RunRecord) -> RunRecord:
    """The record without folders of this machine, keys of rows, and conditions of few rows."""
    parts = {name: getattr(record, name) for name in FIELDS}
    data, spec, table = record.data, record.spec, record.preprocessing.table
    source = {"source": _last(spec.data.source)}
    parts["spec"] = spec.model_copy(update={"data": spec.data.model_copy(update=source)})
    parts["data"] = data.model_copy(
        update={"name": _last(data.name), "conditions": _frequent(data)}
    )
    parts["start_from"] = None if record.start_from is None else _last(record.start_from)
    if table is not None:
        without = {"table": table.without_keys()}
        parts["preprocessing"] = record.preprocessing.model_copy(update=without)
    if record.figures is not None:
        line = without_folder(record.figures.comparability, data)
        parts["figures"] = record.figures.model_copy(update={"comparability": line})
    return RunRecord(**parts)


def without_folder(line: str, data: DataRecord) -> str:
    """A comparability line, which starts with the name of the data, without their folder."""
    if data.name and line.startswith(f"{data.name} {data.fingerprint[:8]}"):
        return _last(data.name) + line.removeprefix(data.name)
    return line


def check_sums(run: Run) -> None:
    """Read and verify all files of a run from elsewhere.

    Raises:
        InputError: a tensor, the graphs or the history are damaged; the record was verified before.
    """
    stored = run.stored_weights()
    stored.read(stored.shapes)
    _ = run.graphs, run.history


def what_is_told(record: RunRecord) -> list[str]:
    """Sentences on what the shared record reveals about the data, and what it does not."""
    told = [
        f"About the data {_last(record.data.name) or 'arrays'} the record reveals sizes, a sha256, "
        "the names of classes and the range of conditions; no row, and no folder of this machine."
    ]
    if record.preprocessing.table is not None:
        told.append(
            "For each column it reveals the classes or frequent values, and about 200 quantiles, "
            "including the smallest and largest value: for a small table, almost every value."
        )
    few = sum(count for count, _ in record.data.conditions or () if count < LEAST_ROWS)
    if few:
        told.append(
            f"Conditions of fewer than {LEAST_ROWS} training rows are omitted "
            f"({few:,} rows): they are generated only on request."
        )
    return told


def _frequent(data: DataRecord) -> tuple[tuple[int, tuple[float, ...]], ...] | None:
    """The conditions that many training rows share; None if there are none."""
    return tuple(c for c in data.conditions or () if c[0] >= LEAST_ROWS) or None


def _last(name: str) -> str:
    """The last component of a name that may be a path."""
    return PurePath(name).name or ("data" if name else "")
