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
        source: the name of a data set, or a path; empty for arrays passed from Python.
        validation: fraction of the training images that is held out for validation. "test" uses the
            test images instead, as the original notebook did; every figure then says so.
        test: fraction that is held out for testing if the source has no test set of its own.
        split_seed: seed of the stratified splits.
        labelled: number of training rows whose label is used, the same number from each class. The
            other rows train the classifier without a label. None: all labels are used, and there is
            no classifier.
        labelled_seed: seed of the choice of these rows.
        task: what the model is given: "class" (the label, or the named conditions), "image" (a
            second image, for example the photograph of a label map), or a part of x from which it
            predicts the rest: "quadrants", "halves", "blocks" or "random" (see `masks`).
        observed: number of quadrants that are given, for the task "quadrants".
        conditions: the columns that are given, such as "digit". Add a kind if the values do not
            show it, as in "slant:continuous" (categorical, continuous, date, multi_label,
            image, ordinal). For images, a pattern of their file names: "{age}_{gender}_*" or
            "age={age}_*".
        ignore: columns that are not used.
        kinds: kinds of columns of a table that its cells do not show: "zip:class", "age:number",
            "day:date:%d/%m/%Y", "key:id" or "remark:text".
        missing: text that marks a missing cell, in addition to NA and the like: "-999", or for one
            column "income:99999".
        delimiter: character between the cells of a text file; empty: detected.
        encoding: encoding of a text file; empty: UTF-8, UTF-16 or cp1252, detected.
        decimal: decimal sign of the numbers of a table; empty: detected.
        rules: rules that every row of a table obeys, generated rows included: "`start` <= `end`",
            "`a` + `b` == `total`", "18 <= `age` <= 99", "unique `key`", "fixed `city`, `country`".
        scaling: how the numbers of a table are scaled: "quantile" for any distribution, or
            "standard".
        image_shape: (height, width) or (height, width, channels) of images that are stored as flat
            rows of numbers. None: such rows are a table.
        channels: position of the channels in arrays of images: "last" for (N, height, width,
            channels), "first" for (N, channels, height, width).
        x_range: the values of black and white in arrays: "-1,1" or "0,255"; "0,1" keeps the numbers
            unchanged. None: detected.
        drop_small_classes: leave out classes with fewer images or rows than this.
        resize: (height, width) to which the images of a folder are scaled. None: not scaled.
        skip_broken: skip images of a folder that cannot be decoded.
        sample_rows: number of rows that decide what the columns of a packed table are, and on which
            its scales are measured. Classes and ranges are always those of all rows.
        mapped: leave arrays of images in their files (.npy, .h5) and read the rows when they are
            needed, even if they fit into memory. Arrays that do not fit always stay in their files.
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
    sample_rows: Count = 100_000
    mapped: bool = False

    @property
    def masks_parts(self) -> bool:
        """Whether y is a part of x."""
        return self.task not in ("class", "image")


class ModelSpec(Frozen):
    """The networks and the distributions.

    Attributes:
        latent_dim: number of latents, the size of z.
        architecture: architecture of all networks: "mlp" (fully connected), "residual" (fully
            connected residual blocks), "convolutional", or another name in `spec.architectures`.
        hidden_dims: sizes of the encoder's hidden layers; the decoder has them in reverse order.
            For convolutional networks, the numbers of channels at 1/2, 1/4, ... of the image size
            (at 1/4, 1/8, ... from 64 pixels a side on). If you choose another --architecture than
            the preset and no sizes, that architecture's own apply: 32, 64, 128 for convolutional
            networks.
        activation: activation of the hidden layers.
        activity_regularizer: regulariser of the encoder's hidden activations, a Keras name such as
            "l2".
        likelihood: p(x | z, y). For pixels in [0, 1], "bernoulli" or, with a normalised density,
            "continuous_bernoulli"; for their 256 levels, "discretised_logistic" (each colour given
            the previous ones) or "logistic_mixture", which cannot be explored or exported; "normal"
            for any number; "poisson" for counts, "negative_binomial" for counts that vary more;
            "categorical" for label maps; "table" for columns of several kinds. "auto" chooses by
            the data; for images, bernoulli.
        scale: standard deviation of the normal likelihood, in units of x; "learned" learns one for
            all of x, "per_dimension" one for each of its numbers.
        components: number of components of the logistic mixture.
        pixels: "grey" uses the grey levels unchanged; "dynamic" draws binary pixels from them for
            each batch, inside the model.
        output_bias: initial value of the decoder's last bias: "zeros", or "data" for the mean of
            the training pixels.
        decoder_start: initial value of the decoder's first kernel: "glorot", or "spread" for few
            latents (see `models.initializers.spread_first`). For tables and pixels, "factors":
            encoder and decoder start as a linear model of the rows (`likelihoods.factors`) or
            images (`models.image_factors`), to which the hidden layers add.
        prior: p(z | y): "standard", the standard normal; "conditional", a normal whose parameters a
            network computes from y and the baseline's guess; "flow", affine couplings given the
            same; "ladder", groups of latents, each given the coarser ones and the same; or
            "vampprior", a mixture of the posteriors of learned pseudo-inputs.
        prior_sees: what flow, ladder and vampprior depend on: "y", or "nothing" for one p(z).
        couplings: number of coupling layers of the flow.
        coupling_dims: sizes of the hidden layers of each coupling, or of the networks of each group
            of latents.
        latent_groups: sizes of the groups of latents of the ladder, the coarsest first: "8,16,16".
        pseudo_inputs: number of pseudo-inputs of the vampprior. Each costs as much as encoding one
            more image for every row.
        baseline: network that computes a first guess from y, to which the decoder adds: "absent",
            trained "joint"ly with the rest, or "frozen" with the weights of --start-from.
        encoder_sees: inputs of the encoder: "x_and_y", or "x" alone.
        decoder_sees: inputs of the decoder: "z_and_y", or "z" alone.
        dropout: dropout rate in the hidden layers of prior and baseline.
        classifier_dropout: dropout rate of the classifier, which exists with `DataSpec.labelled`.
        condition_at: where encoder, decoder and prior receive y: at the "input", or at
            "every_layer".
        network: "cvae", or "deterministic" for the baseline alone.
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
    """What training minimises: reconstruction_loss + beta * kl_loss, and additional terms.

    Attributes:
        beta: weight of the KL.
        beta_warmup: fraction of all steps, or of each cycle, in which the weight of the KL rises
            linearly from 0 to beta. Validation always uses the full beta, so that epochs compare.
        beta_cycles: number of such warm-ups in a training, evenly spaced. With more than one, the
            weight falls back to 0 at the end of each cycle but the last.
        free_bits: nats that each latent may tell without a cost in training (see `free_bits_kl`).
        num_samples: number of draws of z for each image: 1 for the ELBO, K for the
            importance-weighted bound (IWAE-K), in training and in the validation loss that chooses
            the epoch.
        gradient: gradient of that bound: "standard", or "dreg" (doubly reparameterised).
        alpha: 1 for the CVAE, 0 for the GSNN, a number between them for the hybrid of Sohn, Lee &
            Yan 2015.
        coarse_weight: weight of the baseline's loss on grids of 2 × 2 and 4 × 4 pixels; 0 for none.
        perceptual: weight of the distance of an image and its reconstruction in the features of a
            small network, which first learns the classes of the training images; 0 for none. It is
            not part of the bound.
        omission: largest side of the random square that training blanks in a given image, as a
            fraction of the image; 0 for none.
        classifier_weight: weight of -log q(y | x) for rows with a label, if only some rows have
            one.
        classifier_warmup: fraction of all steps in which the influence of rows without a label on
            the classifier rises linearly from 0 to its full value.
    """

    beta: Annotated[float, Field(strict=True, ge=0)] = 1.0
    beta_warmup: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0
    beta_cycles: Count = 1
    free_bits: Annotated[float, Field(strict=True, ge=0)] = 0.0
    num_samples: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    gradient: Literal["standard", "dreg"] = "standard"
    alpha: Annotated[float, Field(strict=True, ge=0, le=1)] = 1.0
    coarse_weight: Annotated[float, Field(strict=True, ge=0)] = 0.0
    perceptual: Annotated[float, Field(strict=True, ge=0)] = 0.0
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
        epochs: largest number of passes over the training images.
        batch_size: number of images in a step; the last batch of an epoch may be shorter.
        labelled_batch: number of labelled images that are added to each step, if only some images
            have a label.
        learning_rate: learning rate of Adam; with a schedule, its peak.
        weight_decay: weight decay of AdamW, relative to the learning rate; 0 for plain Adam.
        schedule: "constant", or "cosine", which falls to zero in the last of `epochs`.
        warmup: fraction of all steps in which the learning rate rises linearly to its peak.
        ema: momentum of the running average of the weights. If it is not 0, the averaged weights
            are the ones that are validated and kept.
        clip_norm: largest Euclidean norm of the gradient of a step; a longer gradient is scaled
            down to it. None: not clipped.
        patience: stop after this number of epochs without a better validation loss. None: never.
        condition_dropout: fraction of the rows of each step that are given a random subset of the
            named conditions, so that any of them may be missing later.
        cell_dropout: fraction of the rows of a table in each step in which a random subset of the
            cells is hidden, so that any of them may be missing later, and be imputed.
        augment: random changes of the training images in each epoch: "flips" (left to right),
            "crops" (shifted by up to an eighth of a side).
        class_weight: weight of the training rows of a class: "balanced", as if all classes had the
            same number of rows, or "cat=2", while the others count 1. Validation and all measures
            count each row once.
        freeze: networks whose weights stay as they are in --start-from: "encoder", "decoder",
            "prior", "baseline", "classifier".
        order: order of the rows in an epoch: "rows", any order; "windows", chunks of 1,024
            neighbouring rows, shuffled in windows of 64 chunks from all over the data, which is
            much faster to read from a disk; "auto": windows for data that stay on disk, rows for
            others.
        seed: seed of the initial weights, the order of the images and the noise.
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
