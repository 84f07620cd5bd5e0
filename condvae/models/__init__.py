"""Networks and the model made of them; `keras.ops` only, so every Keras backend works."""

from condvae.models.build import build_model, build_optimizer
from condvae.models.cvae import CVAE
from condvae.models.decoder import mlp_decoder
from condvae.models.encoder import mlp_encoder
from condvae.models.likelihood import BernoulliLikelihood, NormalLikelihood

__all__ = [
    "CVAE",
    "BernoulliLikelihood",
    "NormalLikelihood",
    "build_model",
    "build_optimizer",
    "mlp_decoder",
    "mlp_encoder",
]
