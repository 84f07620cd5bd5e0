"""What to train, on what, and how: plain frozen data that makes the round trip through JSON."""

import difflib
from typing import Any, Self

from pydantic import ValidationError, model_validator

from condvae.checks import InputError
from condvae.files.frozen import Frozen
from condvae.likelihoods import check_owner, likelihood_named
from condvae.spec.architectures import changed_architecture
from condvae.spec.sections import SECTIONS, DataSpec, ModelSpec, ObjectiveSpec, TrainingSpec


class Spec(Frozen):
    """One training, whole: the argument of `train`, the content of `--config`."""

    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    training: TrainingSpec = TrainingSpec()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        model, objective = self.model, self.objective
        if model.network == "deterministic" and model.baseline != "joint":
            raise ValueError("the network 'deterministic' is the baseline: it must be 'joint'")
        if model.network == "deterministic" and objective.num_samples > 1:
            raise ValueError("num_samples need the network 'cvae', which has latents")
        if not objective.alpha and model.prior not in ("standard", "conditional"):
            raise ValueError("alpha 0 needs the prior 'standard' or 'conditional'")
        if objective.coarse_weight and model.baseline == "absent":
            raise ValueError("coarse_weight needs a baseline, which predicts without z")
        if objective.coarse_weight:
            check_owner(model.likelihood, "coarse_weight", "coarse_weight needs")
        if objective.omission and not self.data.masks_parts:
            raise ValueError("omission needs a task that gives a part of the image")
        if self.data.labelled is not None and self.data.task != "class":
            raise ValueError("labelled needs the task 'class': only a label can be missing")
        if self.data.labelled is not None and (
            model.network == "deterministic"
            or model.baseline != "absent"
            or (objective.num_samples, objective.alpha, objective.free_bits) != (1, 1, 0)
        ):
            raise ValueError(
                "labelled needs latents, no baseline, num_samples 1, alpha 1 and no free_bits"
            )
        if objective.perceptual and (
            model.network == "deterministic"
            or self.data.task != "class"
            or self.data.labelled is not None
            or (objective.num_samples, objective.alpha) != (1, 1)
        ):
            raise ValueError(
                "perceptual needs latents, the task 'class', all labels, num_samples 1 and alpha 1"
            )
        if model.encoder_sees == "x" and model.prior == "vampprior":
            raise ValueError("the prior 'vampprior' needs encoder_sees 'x_and_y'")
        if likelihood_named(model.likelihood).of_classes and self.data.task != "image":
            raise ValueError(f"the likelihood {model.likelihood!r} needs the task 'image'")
        return self

    @classmethod
    def parse(cls, document: str | bytes | dict[str, Any]) -> Self:
        """A Spec from JSON text or a dictionary.

        Raises:
            InputError: not JSON, an unknown field (the nearest is named), a wrong value.
        """
        try:
            if isinstance(document, dict):
                return cls.model_validate(document)
            return cls.model_validate_json(document)
        except ValidationError as error:
            raise _explain(error) from None

    def override(self, **settings: Any) -> Self:
        """A copy with single fields replaced, by the field's name alone: `epochs=3, beta=2`.

        Another architecture comes with its own hidden_dims, unless these are given too.

        Raises:
            InputError: no section has such a field, or the value does not fit it.
        """
        sections = self.model_dump()
        if "architecture" in settings:
            sections["model"] = changed_architecture(sections["model"], settings["architecture"])
        for name, value in settings.items():
            homes = [fields for fields in sections.values() if name in fields]
            if not homes:
                raise _unknown_setting(name)
            homes[0][name] = value
        return self.parse(sections)


def setting_names() -> list[str]:
    """Every field of every section; a name stands in one section only."""
    return [name for section in SECTIONS for name in section.model_fields]


def _unknown_setting(name: str) -> InputError:
    """The sentence for a setting that does not exist."""
    near = difflib.get_close_matches(name, setting_names(), n=1)
    return InputError(
        f"a setting must be one of {', '.join(setting_names())}",
        repr(name),
        f"Did you mean {near[0]!r}?" if near else "Take one of these.",
    )


def _explain(error: ValidationError) -> InputError:
    """The first of pydantic's complaints, in our three parts."""
    first = error.errors()[0]
    # pydantic adds the branch of a union ("float", "literal['test']") to the place
    place = [str(part) for part in first["loc"]][:2]
    if first["type"] == "extra_forbidden":
        if len(place) == 1:
            return InputError(
                f"a spec must have the sections {', '.join(Spec.model_fields)}",
                repr(place[0]),
                "`condvae presets plane` prints an example.",
            )
        return _unknown_setting(place[-1])
    if first["type"] == "json_invalid":
        return InputError("a spec must be JSON", first["msg"], "Correct the file.")
    reasons = [e["msg"] for e in error.errors() if [str(p) for p in e["loc"]][:2] == place]
    if not place and first["type"] == "value_error":
        reason = first["msg"].removeprefix("Value error, ")
        return InputError("the settings must fit one another", reason, "Change one of them.")
    if not place:
        return InputError("a spec must be a JSON object", first["msg"], "Correct the file.")
    return InputError(
        f"setting {'.'.join(place)!r} must fit its field",
        f"{first['input']!r} ({'; '.join(reasons)})",
        "Correct it; `condvae presets plane` prints an example.",
    )
