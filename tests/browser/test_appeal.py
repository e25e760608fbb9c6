"""An appeal by keyboard alone: from the inbox, through a blind first view and the ruling, to the statement of reasons."""

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, press, ready, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
THREAT = (
    "Keep talking, Dana. I know which bus you take home, and one evening I will be at the stop to break your legs{}"
)
SAID = "I was angry about the money that he owes me. I would never lay a hand on anybody."
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


def filed(site: Site, decision_id: str, country: str = "LT") -> str:
    """File an appeal as a platform does, through the API; return its id."""
    from web.store import keys

    _, secret = keys.make(site.office.store, "a platform", ("appeals",))
    body = {"decision_id": decision_id, "statement": SAID, "appellant": f"user-{decision_id[-4:]}", "country": country}
    asked = urllib.request.Request(
        f"{site.base}/v1/appeals", json.dumps(body).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(asked, timeout=60) as answer:
        found: str = json.load(answer)["id"]
    return found


def decided_by_a_person(site: Site, page: "Page", text: str, id: str) -> str:
    """Decide a case by keys, as the first person does; return the decision."""
    decision = site.decide(text, id)
    assert decision.outcome == "act"
    page.goto(f"/cases/{decision.id}")
    ready(page)
    press(page, "a")
    page.wait_for_selector(".toast:not(.bad)")
    assert site.office.ledger.edits(decision.id)
    return decision.id


def look(page: "Page", key: str) -> None:
    """Put down a first view, and wait for the fresh judgement that it uncovers."""
    assert page.get_by_text("Reasoned in full").count() == 0
    press(page, "v", "g", key, "Control+Enter")
    page.wait_for_selector("#fresh .voices", timeout=120_000)
    ready(page)
    assert page.locator("#appeal.bare.coloured").count() == 1  # whoever has looked need not uncover it again


def tell(page: "Page", shot: Shot, name: str) -> None:
    """Fill the lines of the notice, give the day of publication, and send it."""
    ready(page, "**/notice*")
    shot(page, f"{name}-notice")
    assert serious(page) == []
    lines = page.locator('[name^="fill_"]').count()
    for _ in range(lines):
        assert page.evaluate("document.activeElement.name").startswith("fill_")
        page.keyboard.type("https://help.example/complaints")
        press(page, "Tab")
    assert page.evaluate("document.activeElement.name") == "published"
    page.keyboard.type("09012026")
    press(page, "Escape", "w")
    page.wait_for_selector("[data-testid=notice]")
    ready(page)
    shot(page, f"{name}-sent")
    assert serious(page) == []


def test_an_appeal_goes_from_the_inbox_to_another_rule_and_a_statement_of_reasons_by_keys_alone(
    site: Site, person: Person, shot: Shot
) -> None:
    from web.store import notices
    from web.work import statements

    first = person("moderator", "appeals", name="Ada")
    decision_id = decided_by_a_person(site, first, THREAT.format("."), "appeal-changed")
    appeal_id = filed(site, decision_id)
    first.goto("/appeals")
    ready(first)
    assert first.get_by_text("for somebody else").count() == 1  # whoever decided it does not decide about it again
    press(first, "n")
    ready(first, "**/appeals")

    page = person("appeals", name="Ben")
    page.goto("/appeals")
    ready(page)
    shot(page, "appeal-inbox")
    assert serious(page) == []
    press(page, "j", "Enter")
    ready(page, f"**/appeals/{appeal_id}")
    shot(page, "appeal-blind")
    look(page, "1")
    press(page, "d", "x")
    shot(page, "appeal-fresh")
    assert serious(page) == []
    press(page, "c")
    page.keyboard.type("HR1")
    press(page, "Tab")
    page.keyboard.type("40")
    press(page, "Tab")
    page.keyboard.type("An insult in anger; nothing is planned.")
    press(page, "Tab")
    page.keyboard.type("We read it again: it insults, and it plans nothing.")
    shot(page, "appeal-ruling")
    press(page, "Control+Enter")
    tell(page, shot, "appeal-changed")

    held = site.office.ledger.standing(decision_id)
    assert (held.outcome, held.rule_id, held.severity) == ("act", "HR1", 40)
    notice = notices.notice(site.office.store, appeal_id)
    assert notice is not None and notice.state == "sent" and notice.statement is not None
    assert "PLACEHOLDER" not in notice.text and "help.example" in notice.text and "Ben" not in notice.text
    made, wrong = statements.checked(json.loads(notice.statement))
    assert made is not None and wrong == {} and made.content_date.isoformat() == "2026-09-01"
    assert statements.existing(site.office, made.puid) is not None
    press(page, "q")
    ready(page, "**/appeals")


def test_an_appeal_that_is_upheld_is_told_by_keys_alone(site: Site, person: Person, shot: Shot) -> None:
    first = person("moderator", name="Cleo")
    decision_id = decided_by_a_person(site, first, THREAT.format(", believe me."), "appeal-upheld")
    appeal_id = filed(site, decision_id, "FR")
    page = person("appeals", dark=True)
    page.goto("/appeals")
    ready(page)
    press(page, "n")
    ready(page, f"**/appeals/{appeal_id}")
    look(page, "1")
    press(page, "h")
    page.keyboard.type("It names the bus and the stop.")
    press(page, "Control+Enter")
    tell(page, shot, "appeal-upheld")
    assert site.office.ledger.standing(decision_id).outcome == "act"
    shown = page.locator("[data-testid=notice]").inner_text()
    assert "PLACEHOLDER" not in shown and "Cleo" not in shown


def test_an_overturned_appeal_allows_the_content_and_is_read_at_the_width_of_a_telephone(
    site: Site, person: Person, shot: Shot
) -> None:
    first = person("moderator")
    decision_id = decided_by_a_person(site, first, THREAT.format(", and not only yours."), "appeal-overturned")
    appeal_id = filed(site, decision_id)
    page = person("appeals", narrow=True)
    page.goto("/appeals")
    ready(page)
    shot(page, "narrow-appeals")
    press(page, "n")
    ready(page, f"**/appeals/{appeal_id}")
    look(page, "2")
    shot(page, "narrow-appeal")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    press(page, "o")
    page.keyboard.type("A line of a play.")
    press(page, "Control+Enter")
    ready(page, "**/notice*")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.office.ledger.standing(decision_id).outcome == "allow"
