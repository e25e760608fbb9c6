"""Ctrl+K leads to what one may see: pages, rules in force, policies and drafts, by any of their words."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from web.office import Office

SignedIn = Callable[..., TestClient]


def led(client: TestClient, q: str) -> list[tuple[str, str]]:
    page = client.get("/palette", params={"q": q})
    assert page.status_code == 200
    return [(to, label) for to, label in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', page.text)]


def test_a_rule_that_is_named_by_its_id_comes_first(signed_in: SignedIn) -> None:
    found = led(signed_in("moderator"), "hr2")
    assert found[0] == ("/policies/at/community/rules/HR2", "Rule HR2 Threat against a person")
    assert [to for to, _ in found].count("/policies/at/community/rules/HR2") == 1


def test_rules_are_found_by_their_words_in_any_order(signed_in: SignedIn) -> None:
    assert "/policies/at/community/rules/HR2" in dict(led(signed_in("appeals"), "person threat"))
    assert "/policies/at/community/rules/HR2" not in dict(led(signed_in("appeals"), "person threat zebra"))


def test_policies_lead_to_the_version_in_force(signed_in: SignedIn, office: Office) -> None:
    found = dict(led(signed_in("author"), "policy community"))
    assert found["/policies?at=community"].startswith(f"Policy community {office.pack.version}")


def test_drafts_are_for_those_who_write_them(signed_in: SignedIn) -> None:
    author = signed_in("author")
    to = author.post("/policies/drafts", data={"pack": "community"}, follow_redirects=False).headers["location"]
    assert to in dict(led(author, to.rpartition("/")[2]))
    assert to not in dict(led(signed_in("moderator"), to.rpartition("/")[2]))


def test_nothing_typed_shows_the_pages_alone(signed_in: SignedIn) -> None:
    found = led(signed_in("admin"), "")
    assert ("/settings", "Settings") in found and not [label for _, label in found if label.startswith("Rule")]
