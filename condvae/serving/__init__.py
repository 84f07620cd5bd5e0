"""Runs behind HTTP: what is asked, batched, computed by NumPy and answered; no Keras.

`serve.py` is where it starts. Starlette, uvicorn and the Prometheus client are imported by
`app.py`, `server.py` and `metrics.py` alone.
"""
