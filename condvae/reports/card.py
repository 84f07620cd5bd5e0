"""A model card: what a user of the model should know, as Markdown."""

from collections.abc import Mapping

from condvae.reports.metrics_file import Metrics
from condvae.runs import Run


def model_card(
    run: Run, metrics: Metrics, words: Mapping[str, str], address: str | None = None
) -> str:
    """The card's text.

    Args:
        metrics: without measures if nothing was measured.
        words: title -> the measure as text, several lines.
        address: argument of `condvae.load`; None: the run's name.

    Source: Mitchell et al. 2019, "Model cards for model reporting" (its sections).
    """
    record = run.record
    model = record.spec.model
    sizes = {
        name: part["size"] for name, part in record.data.splits.items() if isinstance(part, dict)
    }
    readings = (
        f"The test split was read by {metrics.test_readings} evaluation(s) of this run so far."
    )
    faults = metrics.faults or ("The doctor found no fault.",)
    if not metrics.measures:
        readings, faults = "None: the run was not evaluated.", ("Not checked.",)
    lines = [
        f"# {metrics.run}",
        "",
        f"A conditional variational autoencoder p(x | y), made with condvae {metrics.condvae}.",
        "",
        "## Model",
        "",
        f"- given: {record.condition}",
        f"- {model.latent_dim} latents, {model.architecture} networks {model.hidden_dims}, prior "
        f"{model.prior}, likelihood {model.likelihood}",
        f"- preset {record.preset or 'none'}, trained {record.created}, status {record.status}",
        "",
        "## Data",
        "",
        f"- {record.data.name or 'arrays'}; sha256 {record.data.fingerprint}",
        f"- {record.preprocessing.assumption}",
        "- " + ", ".join(f"{size:,} {name}" for name, size in sizes.items()),
        "",
        "## Measures",
        "",
        readings,
        "",
    ]
    for title, text in words.items():
        lines += [f"### {title}", "", *(f"    {line}" for line in text.splitlines()), ""]
    lines += [
        "## Known faults",
        "",
        *(f"- {fault}" for fault in faults),
        "",
        "## Use",
        "",
        "Generated rows are draws from a model, not observed records; if the data are about "
        "people, check the measure of memorisation before sharing either.",
        "",
        "```python",
        "import condvae",
        "",
        f'model = condvae.load("{address or metrics.run}")',
        "```",
    ]
    return "\n".join(lines) + "\n"
