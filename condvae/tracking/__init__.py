"""Tracking of runs: TensorBoard, MLflow, Weights & Biases, Trackio."""

from condvae.tracking.registry import TRACKERS, check_trackers
from condvae.tracking.track import Track
from condvae.tracking.tracks import Tracks

__all__ = ["TRACKERS", "Track", "Tracks", "check_trackers"]
