"""docs/end-to-end.md as it stands: frame in, tuned, tracked, evaluated, pushed, served, asked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hub_stand_in import serving

GUIDE = Path(__file__).parents[2] / "docs" / "end-to-end.md"
pytestmark = pytest.mark.integration


def test_the_script_runs_as_it_is_written(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    with serving() as hub:
        hub_only = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "hf_mine",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hf"),
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, **hub_only},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert {"README.md", "model.safetensors"} <= set(hub.files("me/wine"))
    assert list((tmp_path / "wine-tuning").glob("*/tensorboard/events*"))
    last = done.stdout.strip().splitlines()[-1]
    assert last.count("class_1") >= 3
    assert "alcohol" in last
