"""A person's settings hold for them alone, and what cannot be read counts as unset."""

import re
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


def test_a_scene_that_is_shown_in_another_way_is_so_for_its_own_cases_alone(signed_in: SignedIn) -> None:
    had = actor({"blur": 2, "scene.SH": "strong", "scene.SX": "", "scene.HR": "grey", "scene.VI": "loud"})
    assert taste(had).scenes == {"SH": "strong", "HR": "grey"}
    assert taste(had, "SX") == taste(had)
    assert (taste(had, "SH").blur, taste(had, "SH").cover) == (6, "all")
    assert (taste(had, "HR").cover, taste(had, "HR").grey, taste(had).cover) == ("none", True, "all")
    client = signed_in("moderator")
    form = {"blur": 3, "cover": "all", "theme": "auto", "scene": ["HR:plain", "SH:"]}
    client.post("/settings", data=form)
    assert re.search(r'value="HR:plain" selected', client.get("/settings").text)
    client.post("/settings", data=form | {"scene": ["HR:"]})
    assert "selected" not in re.search(r"<select name=\"scene\".*?</details>", client.get("/settings").text, re.S)[0]  # type: ignore[index]
    for wrong in ("HR:loud", "ZZ:strong", "strong"):
        assert client.post("/settings", data=form | {"scene": [wrong]}).status_code == 422


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


def test_a_person_sets_a_key_and_every_page_of_theirs_knows_it(signed_in: SignedIn) -> None:
    client = signed_in("moderator")
    answer = client.post("/settings/keys/queue", data={"take": "m"}, follow_redirects=False)
    assert answer.headers["location"].endswith("#keys-queue")
    assert "{&#34;queue.take&#34;: &#34;m&#34;}" in client.get("/queue").text
    page = client.get("/settings?told=keys&place=queue").text
    assert "1 of your own" in page and "Saved; they hold" in page and 'name="take" value="m"' in page
    assert '<meta name="keys" content="{}">' in signed_in("moderator").get("/queue").text


def test_a_key_that_another_act_has_is_refused_and_what_was_typed_stays(signed_in: SignedIn, office: Office) -> None:
    client = signed_in("moderator")
    refused = client.post("/settings/keys/queue", data={"take": "j", "try": "y"})
    assert refused.status_code == 422 and "“Next line”" in refused.text and 'name="try" value="y"' in refused.text
    account = accounts.account(office.store, client.account_id)  # type: ignore[attr-defined]
    assert account is not None and account.preferences == {}
    assert client.post("/settings/keys/nowhere", data={"take": "m"}).status_code == 404


def test_all_keys_of_a_place_become_the_usual_ones_again(signed_in: SignedIn) -> None:
    client = signed_in("moderator")
    client.post("/settings/keys/queue", data={"take": "m", "down": "y"})
    client.post("/settings/keys/case", data={"accept": "y"})
    client.post("/settings/keys/queue", data={"take": "m", "reset": "yes"})
    assert "{&#34;case.accept&#34;: &#34;y&#34;}" in client.get("/settings").text


def test_every_place_of_the_keymap_can_be_set(signed_in: SignedIn) -> None:
    page = signed_in("moderator").get("/settings").text
    for place in ("everywhere", "queue", "case", "case.decide", "appeals", "policies", "bulk", "settings"):
        assert f'action="/settings/keys/{place}"' in page
