"""The user's view of a trained model: NumPy in, NumPy out."""
