"""The keymap is one file of data: no key does two things in one place, and each has something that it presses."""

import json
import re
from collections import Counter

import pytest

from web.pages import HERE

KEYMAP: dict[str, list[dict[str, str]]] = json.loads((HERE / "static" / "keymap.json").read_text(encoding="utf-8"))
TEMPLATES = {p: p.read_text(encoding="utf-8") for p in (HERE / "templates").rglob("*.html")}
SCRIPTS = "\n".join(
    p.read_text(encoding="utf-8") for p in (HERE / "static").glob("*.js") if not p.name.startswith("htmx")
)
DIALOG = re.compile(r"^[a-z]+\.[a-z]+$")
TAKEN = {
    "Tab",
    " ",
    "Ctrl+c",
    "Ctrl+v",
    "Ctrl+x",
    "Ctrl+z",
    "Ctrl+a",
    "Ctrl+f",
    "Ctrl+p",
    "Ctrl+r",
    "Ctrl+t",
    "Ctrl+w",
    "F5",
}


@pytest.mark.parametrize("bench", sorted(KEYMAP))
def test_no_key_does_two_things_in_one_place(bench: str) -> None:
    entries = KEYMAP[bench] + (KEYMAP["everywhere"] if bench != "everywhere" and not DIALOG.match(bench) else [])
    twice = {name: [key for key, n in Counter(e[name] for e in entries).items() if n > 1] for name in ("key", "action")}
    assert twice == {"key": [], "action": []}


@pytest.mark.parametrize("bench", sorted(KEYMAP))
def test_no_key_is_one_that_browsers_and_fields_need(bench: str) -> None:
    assert not {e["key"] for e in KEYMAP[bench]} & TAKEN
    assert all(e["label"] for e in KEYMAP[bench])


@pytest.mark.parametrize("bench", sorted(set(KEYMAP) - {"everywhere"}))
def test_every_action_is_a_button_of_a_page_or_is_registered_by_a_script(bench: str) -> None:
    buttons = set(re.findall(r'data-action="([\w-]+)"', "\n".join(TEMPLATES.values())))
    looped = [t for t in TEMPLATES.values() if 'data-action="{{' in t]  # a name that a loop puts there stands in quotes
    buttons |= {name for t in looped for name in re.findall(r"'([\w-]+)'", t)} | {f"tab-{n}" for n in range(1, 6)}
    registered = set(re.findall(r'Precept\.on\("([\w-]+)"', SCRIPTS)) | {f"pick-{n}" for n in range(1, 10)}
    missing = {e["action"] for e in KEYMAP[bench]} - buttons - registered
    assert not missing


def test_every_workbench_that_a_page_names_has_keys_and_every_dialog_its_own() -> None:
    named = {b for t in TEMPLATES.values() for b in re.findall(r"{% block workbench %}(\w+){% endblock %}", t)} - {
        "none"
    }
    dialogs = {d for t in TEMPLATES.values() for d in re.findall(r'data-keys="([\w.]+)"', t)}
    assert {"queue", "case", "search", "settings"} <= named & set(KEYMAP)
    assert dialogs <= set(KEYMAP)
