"""Keys that a person has chosen hold at once: on buttons, in the sheet of keys, and when they are pressed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, press, ready, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


def test_a_key_is_chosen_refused_while_another_act_has_it_and_then_does_what_it_says(
    site: Site, person: Person, shot: Shot
) -> None:
    site.decide(
        "I have been so low since the move that some evenings I do not see the point of any of it, number 7.", "keys-1"
    )
    page = person("moderator")
    page.goto("/queue")
    ready(page)  # the keys as they come are in the browser now
    page.goto("/settings")
    ready(page)
    press(page, "k", "Tab", "Enter", "Tab")
    assert page.evaluate("document.activeElement.name") == "take"
    press(page, "j", "Enter")
    page.wait_for_selector("#keys .problem:text('Next line')")
    ready(page)
    shot(page, "settings-keys")
    assert serious(page) == []
    assert page.evaluate("document.activeElement.name") == "take"
    press(page, "m", "Enter")
    page.wait_for_selector("#keys .notice")
    page.goto("/queue")
    ready(page)
    assert page.locator("[data-action=take] kbd").inner_text() == "m"
    press(page, "?")
    assert page.locator("#help tr", has_text="Take the next case").locator("kbd").inner_text() == "m"
    shot(page, "keys-sheet")
    press(page, "Escape", "n")
    press(page, "m")
    ready(page, "**/cases/**")


def test_caps_lock_changes_no_key(site: Site, person: Person) -> None:
    page = person("moderator")
    page.goto("/queue")
    ready(page)
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'J', bubbles: true }))")
    assert page.locator("[data-row].here").count() == 1


def test_the_palette_opens_a_rule(site: Site, person: Person, shot: Shot) -> None:
    page = person("moderator")
    page.goto("/queue")
    ready(page)
    press(page, "Control+k")
    page.keyboard.type("hr2")
    page.wait_for_selector("#palette [aria-selected=true] a:text('Threat against a person')")
    shot(page, "palette")
    press(page, "Enter")
    ready(page, "**/policies/at/community/rules/HR2")
