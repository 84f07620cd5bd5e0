"""The deterministic forward pass of a model as a short list of operations.

NumPy, the page and ONNX are three readers of this one description. Only `layers` and `networks`
know Keras: the others must start in a fraction of the second that it takes.
"""
