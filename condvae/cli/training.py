"""condvae demo, condvae train."""

import shlex
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from condvae.checks import InputError, check_choice
from condvae.cli.arguments import DataDir, load_dataset, numbers
from condvae.cli.looking import evaluate, plot
from condvae.spec.presets import PRESETS, READING

# the exit codes that a shell gives a process which such a signal has ended
INTERRUPTED, TERMINATED = 130, 143
MOST_CONFIG_BYTES = 2**20
SCALES = ("learned", "per_dimension")


@Parameter(name="*")
@dataclass(frozen=True)
class Settings:
    """Single settings that replace those of the preset.

    Attributes:
        epochs: Passes over the training images, at most.
        batch_size: Images in a step.
        learning_rate: Of Adam; with a schedule, its peak.
        weight_decay: Of AdamW, relative to the learning rate; 0 for plain Adam.
        schedule: How the rate changes.
        warmup: Fraction of the steps in which the rate rises to its peak.
        ema: Momentum of the weights' running average, which is then validated and kept.
        clip_norm: Largest norm of a step's gradient; a longer one is shortened to it.
        patience: Stop after so many epochs without a better validation loss.
        seed: Of the first weights, the order and the noise.
        latent_dim: Size of z.
        architecture: Of all networks: fully connected, in residual blocks, or convolutional.
        hidden_dims: Sizes of the encoder's hidden layers, such as 512,256; or channels by level.
        activation: Of the hidden layers.
        activity_regularizer: On the encoder's hidden layers.
        output_bias: What the decoder's last bias starts from.
        decoder_start: Its first kernel: for many inputs, or for few such as two latents.
        likelihood: Of the pixels, or of a table's columns; auto chooses by the data.
        scale: Standard deviation of the normal likelihood: a number, learned, or per_dimension.
        pixels: Grey levels as they are, or binarised anew at each draw.
        prior: p(z | y): standard, a Normal by a network of y, a flow, or a VampPrior.
        prior_sees: What flow and VampPrior see: y, or nothing.
        couplings: Of the flow.
        coupling_dims: Sizes of a coupling's hidden layers, such as 128,128.
        pseudo_inputs: Of the VampPrior.
        baseline: A network from y to a first guess; frozen as it comes from --from, or joint.
        encoder_sees: x and y, or x alone.
        decoder_sees: z and y, or z alone.
        dropout: Share of the hidden values of prior and baseline that training leaves out.
        classifier_dropout: The same of the classifier.
        network: The conditional VAE, or its baseline alone.
        beta: Weight of the KL.
        beta_warmup: Fraction of the steps, or of each cycle, in which it rises from 0.
        beta_cycles: How often it does so.
        free_bits: Nats that each latent may tell without a cost.
        num_samples: Draws of z for each image: 1 for the ELBO, more for IWAE.
        gradient: Of IWAE: standard, or doubly reparameterised.
        alpha: 1 for the CVAE, 0 for the GSNN, between them the hybrid.
        coarse_weight: Of the baseline's loss on coarser grids.
        classifier_weight: Of the labels in the classifier's loss.
        classifier_warmup: Fraction of the steps in which the other rows' pull on it rises from 0.
        omission: Side of the random square that training blanks in a given image, at most 0.4.
        task: What is given: the class, another image, or a part of x, to predict the rest.
        observed: Quadrants that are given.
        validation: Fraction of the training images held out, or "test".
        test: Fraction held out where the data bring no test set.
        split_seed: Seed of the splits.
        labelled: Training rows whose label is used, as many of each class; the others have none.
        labelled_seed: Seed of which these are.
        labelled_batch: Images with a label that are drawn into each step beside the others.
        conditions: A column that is given, such as digit, or slant:continuous; once for each.
        ignore: A column that is left out; once for each.
        scaling: Of a table's numbers, by their quantiles or by mean and deviation.
        resize: Height,width that the images of a folder are scaled to.
        skip_broken: Pass over the images of a folder that cannot be decoded.
        condition_dropout: Share of the rows in a step that learn with a subset of the conditions.
        condition_at: Where the networks see y: at the input, or at every hidden layer.
        components: Of the logistic mixture.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    schedule: Literal["constant", "cosine"] | None = None
    warmup: float | None = None
    ema: float | None = None
    clip_norm: float | None = None
    patience: int | None = None
    seed: int | None = None
    latent_dim: int | None = None
    architecture: Literal["mlp", "residual", "convolutional"] | None = None
    hidden_dims: str | None = None
    activation: Literal["relu", "silu", "gelu", "elu", "tanh"] | None = None
    activity_regularizer: Literal["l1", "l2"] | None = None
    output_bias: Literal["zeros", "data"] | None = None
    decoder_start: Literal["glorot", "spread"] | None = None
    encoder_sees: Literal["x", "x_and_y"] | None = None
    likelihood: (
        Literal[
            "auto",
            "bernoulli",
            "continuous_bernoulli",
            "normal",
            "logistic_mixture",
            "poisson",
            "categorical",
            "table",
        ]
        | None
    ) = None
    scale: str | None = None
    pixels: Literal["grey", "dynamic"] | None = None
    prior: Literal["standard", "conditional", "flow", "vampprior"] | None = None
    prior_sees: Literal["nothing", "y"] | None = None
    couplings: int | None = None
    coupling_dims: str | None = None
    pseudo_inputs: int | None = None
    baseline: Literal["absent", "joint", "frozen"] | None = None
    decoder_sees: Literal["z", "z_and_y"] | None = None
    dropout: float | None = None
    classifier_dropout: float | None = None
    network: Literal["cvae", "deterministic"] | None = None
    beta: float | None = None
    beta_warmup: float | None = None
    beta_cycles: int | None = None
    free_bits: float | None = None
    num_samples: int | None = None
    gradient: Literal["standard", "dreg"] | None = None
    alpha: float | None = None
    coarse_weight: float | None = None
    classifier_weight: float | None = None
    classifier_warmup: float | None = None
    omission: float | None = None
    task: Literal["class", "image", "quadrants", "halves", "blocks", "random"] | None = None
    observed: Literal[1, 2, 3] | None = None
    validation: float | Literal["test"] | None = None
    test: float | None = None
    split_seed: int | None = None
    labelled: int | None = None
    labelled_seed: int | None = None
    labelled_batch: int | None = None
    conditions: Annotated[tuple[str, ...] | None, Parameter(name="--condition", negative="")] = None
    ignore: Annotated[tuple[str, ...] | None, Parameter(negative="")] = None
    scaling: Literal["quantile", "standard"] | None = None
    resize: str | None = None
    skip_broken: Annotated[bool | None, Parameter(negative="")] = None
    condition_dropout: float | None = None
    condition_at: Literal["input", "every_layer"] | None = None
    components: int | None = None

    def given(self) -> dict[str, Any]:
        """The settings that were given."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.hidden_dims is not None:
            values["hidden_dims"] = numbers(self.hidden_dims, "--hidden-dims", int)
        if self.coupling_dims is not None:
            values["coupling_dims"] = numbers(self.coupling_dims, "--coupling-dims", int)
        if self.resize is not None:
            values["resize"] = numbers(self.resize, "--resize", int)
        if self.scale is not None and self.scale not in SCALES:
            (values["scale"],) = numbers(self.scale, "--scale", float)
        return {name: value for name, value in values.items() if value is not None}


def demo(*, run: Path | None = None) -> int:
    """Train on the embedded digits, evaluate, draw every figure: the two-minute tour.

    Args:
        run: Where to write; runs/digits-demo when not given.
    """
    from condvae.runs import new_run_path

    path = run or new_run_path("digits-demo")
    code = train("digits", run=path)
    if code == 0:
        print()
        evaluate(path)
        print()
        plot(path)
        print(
            f"\nNow look at {path / 'figures'}, or: condvae generate {path} --given 3 --out 3.png"
        )
    return code


def train(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    preset: str | None = None,
    run: Path | None = None,
    config: Path | None = None,
    start_from: Annotated[Path | None, Parameter(name="--from")] = None,
    resume: Annotated[bool, Parameter(negative="")] = False,
    data_dir: DataDir = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    settings: Settings = Settings(),
) -> int:
    """Train a conditional VAE; what Ctrl-C or SIGTERM ends, --resume completes.

    Exit codes: 0 done, 2 a mistake in the input or a full disk, 130 Ctrl-C, 143 SIGTERM.

    Args:
        source: A set's name or a path.
        preset: See `condvae presets`; chosen by the number of images when not given.
        run: The run folder to make; runs/DATA-PRESET when not given.
        config: A JSON file with a whole spec, as `condvae presets NAME` prints.
        start_from: A run whose weights are the first ones.
        resume: Go on with the run in --run (or the last of the default name) from its last
            checkpoint, as if it had never stopped; with --epochs N to another number of epochs.
            Where there is no run yet, one begins.
        dry_run: Tell what would happen, with an estimate of time and memory; write nothing.
    """
    from condvae.evaluation import can_examine, diagnose, examine
    from condvae.training import estimate, explain_likelihood, resolve_spec
    from condvae.training import train as train_model

    spec = read_config(config)
    arguments = {
        "preset": preset,
        "spec": spec,
        "run_dir": run,
        "start_from": start_from,
        **settings.given(),
    }
    if preset is not None:
        check_choice(preset, PRESETS, "preset")  # before data are loaded, or even downloaded
    if dry_run and resume:
        raise InputError(
            "--dry-run and --resume exclude each other", "both", "Leave one of them out."
        )
    reading = {name: value for name, value in settings.given().items() if name in READING}
    dataset = load_dataset(source, data_dir, spec and spec.data, **reading)
    if dry_run:
        print(estimate(dataset, **arguments))
        return 0
    print(
        f"{dataset.name}: {len(dataset.x):,} {dataset.unit}; {dataset.assumption}", file=sys.stderr
    )
    print(f"given: {dataset.condition}", file=sys.stderr)
    if not resume:
        _, whole = resolve_spec(dataset, preset, spec, settings.given())
        why = explain_likelihood(dataset, whole.model.likelihood)
        print(f"likelihood {why}", file=sys.stderr)
    finished = train_model(dataset, **arguments, resume=resume)
    figures = finished.record.figures
    if figures is not None:
        print(
            f"validation -ELBO {-figures.val_elbo:.2f} nats = reconstruction_loss "
            f"{figures.val_reconstruction_loss:.2f} + kl_loss {figures.val_kl_loss:.2f}, "
            f"epoch {figures.best_epoch} of {figures.epochs}\n({figures.comparability})"
        )
    print(f"run: {finished.path}")
    status = finished.record.status
    if status == "finished":
        if can_examine(finished):
            for sentence in diagnose(examine(finished, dataset)):
                print(f"doctor: {sentence}", file=sys.stderr)
        return 0
    again = shlex.join(["condvae", "train", source, "--run", str(finished.path), "--resume"])
    print(f"{status}: {finished.path} keeps what was done; `{again}` goes on", file=sys.stderr)
    return TERMINATED if status == "terminated" else INTERRUPTED


def read_config(path: Path | None) -> Any:
    """The Spec in a JSON file."""
    if path is None:
        return None
    from condvae.spec import Spec

    if not path.is_file() or path.stat().st_size > MOST_CONFIG_BYTES:
        raise InputError(
            f"--config must be a JSON file of at most {MOST_CONFIG_BYTES:,} bytes",
            f"{path}, which is larger" if path.is_file() else f"{path}, which is none",
            "Check the path.",
        )
    return Spec.parse(path.read_bytes())
