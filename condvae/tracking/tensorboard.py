"""TensorBoard: event files in the run folder, written by its own package without TensorFlow.

It uses `tensorboard` rather than `tensorboardX`: it is the package that shows the files, so that
nothing else is installed, and its record writer is a few lines of Python whose errors are raised
immediately, whereas both packages' event writers have threads. Its `summary_v2` modules import
TensorFlow if it is installed; they are not used.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import io
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image

from condvae.tracking.track import Track

FOLDER = "tensorboard"


class TensorBoard(Track):
    """A file of events; `tensorboard --logdir runs` shows all runs in a folder.

    Its id is the folder's name within the run folder, so that a run that is moved keeps its track.
    """

    library, id = "tensorboard", FOLDER

    def __init__(self, folder: Path):
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(exist_ok=True)
        # TensorBoard reads files in the order of their names, and recognises them by "tfevents"
        names = (f"events.out.tfevents.{number:010d}.condvae" for number in count())
        path = next(path for name in names if not (path := folder / name).exists())
        self._file = open(path, "xb")  # noqa: SIM115 closed by `close`
        self._writer = RecordWriter(self._file)
        self._write(0, file_version="brain.Event:2")

    @classmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Start a file; a continued one invalidates what earlier files say about later epochs."""
        from tensorboard.compat.proto.event_pb2 import SessionLog

        track = cls(folder / FOLDER)
        if track_id is not None:
            track._write(epoch + 1, session_log=SessionLog(status=SessionLog.START))
        rows = "\n".join(f"| {key} | {value} |" for key, value in settings.items())
        track._text("settings", f"| setting | value |\n|---|---|\n{rows}", epoch)
        return track

    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """Write a scalar for each figure."""
        for name, value in figures.items():
            self._summarise(epoch, tag=name, simple_value=value)

    def picture(self, name: str, image: np.ndarray, epoch: int) -> None:
        """Write an image as PNG."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        content = io.BytesIO()
        Image.fromarray(image).save(content, "png")
        height, width = image.shape[:2]
        shown = Summary.Image(
            height=height,
            width=width,
            colorspace=1 if image.ndim == 2 else 3,
            encoded_image_string=content.getvalue(),
        )
        self._summarise(epoch, tag=name, image=shown)

    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """Write scalars and texts by name."""
        for name, value in results.items():
            if isinstance(value, str):
                self._text(name, value, epoch)
            else:
                self._summarise(epoch, tag=name, simple_value=value)

    def close(self, finished: bool) -> None:
        """Close the file."""
        self._file.close()

    def _text(self, name: str, text: str, epoch: int) -> None:
        """Write a text that is shown as Markdown."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
        self._summarise(epoch, tag=name, metadata=metadata, tensor=tensor)

    def _summarise(self, epoch: int, **value: Any) -> None:
        """Write an event with one value."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write(epoch, summary=Summary(value=[Summary.Value(**value)]))

    def _write(self, epoch: int, **event: Any) -> None:
        """Write an event, which readers see immediately."""
        from tensorboard.compat.proto.event_pb2 import Event

        # wall-clock time, by which events are ordered for display
        whole = Event(wall_time=time.time(), step=epoch, **event)
        self._writer.write(whole.SerializeToString())
        self._file.flush()
