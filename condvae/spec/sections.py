"""The sections of a spec: frozen plain data whose defaults apply where nothing is chosen."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from condvae.files.frozen import Count, Fraction, Frozen, OneOf, Positive, Seed
from condvae.likelihoods import AUTO, LIKELIHOODS, check_owner
from condvae.spec.architectures import ARCHITECTURES, check_takes


def _rising(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    """The ends of a range, black and white."""
    if ends is not None and ends[0] >= ends[1]:
        raise ValueError("black must be below white, as in 0,255")
    return ends


def _as_texts(weights: Any) -> Any:
    """Weights of classes as `--class-weight` writes them: "balanced", or "cat=2.0" for each."""
    if isinstance(weights, str):
        return (weights,)
    if isinstance(weights, Mapping):
        return tuple(f"{label}={weight}" for label, weight in weights.items())
    return weights


class DataSpec(Frozen):
    """Which data, and how they are split.

    Attributes:
        source: a set's name or a path; empty for arrays handed over in Python.
        validation: the fraction of the training images held out, or "test": the test images
            serve as validation (the original notebook's protocol, said with every figure).
        test: the fraction held out for testing where the source brings no test set of its own.
        split_seed: seed of the stratified splits.
        labelled: training rows whose label is used, as many of each class; the others train a
            classifier without one. None: all, and no classifier.
        labelled_seed: seed of which these are.
        task: what is given: "class" (the label, or the named conditions), "image" (a set's other
            image, where x is its label map, say), or a part of x, the rest of which is predicted:
            "quadrants", "halves", "blocks", or "random" parts (see `masks`).
        observed: quadrants that are given, of "quadrants".
        conditions: the columns that are given, such as "digit" or, where their values do not tell
            the kind, "slant:continuous" (categorical, continuous, multi_label, image, ordinal);
            or what stands in the names of images, "{age}_{gender}_*" or "age={age}_*".
        ignore: columns that are left out.
        kinds: of a table's columns, what they are where the cells do not tell: "zip:class",
            "age:number", "day:date:%d/%m/%Y", "key:id" or "remark:text".
        missing: what stands for a missing cell besides NA and the like: "-999", or in one column
            "income:99999".
        delimiter: between the cells of a text file; empty: what divides its rows.
        encoding: of a text file; empty: UTF-8, UTF-16 or cp1252, by its bytes.
        decimal: the decimal sign of a table's numbers; empty: by its cells.
        rules: that each row of a table keeps, generated ones too: "`start` <= `end`",
            "`a` + `b` == `total`", "18 <= `age` <= 99", "unique `key`", "fixed `city`, `country`".
        scaling: of a table's numbers: "quantile", whatever their distribution, or "standard".
        image_shape: (height, width) or (height, width, channels) of the images that flat rows of
            numbers are; None: such rows are a table.
        channels: where arrays of images have theirs: "last", (N, height, width, channels), or
            "first", (N, channels, height, width).
        x_range: what is black and what is white in arrays: "-1,1" or "0,255"; "0,1" keeps the
            numbers as they are. None: by the numbers.
        drop_small_classes: leave out the classes of fewer images or rows than this.
        resize: (height, width) that the images of a folder are scaled to; None: as they are.
        skip_broken: pass over the images of a folder that cannot be decoded.
        mapped: leave arrays of images in their files (.npy, .h5), and read them row by row, also
            where memory would hold them; those that it would not hold are always left there.
    """

    source: str = ""
    validation: Fraction | Literal["test"] = 0.1
    test: Fraction = 0.2
    split_seed: Seed = 0
    labelled: Count | None = None
    labelled_seed: Seed = 0
    task: Literal["class", "image", "quadrants", "halves", "blocks", "random"] = "class"
    observed: Annotated[int, Field(strict=True, ge=1, le=3)] = 1
    conditions: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    decimal: Literal["", ".", ","] = ""
    rules: tuple[str, ...] = ()
    scaling: Literal["quantile", "standard"] = "quantile"
    image_shape: Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)] | None = None
    channels: Literal["last", "first"] = "last"
    x_range: Annotated[tuple[float, float] | None, AfterValidator(_rising)] = None
    drop_small_classes: Annotated[int, Field(strict=True, ge=0)] = 0
    resize: tuple[Count, Count] | None = None
    skip_broken: bool = False
    mapped: bool = False

    @property
    def masks_parts(self) -> bool:
        """Whether y is a part of x."""
        return self.task not in ("class", "image")


class ModelSpec(Frozen):
    """The networks and the distributions.

    Attributes:
        latent_dim: size of z.
        architecture: of all networks: "mlp", fully connected, "residual", of fully connected
            residual blocks, "convolutional", or another one of `spec.architectures`.
        hidden_dims: sizes of the encoder's hidden layers; the decoder has them reversed. Of
            convolutional networks the channels at 1/2, 1/4, ... of the image's size (from 64
            pixels a side on at 1/4, 1/8, ...). Another --architecture than the preset's has sizes
            of its own where none are given: 32, 64, 128 of convolutional networks.
        activation: of the hidden layers.
        activity_regularizer: on the encoder's hidden layers, a Keras name such as "l2".
        likelihood: p(x | z, y): "bernoulli" or, with a density, "continuous_bernoulli" for pixels
            in [0, 1]; "discretised_logistic" for their 256 levels, colours one given the other, or
            "logistic_mixture", which cannot be explored or exported; "normal" for any number;
            "poisson" for counts, "negative_binomial" where they vary more; "categorical" for label
            maps; "table" for columns of several kinds. "auto": by the data, bernoulli for images.
        scale: standard deviation of the normal likelihood, in units of x; or "learned", one for
            all of x, or "per_dimension", one for each of its numbers.
        components: of the logistic mixture.
        pixels: "grey" takes the levels as they are; "dynamic" binarises them anew at each
            draw, inside the model.
        output_bias: what the decoder's last bias starts from: "zeros", or "data" for the
            training pixels' means.
        decoder_start: what its first kernel starts from: "glorot", or "spread", see
            `models.initializers.spread_first`, for few latents; of tables and pixels, "factors":
            encoder and decoder are a linear model of the rows (`likelihoods.factors`) or images
            (`models.image_factors`), and what hidden layers add to it.
        prior: p(z | y): "standard" normal; "conditional", a Normal by a network of y and of the
            baseline's guess; "flow", affine couplings that know the same; "ladder", groups of z,
            each given the coarser ones and the same, which the posterior goes down too; or
            "vampprior", a mixture of the posteriors of learned pseudo-inputs.
        prior_sees: of flow, ladder and vampprior: "y", or "nothing", one p(z) for all.
        couplings: of the flow.
        coupling_dims: sizes of the hidden layers of each coupling, or of each group's networks.
        latent_groups: of the ladder: sizes of the groups of z, the coarsest first, "8,16,16".
        pseudo_inputs: of the vampprior, each as dear as one more image to encode for each row.
        baseline: a network from y to a first guess that the decoder adds to: "absent", trained
            "joint"ly, or "frozen" as it comes from the run in --from.
        encoder_sees: "x_and_y", or "x" alone.
        decoder_sees: "z_and_y", or "z" alone.
        dropout: share of the hidden values of prior and baseline that training leaves out.
        classifier_dropout: the same of the classifier, which comes with `DataSpec.labelled`.
        condition_at: where encoder, decoder and prior see y: at the "input", or at "every_layer".
        network: "cvae", or "deterministic": the baseline alone.
    """

    latent_dim: Count = 2
    architecture: Annotated[str, OneOf(lambda: ARCHITECTURES)] = "mlp"
    hidden_dims: Annotated[tuple[Count, ...], Field(max_length=100)] = (512,)
    activation: Literal["relu", "silu", "gelu", "elu", "tanh"] = "relu"
    activity_regularizer: Literal["l1", "l2"] | None = None
    likelihood: Annotated[str, OneOf(lambda: (AUTO, *LIKELIHOODS))] = AUTO
    scale: Positive | Literal["learned", "per_dimension"] = 1.0
    components: Count = 5
    pixels: Literal["grey", "dynamic"] = "grey"
    output_bias: Literal["zeros", "data"] = "zeros"
    decoder_start: Literal["glorot", "spread", "factors"] = "glorot"
    prior: Literal["standard", "conditional", "flow", "ladder", "vampprior"] = "standard"
    prior_sees: Literal["nothing", "y"] = "y"
    couplings: Annotated[int, Field(strict=True, ge=1, le=100)] = 6
    coupling_dims: Annotated[tuple[Count, ...], Field(min_length=1, max_length=100)] = (128,)
    latent_groups: Annotated[tuple[Count, ...], Field(max_length=100)] = ()
    pseudo_inputs: Count = 50
    baseline: Literal["absent", "joint", "frozen"] = "absent"
    encoder_sees: Literal["x", "x_and_y"] = "x_and_y"
    decoder_sees: Literal["z", "z_and_y"] = "z_and_y"
    dropout: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    classifier_dropout: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    condition_at: Literal["input", "every_layer"] = "input"
    network: Literal["cvae", "deterministic"] = "cvae"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.pixels == "dynamic":
            check_owner(self.likelihood, "pixels", "pixels 'dynamic' need")
        if isinstance(self.scale, str):
            check_owner(self.likelihood, "scale", f"scale {self.scale!r} needs")
        if self.components != 5:
            check_owner(self.likelihood, "components", "components need", or_auto=False)
        if self.prior == "flow" and self.latent_dim < 2:
            raise ValueError("the prior 'flow' needs a latent_dim of 2 or more")
        if self.prior_sees == "nothing" and self.prior in ("standard", "conditional"):
            raise ValueError("prior_sees 'nothing' needs the prior 'flow', 'ladder' or 'vampprior'")
        if (self.prior == "ladder") != bool(self.latent_groups):
            raise ValueError("the prior 'ladder' and latent_groups need each other")
        if self.latent_groups and sum(self.latent_groups) != self.latent_dim:
            raise ValueError(
                f"latent_groups must add up to latent_dim: {sum(self.latent_groups)} are not "
                f"{self.latent_dim}"
            )
        check_takes(self)
        return self


class ObjectiveSpec(Frozen):
    """What training minimises: reconstruction_loss + beta * kl_loss, and what comes to it.

    Attributes:
        beta: weight of the KL.
        beta_warmup: fraction of all steps, or of each cycle, in which the weight rises linearly
            from 0 to beta. Validation has beta from the beginning, so that epochs compare.
        beta_cycles: how often it does so in a training, evenly; of more than one, it falls back to
            0 at the end of each but the last.
        free_bits: nats that each latent may tell without a cost in training: see `free_bits_kl`.
        num_samples: draws of z for each image: 1 for the ELBO, K for the importance-weighted
            bound (IWAE-K), in training and in the validation loss that chooses the epoch.
        gradient: of that bound: "standard", or "dreg", doubly reparameterised.
        alpha: 1 for the CVAE, 0 for the GSNN, between them the hybrid of Sohn, Lee & Yan 2015.
        coarse_weight: of the baseline's loss on grids of 2 × 2 and 4 × 4 pixels; 0 for none.
        omission: side of the random square that training blanks in a given image, at most, as a
            share of the image; 0 for none.
        classifier_weight: of -log q(y | x) of the rows with a label, where not all have one.
        classifier_warmup: fraction of all steps in which the pull of the other rows on the
            classifier rises linearly from 0 to whole.
    """

    beta: Annotated[float, Field(strict=True, ge=0)] = 1.0
    beta_warmup: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0
    beta_cycles: Count = 1
    free_bits: Annotated[float, Field(strict=True, ge=0)] = 0.0
    num_samples: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    gradient: Literal["standard", "dreg"] = "standard"
    alpha: Annotated[float, Field(strict=True, ge=0, le=1)] = 1.0
    coarse_weight: Annotated[float, Field(strict=True, ge=0)] = 0.0
    omission: Annotated[float, Field(strict=True, ge=0, le=0.4)] = 0.0
    classifier_weight: Annotated[float, Field(strict=True, ge=0)] = 1.0
    classifier_warmup: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.gradient == "dreg" and self.num_samples == 1:
            raise ValueError("the gradient 'dreg' needs num_samples of 2 or more")
        if self.num_samples > 1 and self.free_bits:
            raise ValueError("free_bits need num_samples 1: IWAE has no KL of its own")
        if self.num_samples > 1 and self.alpha != 1:
            raise ValueError("num_samples of 2 or more need alpha 1")
        if self.beta_cycles > 1 and not self.beta_warmup:
            raise ValueError("beta_cycles need a beta_warmup above 0")
        return self


class TrainingSpec(Frozen):
    """How the weights are found.

    Attributes:
        epochs: passes over the training images, at most.
        batch_size: images in a step; the last batch of an epoch may be shorter.
        labelled_batch: images with a label that are drawn into each step beside these, where
            not all have one.
        learning_rate: of Adam; with a schedule, its peak.
        weight_decay: of AdamW, relative to the learning rate; 0 for plain Adam.
        schedule: "constant", or "cosine" down to zero at the last of `epochs`.
        warmup: fraction of all steps in which the rate rises linearly to its peak.
        ema: momentum of the weights' running average, which then is what is validated and kept;
            0 for none.
        clip_norm: largest Euclidean norm of a step's whole gradient, in nats by unit of weight;
            a longer one is shortened to it. None: as it is.
        patience: stop after this many epochs without a better validation loss; None: never.
        condition_dropout: share of the rows in a step of which a random subset of the conditions
            is given, where there are several by name; so that any of them may be missing later.
        cell_dropout: share of the rows of a table in a step of which a random subset of the cells
            is hidden, so that any of them may be unknown later, and be imputed.
        augment: images that training changes at random, anew in each epoch: "flips", from left to
            right, "crops", moved by up to an eighth of a side.
        class_weight: how much the training rows of a class count: "balanced", as if every class
            had as many, or "cat=2", the others counting 1. Validation and all measures count each
            row once.
        freeze: networks whose weights stay as they come from the run in --from: "encoder",
            "decoder", "prior", "baseline", "classifier".
        order: of the rows in an epoch: "rows", any after any other; "windows", chunks of 1,024 rows
            that lie together, shuffled in windows of 64 chunks, which a disk gives much faster;
            "auto": windows of data that stay on disk, rows of others.
        seed: of the first weights, the order of the images and the noise.
    """

    epochs: Count = 10
    batch_size: Count = 125
    labelled_batch: Count = 50
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(strict=True, ge=0)] = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    ema: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    clip_norm: Positive | None = None
    patience: Count | None = None
    condition_dropout: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.3
    cell_dropout: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    augment: tuple[Literal["crops", "flips"], ...] = ()
    freeze: tuple[Literal["encoder", "decoder", "prior", "baseline", "classifier"], ...] = ()
    class_weight: Annotated[tuple[str, ...], BeforeValidator(_as_texts)] = ()
    order: Literal["auto", "rows", "windows"] = "auto"
    seed: Seed = 0


SECTIONS = (DataSpec, ModelSpec, ObjectiveSpec, TrainingSpec)
