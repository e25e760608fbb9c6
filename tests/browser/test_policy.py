"""A policy by keyboard alone: a rule is changed, linted, tested, measured on stored cases, and published by another."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, press, ready, serious, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
SLOW = 240_000
INSULTS = (
    "You are the dumbest person I have ever worked with, Priya, and everybody here knows it.",
    "omg @lena_k ur face looks like a melted candle, delete ur pics",
    "Lena, you are pathetic and ugly and nobody likes you.",
    "Priya, you are a fat ugly cow and a waste of space, everyone laughs at you.",
    "Mark is a worthless stupid idiot with the face of a pig.",
    "@dan_r you are disgusting, a repulsive little loser, nobody wants you here.",
    # Three that stand low in the band, below the next tier: raising its end moves them over.
    "You are an absolute disgrace of a father, Tom, and your children will be ashamed of you all their lives.",
    "Dan is a worthless pathetic drunk whose own mother is disgusted by him, share this so all can laugh.",
    "Mark, you are so ugly and stupid that your own kids are ashamed of you, worthless loser.",
)
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A home of its own: a policy is put in force here."""
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


def go_to(page: "Page", line: str, after: str) -> None:
    """Move by arrow keys to the end of the first line that holds some words, after one that holds others."""
    lines = page.locator("#text").input_value().split("\n")
    start = next(n for n, text in enumerate(lines) if after in text)
    there = next(n for n, text in enumerate(lines) if n >= start and line in text)
    here = page.evaluate("(t => t.value.slice(0, t.selectionStart).split('\\n').length - 1)(document.activeElement)")
    press(page, *["ArrowDown" if there > here else "ArrowUp"] * abs(there - here), "End")


def begun(page: "Page") -> str:
    """Go by keys from the tree of the policy to a rule, and begin a draft there; return its id."""
    page.goto("/policies")
    ready(page)
    press(page, "/")
    page.keyboard.type("HR1")
    press(page, "Enter")
    ready(page, "**/rules/HR1")
    press(page, "n")
    ready(page, "**/drafts/*/rules/HR1")
    found: str = page.url.split("/")[-3]
    return found


def drafted(site: Site) -> str:
    """Begin a draft that raises the upper end of a rule's band, with few tests; return its id."""
    from web.identity import Actor
    from web.roles import OF_ROLE
    from web.work import drafts

    author = Actor(id="u-author", shown="An author", via="session", may=OF_ROLE["author"])
    made = drafts.begin(site.office, author, "community")
    rules, tests = made.files["rules/HR.yaml"], made.files["cases.yaml"].split("\n- ")
    files = {
        "rules/HR.yaml": rules.replace("band: {low: 5, high: 55}", "band: {low: 5, high: 95}", 1),
        "cases.yaml": "\n- ".join(tests[:8]) + "\n",
    }
    return drafts.save(site.office, author, made.id, made.version, files).id


def test_a_rule_is_changed_in_its_text_with_lint_while_it_is_typed(site: Site, person: Person, shot: Shot) -> None:
    page = person("author")
    draft_id = begun(page)
    shot(page, "policy-form")
    assert serious(page) == []
    press(page, "b", "b")
    page.goto("/policies/at/community/rules/HR1")
    ready(page)
    shot(page, "policy-rule")
    assert serious(page) == []
    press(page, "e")  # the draft that is open already
    ready(page, f"**/drafts/{draft_id}/rules/HR1")
    press(page, "f")
    page.wait_for_selector("#text:focus")
    ready(page)
    go_to(page, "band:", after="id: HR1")
    press(page, "ArrowLeft", "Backspace", "Backspace")
    page.keyboard.type("9")
    page.wait_for_selector("#lint .faults", timeout=SLOW)
    shot(page, "policy-lint")
    assert serious(page) == []
    press(page, "Escape", "j", "Enter")  # to the fault, and from it into its line
    page.wait_for_selector("#text:focus")
    go_to(page, "band:", after="id: HR1")
    press(page, "ArrowLeft", "Backspace")
    page.keyboard.type("95")
    page.wait_for_selector("#lint :text('It loads.')", timeout=SLOW)
    press(page, "Control+s")
    page.wait_for_selector("#lint :text('Saved as change 2.')", timeout=SLOW)
    press(page, "Escape", "l")
    page.wait_for_selector(".files a:focus")
    from web.work import drafts

    assert drafts.loaded(drafts.draft(site.office, draft_id)).by_id["HR1"].band.high == 95


def test_a_draft_is_tested_and_measured_on_stored_cases_and_each_flip_is_judged(
    site: Site, person: Person, shot: Shot
) -> None:
    cases = [site.decide(text, f"insult-{n}") for n, text in enumerate(INSULTS)]
    assert {(d.outcome, d.rule_id) for d in cases} == {("act", "HR1")}
    draft_id = drafted(site)
    page = person("author")
    page.goto(f"/policies/drafts/{draft_id}")
    ready(page)
    press(page, "t")
    page.wait_for_selector("tr.pick", timeout=SLOW)
    ready(page)
    press(page, "j", "ArrowRight")
    ready(page, "**show=fail")
    shot(page, "policy-tests")
    assert serious(page) == []
    press(page, "b")
    ready(page, f"**/drafts/{draft_id}")
    press(page, "i")
    page.wait_for_selector("#impact-form[open]")
    page.keyboard.type("case:insult")
    press(page, "Enter")
    page.wait_for_selector("tr.pick", timeout=SLOW)
    ready(page)
    assert page.locator("tr.pick").count() >= 2
    shot(page, "policy-flips")
    assert serious(page) == []
    press(page, "j", "Enter")
    page.wait_for_selector("#drawer h2")
    press(page, "v")
    shot(page, "policy-flip")
    assert serious(page) == []
    first = page.locator("tr.pick.here").get_attribute("data-flip")
    press(page, "1")
    page.wait_for_selector(f"#r-{first} :text('marked')")
    page.wait_for_selector(f"tr.pick.here:not([data-flip='{first}'])")  # on to the next
    second = page.locator("tr.pick.here").get_attribute("data-flip")
    page.wait_for_selector(f"#drawer h2:text('{second}')")
    press(page, "k", "j", "2")
    page.wait_for_selector(f"#r-{second} :text('the draft')")
    shot(page, "policy-marked")


def test_a_draft_is_compared_sent_to_review_and_put_in_force_by_a_second_person(
    site: Site, person: Person, shot: Shot
) -> None:
    page = person("author", name="Ada")
    draft_id = begun(page)
    press(page, "e", "End")
    page.keyboard.type(" Also in jest.")
    press(page, "Control+s")
    page.wait_for_selector("text=Saved as change 2.")
    # The focus is in the field again.
    assert page.evaluate("document.activeElement.value").endswith("Also in jest.")
    press(page, "Escape", "d")
    ready(page, "**/policies/diff*")
    shot(page, "policy-diff")
    assert serious(page) == []
    press(page, "b")
    ready(page, f"**/drafts/{draft_id}")
    press(page, "s")
    page.wait_for_selector("#submit-form[open]")
    page.keyboard.type("An insult in jest is one all the same.")
    press(page, "Control+Enter")
    page.wait_for_selector("text=a second person has to publish it")
    ready(page)
    shot(page, "policy-in-review")
    press(page, "p")
    assert page.locator("dialog[open]").count() == 0

    reviewer = person("author", name="Ben")
    reviewer.goto("/policies")
    ready(reviewer)
    press(reviewer, "m")
    ready(reviewer, f"**/drafts/{draft_id}")
    press(reviewer, "d")
    ready(reviewer, "**/policies/diff*")
    press(reviewer, "b")
    ready(reviewer, f"**/drafts/{draft_id}")
    press(reviewer, "p")
    reviewer.wait_for_selector("#publish-form[open]")
    reviewer.keyboard.type("Read, tried, and right.")
    shot(reviewer, "policy-publish")
    assert serious(reviewer) == []
    press(reviewer, "Control+Enter")
    reviewer.wait_for_selector(".state-published", timeout=SLOW)
    shot(reviewer, "policy-published")
    assert site.office.pack.version == "1.0.1"
    assert site.office.pack.by_id["HR1"].statement.endswith("Also in jest.")
    assert site.decide(INSULTS[0] + " Really.", "after").pack.version == "1.0.1"
