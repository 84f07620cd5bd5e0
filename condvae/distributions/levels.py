"""The probability mass of a logistic distribution on the 256 levels of a pixel."""

from keras import ops

from condvae.distributions.bounds import soft_ceiling, soft_floor
from condvae.distributions.event import Tensor

HALF_LEVEL = 0.5 / 255
# s from a tenth of a level to far beyond [0, 1]; outside these bounds float32 is too coarse
_LOG_SCALE_BOUNDS = (-7.7, 4.0)


def bounded(log_scales: Tensor) -> Tensor:
    """log_scales, softly clipped to their bounds."""
    least, most = _LOG_SCALE_BOUNDS
    return soft_ceiling(soft_floor(log_scales, least), most)


def log_mass(value: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Log-probability of each level k / 255 in value; all three broadcast.

    A level has the mass between the midpoints to its neighbours; the first and the last have the
    tails.

    Source: Salimans et al. 2017 (PixelCNN++), section 2.1.
    """
    precision = ops.exp(-log_scales)
    upper = (value + HALF_LEVEL - means) * precision
    lower = (value - HALF_LEVEL - means) * precision
    # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), exact in the tails too
    log_below, log_above = ops.log_sigmoid(upper), ops.log_sigmoid(-lower)
    log_between = log_below + log_above + ops.log(-ops.expm1(-2 * HALF_LEVEL * precision))
    # the last level has the whole upper tail, the first level the whole lower one
    mass = ops.where(value > 1 - HALF_LEVEL, log_above, log_between)
    return ops.where(value < HALF_LEVEL, log_below, mass)
