import numpy as np
import pytest
from PIL import ImageDraw

from condvae.figures.captioned import CELL, GAP, LINE, MARGIN, captioned_sheet
from condvae.serving.bulk.audit import _captions


@pytest.mark.parametrize("channels", [1, 3])
def test_images_stand_above_their_lines(channels, monkeypatch):
    written = []
    monkeypatch.setattr(
        ImageDraw.ImageDraw, "text", lambda self, corner, text, *_: written.append((corner, text))
    )
    x = np.random.default_rng(0).integers(0, 256, (3, 10, 7, channels), dtype="uint8")
    page = np.asarray(captioned_sheet(x, [["a", "b" * 60]] * 3))
    scale, height = 16, 160 + MARGIN + 2 * LINE
    assert page.shape[:2] == (2 * (height + GAP) + GAP, 2 * (CELL + GAP) + GAP)
    second = page[GAP : GAP + 160, CELL + 2 * GAP :][:, :112].reshape(160, 112, channels)
    np.testing.assert_array_equal(second[::scale, ::scale], x[1])
    corner, text = written[3]
    assert corner == (CELL + 2 * GAP, GAP + 160 + MARGIN + LINE)
    assert 5 < len(text) < 40
    assert text == "b" * (len(text) - 1) + "…"
    assert [text for _, text in written[::2]] == ["a"] * 3


def test_an_audit_says_row_label_and_the_better_one():
    columns = {"row": np.array([7, 1200]), "best_label": np.array(["ant", "bee"])}
    assert list(_captions(columns)) == [["row 7", "best ant"], ["row 1200", "best bee"]]
    columns["label"] = np.array(["cat", "bee"])
    assert list(_captions(columns)) == [
        ["row 7", "label cat", "better ant"],
        ["row 1200", "label bee", "best as it is"],
    ]
