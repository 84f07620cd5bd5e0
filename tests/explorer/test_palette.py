"""The palette by the published formulas of colour difference, colour blindness and contrast."""

import json
import re

import numpy as np
import pytest
from graph_readers import run_node

from condvae.explorer.modules import FOLDER
from condvae.explorer.palette import PALETTE, class_colour
from condvae.figures.figure import distinct_colours

# sRGB to XYZ (D65), IEC 61966-2-1
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# Machado, Oliveira & Fernandes 2009, severity 1, of linear RGB
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colours):
    """Linear RGB of #rrggbb."""
    levels = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB."""
    xyz = np.clip(rgb, 0, 1) @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    cubic = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(cubic, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(first, second):
    """Sharma, Wu & Dalal 2005, equations 2 to 22; chroma is never 0 here."""
    l1, a1, b1 = np.moveaxis(np.asarray(first, float), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(second, float), -1, 0)
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    more = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))
    a1, a2 = a1 * more, a2 * more
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = np.where(abs(h1 - h2) <= 180, (h1 + h2) / 2, ((h1 + h2 + 360) / 2) % 360)

    def cos(angle):
        return np.cos(np.radians(angle))

    t = 1 - 0.17 * cos(hue - 30) + 0.24 * cos(2 * hue)
    t += 0.32 * cos(3 * hue + 6) - 0.2 * cos(4 * hue - 63)
    rotation = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    rotation *= -np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    dl /= 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    dc, dh = dc / (1 + 0.045 * chroma), dh / (1 + 0.015 * chroma * t)
    return np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh)


def distances(colours, vision):
    """Of all pairs."""
    seen = lab(linear(colours) @ VISIONS[vision].T)
    first, second = np.triu_indices(len(colours), 1)
    return ciede2000(seen[first], seen[second])


def contrast(colours, ground):
    """WCAG 2.2, of each colour to the ground."""
    light, of_ground = (linear(part) @ TO_XYZ[1] + 0.05 for part in (colours, [ground]))
    return np.maximum(light, of_ground) / np.minimum(light, of_ground)


def test_the_formula_gives_the_published_distances():
    # Sharma, Wu & Dalal 2005, table 1, pairs 1, 4, 9, 17, 25 and 34
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ]
    for first, second, expected in pairs:
        assert ciede2000(first, second) == pytest.approx(expected, abs=1e-4)


def test_white_stays_white_whoever_sees_it():
    for matrix in VISIONS.values():
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("vision", "least"),
    [("normal", 24.5), ("protanopia", 15), ("deuteranopia", 15), ("tritanopia", 15)],
)
def test_ten_classes_can_be_told_apart(vision, least):
    assert len(PALETTE) == len(set(PALETTE)) == 10
    assert distances(PALETTE, vision).min() > least


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_class_stands_out_from_the_page(scheme):
    style = (FOLDER / "style.css").read_text()
    light, dark = re.findall(r"--surface: (#[0-9a-f]{6})", style)
    assert contrast(PALETTE, {"light": light, "dark": dark}[scheme]).min() >= 2


@pytest.mark.parametrize("ink", ["faint", "quiet"])
@pytest.mark.parametrize("ground", ["surface", "paper"])
def test_outlines_of_classes_stand_out_as_wcag_asks_of_graphics(ink, ground):
    style = (FOLDER / "style.css").read_text()
    inks, grounds = (re.findall(rf"--{name}: (#[0-9a-f]{{6}})", style) for name in (ink, ground))
    assert len(inks) == len(grounds) == 2  # light and dark
    for colour, behind in zip(inks, grounds, strict=True):
        assert contrast([colour], behind).min() >= 3


def test_page_and_figures_have_the_same_colours():
    program = f"""
      import {{ colourOf }} from {json.dumps(str(FOLDER / "colours.js"))};
      console.log(JSON.stringify([...Array(60).keys()].map(colourOf)));
    """
    of_page = run_node("--input-type=module", "--eval", program)
    assert [list(class_colour(code)) for code in range(60)] == of_page
    figures = np.array(distinct_colours(60)) * 255
    np.testing.assert_allclose(figures, of_page, atol=1e-9)
    assert len({tuple(colour) for colour in of_page}) == 60
