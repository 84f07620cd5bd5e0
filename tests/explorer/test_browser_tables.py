"""The page of a model of tables in a real browser: what is given, drawn and counted."""

import csv
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from browsing import do, expect, expect_accessible, expect_value, read, settle
from explorer_tables import (
    FAMILY,
    LATENTS,
    NO_CONDITIONS,
    TABLE,
    make_cells,
    make_table_subject,
)
from scipy.special import log_softmax, softmax
from test_page import Parts, unpack

from condvae.explorer import make_table_page
from condvae.explorer.marginals import marginals
from condvae.graph.graph import run_graph

# without pairs that never go together, which change what is frequent
FREE = TABLE.model_copy(update={"never": ()})


@cache
def page_of(condition=NO_CONDITIONS, rows=0, data=True):
    subject = make_table_subject(condition)
    return subject, make_table_page(subject, make_cells() if data else None, rows)


def drawn(tab):
    """All the rows that the page has drawn, {name: cells}, as it saves them."""
    settle(tab)
    with tab.expect_download() as download:
        tab.click("#save")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(rows) == 1000
    assert list(rows[0]) == list(TABLE.order)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def params_of(subject, y=(0,), num=40_000):
    """x_params at many z of the prior, as NumPy computes them."""
    z = np.random.default_rng(9).standard_normal((num, LATENTS)).astype("float32")
    y = np.tile(np.asarray(y, "float32"), (num, 1))
    return run_graph(subject.graphs["decoder"], subject.tensors, {"z": z, "y": y})["x_params"]


def shares_of(params, name, given=()):
    """p(column's states | given states of others), by a sum over z."""
    states = {column.name: part for column, part, _ in TABLE.places()}
    logs = sum(
        (log_softmax(params[:, states[n]], axis=1)[:, code] for n, code in given),
        np.zeros(len(params)),
    )
    return softmax(logs) @ softmax(params[:, states[name]], axis=1)


def test_rows_are_drawn_as_the_model_has_them(open_page):
    subject = make_table_subject(table=FREE)
    with open_page(make_table_page(subject, make_cells())) as tab:
        expect(tab.locator("#about")).to_contain_text("6 columns, learned from 300 rows, 2 latents")
        expect(tab.locator("#rows tbody tr")).to_have_count(12)
        params, rows = params_of(subject), drawn(tab)
        expected = shares_of(params, "kind")
        for code, kind in enumerate(("ant", "bee", "cat")):
            # 1,000 draws: four standard errors
            assert (rows["kind"] == kind).mean() == pytest.approx(expected[code], abs=0.065)
        assert set(rows["sort"][rows["kind"] != "cat"]) == {"1"}
        assert set(rows["sort"][rows["kind"] == "cat"]) == {""}
        assert set(rows["legs"]) <= {"4", "6"}
        assert all(float(cell) % 0.25 == 0 for cell in rows["weight"])
        tab.locator("#conditions fieldset", has_text="legs").get_by_role("checkbox").check()
        tab.get_by_role("slider", name="legs").fill("6")
        expect(tab.locator("#effective")).to_contain_text(
            re.compile(r"Given legs\. The rows rest on")
        )
        rows = drawn(tab)
        assert set(rows["legs"]) == {"6"}
        expected = shares_of(params, "kind", [("legs", 1)])
        for code, kind in enumerate(("ant", "bee", "cat")):
            assert (rows["kind"] == kind).mean() == pytest.approx(expected[code], abs=0.08)
        tab.locator("#conditions fieldset", has_text="home").get_by_role("checkbox").check()
        tab.get_by_role("combobox", name="home").select_option(label="tree")
        expect(tab.locator("#effective")).to_contain_text("Given home, legs.")
        rows = drawn(tab)
        assert set(rows["home"]) == {"tree"}
        expected = shares_of(params, "kind", [("legs", 1), ("home", 1)])
        for code, kind in enumerate(("ant", "bee", "cat")):
            assert (rows["kind"] == kind).mean() == pytest.approx(expected[code], abs=0.09)


def test_what_never_goes_together_is_drawn_again(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        rows = drawn(tab)
    assert not ((rows["kind"] == "ant") & (rows["home"] == "hill")).any()
    assert ((rows["kind"] == "ant") & (rows["home"] == "tree")).any()
    assert set(rows["legs"][rows["kind"] == "cat"]) == {"4"}


def test_a_condition_of_the_model_is_given_as_y(open_page):
    subject = make_table_subject(FAMILY, FREE)
    with open_page(make_table_page(subject)) as tab:
        tab.get_by_role("checkbox", name="family").check()
        tab.get_by_role("combobox", name="family").select_option(label="y")
        expect(tab.locator("#effective")).to_have_text("Given family.")
        rows = drawn(tab)
    x, y = (params_of(subject, given) for given in ([1, 0, 1], [0, 1, 1]))
    differ = 0.0
    for name, word in (("kind", "ant"), ("home", "hill"), ("legs", "4")):
        expected, other = shares_of(y, name)[0], shares_of(x, name)[0]
        assert (rows[name] == word).mean() == pytest.approx(expected, abs=0.06)
        differ = max(differ, abs(expected - other))
    assert differ > 0.12


def test_the_same_seed_draws_the_same_rows(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        first = drawn(tab)["weight"]
        before = read(tab, "explorer.store.state.seed")
        tab.click("#other")
        expect_value(tab, f"explorer.store.state.seed === {before}", False)
        assert (drawn(tab)["weight"] != first).any()
        tab.click("#undo")
        expect_value(tab, "explorer.store.state.seed", before)
        np.testing.assert_array_equal(drawn(tab)["weight"], first)


def test_a_link_and_a_saved_page_hold_what_is_given(open_page):
    _, page = page_of(FAMILY)
    with open_page(page) as tab:
        tab.get_by_role("checkbox", name="size").check()
        tab.get_by_role("slider", name="size").fill("40")
        tab.get_by_role("checkbox", name="family").check()
        address, expected = read(tab, "location.hash"), drawn(tab)
        with tab.expect_download() as download:
            tab.click("#keep-page")
        text = Path(download.value.path()).read_text()
    for opened in ((page, address), (text, "")):
        with open_page(*opened) as tab:
            expect(tab.get_by_role("checkbox", name="size")).to_be_checked()
            for name, cells in drawn(tab).items():
                np.testing.assert_array_equal(cells, expected[name])
            for damaged in ("seed=x", "seed=1&y0=@7", "y1=a"):
                tab.keyboard.press("Escape")
                expect(tab.locator("#message")).to_be_hidden()
                do(tab, "(text) => { location.hash = text; }", damaged)
                expect(tab.locator("#message")).to_have_text(re.compile("^The link is of another"))


def test_bars_are_of_real_rows_and_of_drawn_ones(open_page):
    _, page = page_of()
    cells = make_cells()
    with open_page(page) as tab:
        rows = drawn(tab)
        expect(tab.locator("#bars figure")).to_have_count(6)
        label = tab.locator("#bars svg").nth(0)
        order = np.argsort([-(rows["kind"] == kind).mean() for kind in ("ant", "bee", "cat")])
        first = ("ant", "bee", "cat")[order[0]]
        share = 100 * (rows["kind"] == first).mean()
        real = 100 * (cells["kind"] == first).mean()
        expect(label).to_have_attribute(
            "aria-label", re.compile(rf"^kind: {first} {share:.0f}% \(real {real:.0f}%\), ")
        )
        bars = tab.locator("#bars figure").nth(0).locator("rect.real")
        expect(bars).to_have_count(3)
        expect(tab.locator("#bars figure").nth(2)).to_contain_text("of the real ones")
    with open_page(page_of(data=False)[1]) as tab:
        expect(tab.locator("#bars rect.real")).to_have_count(0)
        expect(tab.locator("#bars-note")).to_contain_text("without data")


def gower(a, b):
    """How unlike two rows are: the mean over columns, the derived one too."""
    scale = np.transpose(TABLE.columns[1].knots)
    size = [np.nan if not row["size"] else float(row["size"]) for row in (a, b)]
    found = [float(a[name] != b[name]) for name in ("kind", "home")]
    found.append(abs(float(a["legs"]) - float(b["legs"])) / 2)
    places = np.interp([float(a["weight"]), float(b["weight"])], [-3, 3], [-3, 3])
    found.append(min(1, abs(places[0] - places[1]) / 3))
    if np.isnan(size).any():
        found.append(float(np.isnan(size).sum() == 1))
    else:
        places = np.interp(size, *scale)
        found.append(min(1, abs(places[0] - places[1]) / 3))
    return np.mean(found)


@pytest.mark.parametrize("held", [0, 40])
def test_the_nearest_rows_are_found(held, open_page):
    _, page = page_of(rows=held)
    with open_page(page) as tab:
        columns = drawn(tab)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        others = rows
        if held:
            cells = {
                name: np.asarray(values[:held]).tolist() for name, values in make_cells().items()
            }
            others = [
                {name: "" if v[i] != v[i] else str(v[i]) for name, v in cells.items()}
                for i in range(held)
            ]
        tab.get_by_role("button", name="Nearest to row 4", exact=True).click()
        apart = [gower(rows[3], other) for other in others]
        if not held:
            apart[3] = np.inf
        nearest = np.sort(apart)[:5]
        heads = [f"{100 * share:.0f}% unlike" for share in nearest]
        expect(tab.locator("#nearest tbody th")).to_have_text(
            ["row 4", *(re.compile(f"row \\d+, {head}$") for head in heads)]
        )
        words = "real rows that this page holds" if held else "other rows that the model drew"
        expect(tab.locator("#nearest-words")).to_contain_text(words)
        expect(tab.locator("#rows [aria-pressed=true]")).to_have_count(1)


def test_shares_leave_out_what_is_seldom_and_tell_what_is_empty():
    words = np.repeat([f"w{i:02}" for i in range(30)], range(1, 31))
    found = marginals({"word": words, "n": np.r_[np.arange(1000.0), [np.nan] * 250]})
    assert found["word"]["values"][:2] == ["w29", "w28"]
    assert len(found["word"]["values"]) == 24
    assert found["word"]["shares"][0] == round(30 / 465, 3)
    assert found["n"]["empty"] == 0.2
    assert sum(found["n"]["shares"]) == pytest.approx(0.8, abs=0.012)
    assert found["n"]["edges"][0] == pytest.approx(1000 * 0.005, abs=0.1)
    few = marginals({"legs": np.array([4.0, 6, 6, np.nan])})["legs"]
    assert few == {"values": [4, 6], "shares": [0.25, 0.5], "empty": 0.25}


def test_no_row_is_in_a_page_unless_it_is_asked_for():
    header, _ = unpack(Parts(page_of()[1].text).scripts[-1][1])
    assert header["rows"] is None
    header, _ = unpack(Parts(page_of(rows=7)[1].text).scripts[-1][1])
    assert {len(cells) for cells in header["rows"].values()} == {7}
    assert header["rows"]["size"][0] is None
    header, _ = unpack(Parts(page_of(data=False)[1].text).scripts[-1][1])
    assert header["rows"] is None
    assert header["real"] is None
    note = "and none of the rows themselves"
    assert note in " ".join(page_of()[1].notes)


@pytest.mark.parametrize("width", [1200, 360])
def test_it_stands_in_nobodys_way(width, open_page):
    _, page = page_of(FAMILY, rows=20)
    with open_page(
        page, bypass_csp=True, color_scheme="dark", viewport={"width": width, "height": 800}
    ) as tab:
        assert read(tab, "document.documentElement.scrollWidth") <= width
        tab.get_by_role("checkbox", name="size").check()
        expect_accessible(tab)


def test_by_the_keyboard_alone(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        box = tab.locator("#conditions fieldset", has_text="kind").get_by_role("checkbox")
        for _ in range(12):
            tab.keyboard.press("Tab")
            if read(tab, "document.activeElement.type === 'checkbox'"):
                break
        tab.keyboard.press("Space")
        expect(box).to_be_checked()
        tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowDown")
        expect(tab.get_by_role("combobox", name="kind")).to_have_value("1")
        assert set(drawn(tab)["kind"]) == {"bee"}
        tab.get_by_role("button", name="Nearest to row 2", exact=True).focus()
        tab.keyboard.press("Enter")
        expect(tab.locator("#nearest tbody th").first).to_have_text("row 2")
        tab.keyboard.press("Control+z")
        expect(tab.get_by_role("combobox", name="kind")).to_have_value("0")


def test_the_doctor_s_findings_are_told(open_page):
    page = make_table_page(make_table_subject(), faults=("z1 is unused",))
    with open_page(page) as tab:
        tab.get_by_text("The doctor found a fault in this model").click()
        expect(tab.locator("#faults li")).to_have_text(["Z1 is unused."])
