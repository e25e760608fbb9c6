"""A person's settings hold for them alone, and what cannot be read counts as unset."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from web.console.taste import Taste, taste
from web.identity import Actor
from web.office import Office
from web.store import accounts

SignedIn = Callable[..., TestClient]


def actor(preferences: dict[str, str | int | bool]) -> Actor:
    return Actor(id="u-1", shown="Ana", via="session", may=frozenset(), preferences=preferences)


def test_what_was_never_set_is_the_gentlest() -> None:
    assert taste(actor({})) == Taste(blur=4, grey=True, cover="all", theme="auto", advance=True, quiet=False)


@pytest.mark.parametrize("had", [{"blur": 99}, {"blur": "none"}, {"cover": "nothing"}, {"grey": "no"}, {"theme": 3}])
def test_a_preference_that_cannot_be_read_counts_as_unset(had: dict[str, str | int | bool]) -> None:
    assert taste(actor(had)) == Taste()


def test_settings_are_kept_and_shown_again(signed_in: SignedIn, office: Office) -> None:
    client = signed_in("moderator")
    client.post("/settings", data={"blur": 6, "cover": "marked", "theme": "light", "advance": "true"})
    account = accounts.account(office.store, client.account_id)  # type: ignore[attr-defined]
    assert account is not None and account.preferences == {
        "blur": 6, "cover": "marked", "theme": "light", "advance": True, "grey": False, "quiet": False,
    }  # fmt: skip
    page = client.get("/settings").text
    assert 'data-theme="light"' in page and 'value="6"' in page and "blur-6 cover-marked" in page


def test_a_setting_that_is_none_changes_nothing(signed_in: SignedIn, office: Office) -> None:
    client = signed_in("moderator")
    assert client.post("/settings", data={"blur": 7, "cover": "all", "theme": "auto"}).status_code == 422
    account = accounts.account(office.store, client.account_id)  # type: ignore[attr-defined]
    assert account is not None and account.preferences == {}
