"""What a moderator sees of the account behind a case, in a real browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, ready, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
THREATS = (
    "Keep talking, Dana. I know which bus you take home, and one evening I will be at the stop to break your legs.",
    "Tell your brother that I know where he parks, and that I will be there with a knife tonight.",
)
DOUBTFUL = "Lately I wonder who would notice if I were not here."
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


def published(site: Site, author: str) -> str:
    """Decide two violations, something kind and a case that waits, all by one author; return the one that waits."""
    from web.store.authors import credit_all

    texts = (*THREATS, "My sister baked us a cake for the whole street.", DOUBTFUL)
    made = [site.decide(text, f"{author}-{n}") for n, text in enumerate(texts)]
    assert [d.outcome for d in made] == ["act", "act", "allow", "review"]
    credit_all(site.office.store, {d.id: author for d in made})
    return made[-1].id


@pytest.mark.parametrize("look", ["wide", "dark", "narrow"])
def test_a_case_shows_two_earlier_violations_of_its_account_and_what_they_recommend(
    site: Site, person: Person, shot: Shot, look: str
) -> None:
    author = f"u-81-{look}"
    decision_id = published(site, author)
    page = person("moderator", dark=look == "dark", narrow=look == "narrow")
    page.goto(f"/cases/{decision_id}")
    ready(page)
    panel = page.get_by_test_id("account")
    panel.scroll_into_view_if_needed()
    told = panel.inner_text()
    assert author in told and "16 strikes" in told and "recommended: suspend" in told and "from 2 cases" in told
    links = panel.get_by_role("listitem")
    assert links.count() == 3
    assert [("Act" in row, "Allow" in row) for row in links.all_inner_texts()] == [
        (False, True), (True, False), (True, False),
    ]  # fmt: skip
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"account-{look}")
    panel.get_by_role("link", name=f"{author}-1").click()
    ready(page, "**/cases/d-*")
    assert author in page.get_by_test_id("account").inner_text()
    page.get_by_test_id("account").get_by_role("link", name="Search its cases").click()
    page.wait_for_url("**/search**")
    assert page.locator("[data-row]").count() == 4
