"""The running average of the weights that Keras's optimizer keeps, in the place of the weights.

Keras puts it there when `fit` ends, and only then: validation and the best weights would be those
of the last step. It lies in the optimizer's variables, so that a checkpoint has it beside the
raw weights, and the run goes on from both.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


class AveragedWeights:
    """Exchanges the trained weights of a compiled model for their average, and back.

    Without an average, nothing is exchanged. The model's variables must hold the state of the last
    step, as they do between the epochs of `fit` (`on_test_begin` to `on_epoch_end`).
    """

    def __init__(self, model: keras.Model):
        self.model, self._raw = model, []

    def put_in(self) -> None:
        """Put the average in the place of the raw weights, which are kept."""
        if self.model.optimizer.use_ema and not self._raw:
            self._raw = [np.array(variable) for variable in self.model.trainable_variables]
            # the average starts with the weights of the first step: before it, there is none
            if int(self.model.optimizer.iterations):
                self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            # copies: a JAX step takes the buffers of the weights over, the average needs its own
            for variable in self.model.trainable_variables:
                variable.assign(np.array(variable))

    def take_out(self) -> None:
        """Put the raw weights back into their place, if they are not there."""
        # not strict: without an average there are no raw weights
        for variable, value in zip(self.model.trainable_variables, self._raw, strict=False):
            variable.assign(value)
        self._raw = []

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Hold the average in the model's weights within this block."""
        self.put_in()
        try:
            yield
        finally:
            self.take_out()
