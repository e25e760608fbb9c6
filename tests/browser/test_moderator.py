"""A moderator's day by keyboard alone, in a real browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
PASSIVE = "Lately I wonder who would notice if I were not here, number {}"
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


def waiting(site: Site, count: int) -> list[str]:
    """Decide cases that wait for a person; return their decisions."""
    made = [site.decide(PASSIVE.format(f"{count}-{i}"), f"wait-{count}-{i}") for i in range(count)]
    assert {d.outcome for d in made} == {"review"}
    return [d.id for d in made]


def test_a_case_is_taken_read_decided_and_undone_by_keys_alone(site: Site, person: Person, shot: Shot) -> None:
    waiting(site, 2)
    page = person("moderator")
    page.goto("/queue")
    page.wait_for_selector("kbd")
    shot(page, "queue")
    page.keyboard.press("n")
    page.wait_for_url("**/cases/**")
    page.wait_for_selector("[aria-keyshortcuts]")
    decision_id = page.locator("#case").get_attribute("data-case")
    assert decision_id is not None
    shot(page, "case-covered")
    page.keyboard.press("v")
    page.keyboard.press("g")
    shot(page, "case")
    page.keyboard.press("o")
    page.wait_for_selector("dialog#decide[open]")
    page.keyboard.press("1")
    page.keyboard.type("A wish not to be here, said about oneself.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    standing = site.office.ledger.standing(decision_id)
    assert standing.outcome == "act" and standing.edits[-1].reason.startswith("A wish")
    page.keyboard.press("u")
    page.wait_for_timeout(1500)
    assert len(site.office.ledger.standing(decision_id).edits) == 2


def test_content_is_blurred_and_grey_until_its_reader_wants_it(site: Site, person: Person) -> None:
    (decision_id,) = waiting(site, 1)
    page = person("moderator")
    page.goto(f"/cases/{decision_id}")
    page.wait_for_selector("[aria-keyshortcuts]")
    look = "getComputedStyle(document.querySelector('.text.harm')).filter"
    assert "blur" in page.evaluate(look)
    page.keyboard.press("v")
    page.wait_for_timeout(1000)
    assert page.evaluate(look) in ("grayscale(1)", "none", "blur(0px) grayscale(1)")


def test_of_two_who_want_one_case_the_second_is_told_who_has_it(site: Site, person: Person) -> None:
    (decision_id,) = waiting(site, 1)
    first, second = person("moderator", name="Ida"), person("moderator", name="Tom")
    first.goto(f"/cases/{decision_id}")
    second.goto(f"/cases/{decision_id}")
    assert second.get_by_text("Ida has this case").count() == 1
    assert second.locator('[data-action="act"]').count() == 0


@pytest.mark.parametrize("path", ["/queue", "/search", "/settings", "/charts", "/password"])
def test_pages_have_no_serious_fault_of_accessibility(site: Site, person: Person, path: str) -> None:
    for dark in (False, True):
        page = person("moderator", dark=dark)
        page.goto(path)
        page.wait_for_selector("kbd")
        assert serious(page) == []


@pytest.mark.parametrize("path", ["/queue", "/search", "/charts"])
def test_a_narrow_window_needs_no_sideways_scrolling(site: Site, person: Person, shot: Shot, path: str) -> None:
    page = person("moderator", narrow=True, dark=True)
    page.goto(path)
    page.wait_for_selector("kbd")
    shot(page, f"narrow-dark{path.replace('/', '-')}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
