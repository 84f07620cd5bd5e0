"""The deterministic forward pass of a model as a short list of operations.

NumPy, the explorer's page and ONNX read this one description. Only `layers` and `networks` import
Keras: the others must start in a fraction of a second.
"""
