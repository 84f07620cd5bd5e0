"""A trained model for those who use it: NumPy in, NumPy out."""
