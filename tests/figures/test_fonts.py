"""Labels in scripts that matplotlib's own font does not know, on a machine with one other font."""

import logging

import matplotlib.font_manager
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from condvae.conditions import Categorical
from condvae.figures import fonts
from condvae.figures.figure import Figure
from condvae.figures.frames import font_of, label_frames

KNOWN = "日本語 中文 한국어 🦊"
UNKNOWN = "𒀀"
FAMILY = "Stand-in Sans"


@pytest.fixture
def bare(monkeypatch):
    """A machine with DejaVu alone."""
    manager = matplotlib.font_manager.fontManager
    own = [entry for entry in manager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(manager, "ttflist", own)
    monkeypatch.setattr(fonts, "findSystemFonts", list)
    monkeypatch.setattr(fonts, "_said", set())
    fonts.fallbacks.cache_clear()
    yield manager
    fonts.fallbacks.cache_clear()


@pytest.fixture
def stand_in(bare, tmp_path, monkeypatch):
    """The same with a font of black squares, one for each known character."""
    pen = TTGlyphPen(None)
    for corner in [(50, 0), (50, 800), (950, 800), (950, 0)]:
        (pen.lineTo if corner != (50, 0) else pen.moveTo)(corner)
    pen.closePath()
    square, letters = pen.glyph(), sorted(set(KNOWN + "0123456789:%,"))
    names = [f"letter{number}" for number in range(len(letters))]
    glyphs = {".notdef": TTGlyphPen(None).glyph()} | dict.fromkeys(names, square)
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(dict(zip(map(ord, letters), names, strict=True)))
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    path = tmp_path / "stand-in.ttf"
    builder.save(path)
    # as of one that was installed after matplotlib had made its list
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(path)])
    return path


def labelled(text):
    """A figure that has a text at many places."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], label=text)
    axes.set_title(text)
    axes.set_xticks([0, 1], [text, "plain"])
    axes.legend()
    figure.supxlabel(text)
    return figure


def families(figure):
    """Of each text that is seen, by the text."""
    texts = [text for text in figure.findobj(fonts.Text) if text.get_text()]
    return [(text.get_text(), text.get_fontfamily()) for text in texts]


def test_each_text_falls_back_where_it_has_to(stand_in, tmp_path, caplog):
    figure = labelled(KNOWN)
    figure.savefig(tmp_path / "figure.png")
    figure.savefig(tmp_path / "figure.pdf", bbox_inches="tight")
    found = families(figure)
    assert sum(text == KNOWN for text, _ in found) >= 4
    assert {text for text, names in found if FAMILY in names} == {KNOWN}
    assert all(names.count(FAMILY) <= 1 for _, names in found)
    assert not caplog.records


def test_a_notice_names_once_what_no_font_has(stand_in, tmp_path, caplog):
    for _ in range(2):
        labelled(UNKNOWN + KNOWN).savefig(tmp_path / "figure.png")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"no installed font has {UNKNOWN}: figures show boxes" in record.getMessage()


def test_a_bare_machine_is_told_what_to_install(bare, tmp_path, caplog):
    labelled("日🦊é").savefig(tmp_path / "figure.png")
    (message,) = caplog.messages
    assert "no installed font has 日 🦊: " in message
    assert "apt install fonts-noto-cjk" in message


def test_what_the_own_font_has_needs_no_other(bare, tmp_path, caplog):
    figure = labelled("Ærø, Ελλάδα, Москва")
    figure.savefig(tmp_path / "figure.png")
    assert {len(names) for _, names in families(figure)} == {1}
    assert not caplog.records


def test_a_font_that_is_gone_or_damaged_is_passed_over(bare, stand_in, tmp_path, monkeypatch):
    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(stand_in.read_bytes()[:100])
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(damaged), "gone", str(stand_in)])
    assert fonts.fallbacks(frozenset("日")) == ([FAMILY], frozenset())


def test_the_animation_has_the_labels_in_their_script(stand_in, make_model, monkeypatch):
    assert font_of("日: 100%").getname()[0] == FAMILY
    assert font_of("Москва: 100%").getname()[0] == "DejaVu Sans"
    assert font_of("é: 100%").getname()[0] not in (FAMILY, "DejaVu Sans")
    model = make_model()
    named = Categorical(name="sign", categories=("日", "本", "語"))
    monkeypatch.setattr(model, "condition", named)
    strip = label_frames(model, steps_per_label=2, hold=0)[0, 244:]
    assert (strip == 0).mean() > 0.005  # a black square
    assert np.ptp(strip) == 255
