"""Only browsing.py looks at a page at once: elsewhere such a look races with the next frame."""

import ast
from pathlib import Path

# What Playwright answers without waiting until it is so, and pauses of a fixed length.
LOOKS = frozenset(
    """
    is_checked is_disabled is_editable is_enabled is_hidden is_visible
    all_inner_texts all_text_contents get_attribute inner_html inner_text input_value text_content
    aria_snapshot bounding_box count screenshot
    element_handle element_handles eval_on_selector eval_on_selector_all evaluate evaluate_all
    evaluate_handle query_selector query_selector_all url wait_for_function workers
    sleep wait_for_timeout
    """.split()
)


def looks_in(source, name):
    """A sentence for each look at once in a Python file, in any order."""
    return [
        f"{name}:{node.lineno}: .{node.attr} does not wait for what the page draws: take "
        "expect(...), or what the first lines of browsing.py name"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in LOOKS
    ]


def test_only_browsing_looks_at_once():
    paths = set(Path(__file__).parent.glob("*.py")) - {Path(__file__).with_name("browsing.py")}
    assert [look for path in sorted(paths) for look in looks_in(path.read_text(), path.name)] == []


def test_a_look_at_once_is_found():
    source = 'tab.click("#undo")\nassert tab.is_checked("#every")\nlook = tab.locator("a").count\n'
    first, second = sorted(looks_in(source, "test_a.py"))
    assert first.startswith("test_a.py:2: .is_checked does not wait")
    assert second.startswith("test_a.py:3: .count does not wait")
    assert looks_in('tab.click("#undo")\nexpect(tab.locator("a")).to_have_count(3)\n', "") == []
