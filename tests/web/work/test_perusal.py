"""Whoever reads a page of a list is on record with what was asked for, and never with what it holds."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, THREAT
from web.office import Office
from web.store import journal
from web.store.journal import Line

People = Callable[..., TestClient]
Decided = Callable[..., Decision]


def since(office: Office, seq: int) -> list[Line]:
    return [line for line in journal.lines(office.store) if line.seq > seq]


def newest(office: Office) -> int:
    return next((line.seq for line in journal.lines(office.store, limit=1)), 0)


@pytest.mark.parametrize(("role", "path", "act", "asked"), [
    ("moderator", "/queue?q=severity:>20&sort=-at", "queue.read", {"state": "waiting", "q": "severity:>20", "sort": "-at"}),
    ("moderator", "/search?q=herring", "case.search", {"state": "all", "q": "herring", "sort": "-at"}),
    ("moderator", "/precedents", "precedents.read", {}),
    ("appeals", "/appeals?q=sorry", "appeals.list", {"q": "sorry"}),
])  # fmt: skip
def test_a_page_of_the_console_that_is_read_is_one_line(
    office: Office, decided: Decided, signed_in: People, role: str, path: str, act: str, asked: dict[str, str]
) -> None:
    decided(THREAT + f" {act}")
    reader, before = signed_in(role), newest(office)
    assert reader.get(path).status_code == 200
    (line,) = since(office, before)
    assert (line.actor, line.act) == (reader.account_id, act)  # type: ignore[attr-defined]
    assert {k: v for k, v in line.detail.items() if k != "shown"} == asked and line.detail["shown"].isdigit()
    assert "Dana" not in str(line)


@pytest.mark.parametrize(("path", "act"), [
    ("/v1/decisions?outcome=act&limit=1", "case.list"), ("/v1/queue?limit=1", "queue.read"),
    ("/v1/search?q=bus&limit=1", "case.search"), ("/v1/appeals", "appeals.list"), ("/v1/statements", "statement.list"),
    ("/v1/events?wait=false", "events.read"),
])  # fmt: skip
def test_a_page_of_the_api_that_is_read_is_one_line(
    office: Office, decided: Decided, with_key: People, path: str, act: str
) -> None:
    decided(THREAT), decided(DOUBTFUL)
    reader, before = with_key("read", "review", "appeals"), newest(office)
    answer = reader.get(path)
    assert answer.status_code == 200
    (line,) = since(office, before)
    assert line.act == act and line.actor.startswith("pk-") and "Dana" not in str(line)
    if "limit=1" in path:
        assert line.detail["shown"] == str(len(answer.json()["items"])) == "1"


def test_what_is_refused_was_not_read(office: Office, signed_in: People) -> None:
    reader, before = signed_in("moderator"), newest(office)
    assert reader.get("/queue?q=nothing:such").status_code == 422
    assert reader.get("/v1/decisions?q=nothing:such").status_code == 422
    assert since(office, before) == []
