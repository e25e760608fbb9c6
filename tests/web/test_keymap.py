"""The keymap is one file of data: no key does two things in one place, each has something to press, and people may
set others for themselves."""

import json
import re
from collections import Counter

import pytest

from web import keymap
from web.pages import HERE
from web.problem import Problem

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
    buttons |= {name for t in looped for name in re.findall(r"'([\w-]+)'", t)} | {f"tab-{n}" for n in range(1, 7)}
    buttons |= {f"saved-{n}" for n in range(1, 5)}
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


def keys_of(place: str, preferences: dict[str, str]) -> dict[str, str]:
    return {b.action: b.key for b in keymap.keys(preferences)[place]}


def test_a_key_of_ones_own_holds_in_its_place_alone() -> None:
    made = keymap.rebound({}, "queue", {"take": "m"})
    assert made == {"key.queue.take": "m"}
    assert keys_of("queue", made)["take"] == "m" and keys_of("case", made) == keys_of("case", {})
    assert keymap.rebound(made, "queue", {"take": ""}) == {"key.queue.take": ""}
    assert keymap.own(keymap.rebound(made, "queue", {"take": "n"})) == {}


@pytest.mark.parametrize(
    ("place", "action", "key", "told"),
    [
        ("queue", "take", "j", "“Next line” (Queue)"),
        ("queue", "take", "?", "“Show the keys” (Everywhere)"),
        ("everywhere", "help", "a", "“Accept the suggestion” (A case)"),
        ("case.decide", "pick-1", "2", "“Rule 2 of the list”"),
        ("queue", "take", "Tab", "fields and browsers need"),
        ("queue", "take", " ", "fields and browsers need"),
        ("queue", "take", "Ctrl+r", "fields and browsers need"),
        ("queue", "take", "Enter", "presses what has the focus"),
        ("queue", "take", "Ctrl+m", "without Ctrl"),
        ("policies", "save", "m", "with Ctrl"),
        ("queue", "take", "Shift", "press one key"),
        ("queue", "take", "mm", "press one key"),
    ],
)
def test_a_key_that_is_taken_or_cannot_be_one_is_refused_with_the_act_that_has_it(
    place: str, action: str, key: str, told: str
) -> None:
    with pytest.raises(Problem) as refused:
        keymap.rebound({}, place, {action: key})
    assert refused.value.status == 422 and refused.value.param == action and told in refused.value.message


def test_two_keys_change_places_in_one_go() -> None:
    made = keymap.rebound({}, "queue", {"down": "k", "up": "j"})
    assert (keys_of("queue", made)["down"], keys_of("queue", made)["up"]) == ("k", "j")


def test_a_refusal_is_about_the_key_that_was_changed_whatever_else_the_form_holds() -> None:
    form = {b.action: b.key for b in keymap.keys({})["queue"]} | {"undo": "n"}
    with pytest.raises(Problem) as refused:
        keymap.rebound({}, "queue", form)
    assert refused.value.param == "undo" and "“Take the next case”" in refused.value.message


@pytest.mark.parametrize(
    "kept",
    [{"key.queue.take": "j"}, {"key.queue.gone": "m"}, {"key.queue.take": 3}, {"key.everywhere.help": "a"},
     {"key.queue.take": "m", "key.queue.down": "m"}, {"key.everywhere.close": "m"}],
)  # fmt: skip
def test_what_was_kept_and_holds_no_more_counts_as_unset(kept: dict[str, object]) -> None:
    assert keymap.own(kept) == {}
