"""The workbenches of appeals and policies in a real browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Site, serious

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium
Person = Callable[..., "Page"]
Shot = Callable[["Page", str], None]


def test_the_inbox_of_appeals_is_read_without_a_serious_fault(site: Site, person: Person, shot: Shot) -> None:
    page = person("appeals")
    page.goto("/appeals")
    page.wait_for_selector("kbd")
    shot(page, "appeals")
    assert serious(page) == []


def test_the_policy_and_its_rules_are_read_without_a_serious_fault(site: Site, person: Person, shot: Shot) -> None:
    page = person("author")
    page.goto("/policies")
    page.wait_for_selector("kbd")
    shot(page, "policies")
    assert page.get_by_text("HR2").count() >= 1
    assert serious(page) == []
