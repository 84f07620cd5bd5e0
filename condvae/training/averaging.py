"""The running average of the weights that Keras's optimizer maintains, swapped into the model.

Keras itself swaps it in only when `fit` ends, so that validation and the best weights would use the
weights of the last step. The average is among the optimizer's variables, so that a checkpoint holds
it with the raw weights, and a resumed run continues from both.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


class AveragedWeights:
    """Swaps the trained weights of a compiled model for their average, and back.

    Without an average, nothing is swapped. The model's variables must hold the state of the last
    step, as they do between the epochs of `fit` (`on_test_begin` to `on_epoch_end`).
    """

    def __init__(self, model: keras.Model):
        self.model, self._raw = model, []

    def put_in(self) -> None:
        """Replace the raw weights, which are saved, by the average."""
        if self.model.optimizer.use_ema and not self._raw:
            self._raw = [np.array(variable) for variable in self.model.trainable_variables]
            # the average starts with the weights of the first step, before which there is none
            if int(self.model.optimizer.iterations):
                self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            # copies: a JAX step donates the buffers of the weights, and the average needs its own
            for variable in self.model.trainable_variables:
                variable.assign(np.array(variable))

    def take_out(self) -> None:
        """Restore the raw weights, if they were replaced."""
        # not strict: without an average there are no raw weights
        for variable, value in zip(self.model.trainable_variables, self._raw, strict=False):
            variable.assign(value)
        self._raw = []

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Use the average as the model's weights within this block."""
        self.put_in()
        try:
            yield
        finally:
            self.take_out()
