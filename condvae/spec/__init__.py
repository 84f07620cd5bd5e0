"""What a training is told: a `Spec` of four sections, and presets, which name some.

The classes are imported when they are first used: presets are read without pydantic.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condvae.spec.architectures import register_architecture
    from condvae.spec.sections import SECTIONS, DataSpec, ModelSpec, ObjectiveSpec, TrainingSpec
    from condvae.spec.signature import Signature
    from condvae.spec.spec import Spec, setting_names

_HOMES = {
    "SECTIONS": "sections",
    "DataSpec": "sections",
    "ModelSpec": "sections",
    "ObjectiveSpec": "sections",
    "Signature": "signature",
    "Spec": "spec",
    "TrainingSpec": "sections",
    "register_architecture": "architectures",
    "setting_names": "spec",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'condvae.spec' has no attribute {name!r}")
    return getattr(importlib.import_module(f"condvae.spec.{_HOMES[name]}"), name)


__all__ = [
    "SECTIONS",
    "DataSpec",
    "ModelSpec",
    "ObjectiveSpec",
    "Signature",
    "Spec",
    "TrainingSpec",
    "register_architecture",
    "setting_names",
]
