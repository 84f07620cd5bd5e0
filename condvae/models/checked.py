"""Keras's entry points, each of which looks at its data first."""

from collections.abc import Iterator
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.contract import check_batch, check_data


class CheckedModel(keras.Model):
    """A model that is fed batches {"x": x, "y": y}, and says in words what does not fit it."""

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """keras.Model.compile, without a loss: the objective is the model's own.

        Raises:
            InputError: a loss.
        """
        if loss is not None:
            raise InputError(
                "a CVAE must be compiled without a loss: its likelihood and objective are its own",
                f"loss={loss!r:.100}",
                "Call compile(optimizer=...); another loss is a `likelihood` or an `objective` "
                "of the CVAE.",
            )
        super().compile(optimizer, None, *args, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """As Keras does it, which leaves it out where `compile` is a model's own."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Refused: a CVAE has several functions, and its batches are dictionaries."""
        raise InputError(
            "a CVAE must be exported in parts, each of which is a function of its own",
            "export of the whole",
            "Call model.decoder.export(...) or model.encoder.export(...), which are plain Keras "
            "models; `condvae export RUN` writes a run as ONNX, as Keras files, or as an archive.",
        )

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.__call__ on {"x": x, "y": y}; while it is traced there are shapes alone."""
        check_batch(self, inputs)
        return super().__call__(inputs, *args, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.fit on batches {"x": x, "y": y}; no separate target.

        Raises:
            InputError: a target, or arrays that do not fit the model; nothing was changed.
        """
        x = check_data(self, x, y, kwargs.get("sample_weight"), kwargs.get("steps_per_epoch"))
        if (validation := kwargs.get("validation_data")) is not None:
            parts = validation if isinstance(validation, tuple) else (validation,)
            validation_x = check_data(self, *parts[:2], steps=kwargs.get("validation_steps"))
            kwargs["validation_data"] = (validation_x, *parts[1:]) if parts[1:] else validation_x
        if isinstance(x, Iterator):
            kwargs.setdefault("shuffle", False)  # its order is its own, of which Keras would warn
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        before = [(variable, variable.value) for variable in variables_of(self)]
        try:
            return super().fit(x, y, *args, **kwargs)
        except InputError:  # of a batch, before the first step if at all
            for variable, value in before:
                if variable._value is None:  # handed over to a step that was never taken, on JAX
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
    """The model's, its metrics' and its optimizer's."""
    optimizer = [] if model.optimizer is None else model.optimizer.variables
    return [*model.variables, *model.metrics_variables, *optimizer]
