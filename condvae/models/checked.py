"""Keras's entry points, which check their data first."""

from collections.abc import Iterator
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.contract import check_batch, check_data


class CheckedModel(keras.Model):
    """A model that takes batches {"x": x, "y": y}, with clear errors for all that do not fit."""

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """keras.Model.compile without a loss, since the objective belongs to the model.

        Raises:
            InputError: a loss was passed.
        """
        if loss is not None:
            raise InputError(
                "a CVAE must be compiled without a loss, which its likelihood and objective define",
                f"loss={loss!r:.100}",
                "Call compile(optimizer=...); for another loss, pass a `likelihood` or an "
                "`objective` to the CVAE.",
            )
        super().compile(optimizer, None, *args, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Restore the compiled state as Keras does, which skips this if `compile` is overridden."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Raise InputError: a CVAE has several functions, and its batches are dictionaries."""
        raise InputError(
            "a CVAE must be exported in parts, each of which is one function",
            "a call to export the whole model",
            "Call model.decoder.export(...) or model.encoder.export(...), which are plain Keras "
            "models; `condvae export RUN` writes a run as ONNX, as Keras files, or as an archive.",
        )

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.__call__ on {"x": x, "y": y}; only shapes are known while it is traced."""
        check_batch(self, inputs)
        return super().__call__(inputs, *args, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.fit on batches {"x": x, "y": y}, without a separate target.

        Raises:
            InputError: a target, or arrays that do not fit the model; the model is unchanged.
        """
        x = check_data(self, x, y, kwargs.get("sample_weight"), kwargs.get("steps_per_epoch"))
        if (validation := kwargs.get("validation_data")) is not None:
            parts = validation if isinstance(validation, tuple) else (validation,)
            validation_x = check_data(self, *parts[:2], steps=kwargs.get("validation_steps"))
            kwargs["validation_data"] = (validation_x, *parts[1:]) if parts[1:] else validation_x
        if isinstance(x, Iterator):
            kwargs.setdefault("shuffle", False)  # the data define the order; Keras would warn
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        before = [(variable, variable.value) for variable in variables_of(self)]
        try:
            return super().fit(x, y, *args, **kwargs)
        except InputError:  # in a batch, if any, before the first step
            for variable, value in before:
                if variable._value is None:  # donated to a step that was never taken, on JAX
                    variable.assign(value)
            raise

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.evaluate on batches {"x": x, "y": y}; losses in nats per example."""
        x = check_data(self, x, y, kwargs.get("sample_weight"), kwargs.get("steps"))
        return super().evaluate(x, y, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.predict: the outputs of `call` by name."""
        x = check_data(self, x, steps=kwargs.get("steps"))
        return super().predict(x, *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.train_on_batch on {"x": x, "y": y}."""
        return super().train_on_batch(check_data(self, x, y), y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.test_on_batch on {"x": x, "y": y}."""
        return super().test_on_batch(check_data(self, x, y), y, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """keras.Model.predict_on_batch on {"x": x, "y": y}."""
        return super().predict_on_batch(check_data(self, x))


def variables_of(model: keras.Model) -> list[Any]:
    """The variables of the model, its metrics and its optimizer."""
    optimizer = [] if model.optimizer is None else model.optimizer.variables
    return [*model.variables, *model.metrics_variables, *optimizer]
