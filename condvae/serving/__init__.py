"""Runs behind HTTP: requests are batched, computed by NumPy and answered, without Keras.

`serve.py` is the entry point. Only `app.py`, `server.py` and `metrics.py` import Starlette, uvicorn
and the Prometheus client.
"""
