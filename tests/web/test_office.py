"""A running office takes over what another process published, and every decision names what it was made under."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.intake import case_from_text
from graphs.desks import open_desks
from graphs.published import SHIPPED, put_in_force
from graphs.settings import Settings
from tests.web.acting import THREAT
from tools.ledger import Ledger, LedgerError
from web.office import Office, open_office
from web.work.attendance import attending
from web.work.tally import Tally

PUBLISHES = """
import sys
from pathlib import Path
from graphs.settings import Settings
from web.identity import Actor
from web.office import open_office
from web.roles import OF_ROLE
from web.store import accounts
from web.work import drafts

def person(name):
    found = accounts.add(office.store, name, ("author",))
    return Actor(id=found.id, shown=found.shown, via="session", may=OF_ROLE["author"])

with open_office(Settings(home=Path(sys.argv[1]), audit_rate=0)) as office:
    ada, ben = person("ada"), person("ben")
    found = drafts.begin(office, ada, "community")
    text = found.files["rules/HR.yaml"].replace("Threatens a person", "Threatens any person", 1)
    found = drafts.save(office, ada, found.id, found.version, {"rules/HR.yaml": text})
    found = drafts.submit(office, ada, found.id, found.version, "Sharper")
    print(drafts.publish(office, ben, found.id, found.version, "Read it").pack.version)
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(Settings(home=tmp_path_factory.mktemp("home"), audit_rate=0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def published(house: Office) -> str:
    """Have another process publish a version; return it."""
    run = [sys.executable, "-c", PUBLISHES, str(house.settings.home)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def version(office: Office, name: str) -> str:
    return office.desks.live.decide(case_from_text(THREAT, name)).pack.version


def test_what_another_process_published_is_in_force_without_a_restart(house: Office, published: str) -> None:
    was = house.pack.version
    assert published != was and version(house, "before") == was
    house.catch_up()
    assert house.pack.version == published and version(house, "after") == published
    assert house.ledger.latest("before").pack.version == was  # type: ignore[union-attr]
    assert house.desks.follow() is None  # nothing changed since


def test_it_is_taken_over_by_itself_between_two_requests(house: Office, published: str) -> None:
    house.catch_up()
    with attending(house, Tally(house)):
        put_in_force(house.settings.home, "community", SHIPPED)
        until = time.monotonic() + 120
        while house.pack.version == published and time.monotonic() < until:
            time.sleep(0.05)
    assert house.pack.version != published and version(house, "by itself") == house.pack.version


def test_what_cannot_be_opened_is_not_put_in_force_and_a_later_one_is(
    house: Office, published: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_in_force(house.settings.home, "community", SHIPPED)
    house.catch_up()
    was, pointer = house.pack, house.settings.home / "policies" / "live.json"
    whole = pointer.read_text()
    for bad in ("{", '{"community": "9.9.9"}', "[]", '{"community": 7}'):
        pointer.write_text(bad)
        caplog.clear()
        house.catch_up()
        assert house.pack == was and "stays in force" in caplog.text
        caplog.clear()
        house.catch_up()
        assert not caplog.text
    pointer.write_text(whole)
    put_in_force(house.settings.home, "community", published)
    house.catch_up()
    assert house.pack.version == published


def test_a_policy_that_was_named_by_a_version_stays(house: Office, published: str) -> None:
    named = house.settings.model_copy(update={"policy": f"community@{SHIPPED}"})
    put_in_force(house.settings.home, "community", SHIPPED)
    with open_office(named) as pinned:
        put_in_force(house.settings.home, "community", published)
        os.utime(house.settings.home / "policies" / "live.json")
        pinned.catch_up()
        assert pinned.pack.version != published


class Failing(Ledger):
    """A ledger whose disk is full when it comes to policies, as long as it is said to be."""

    full = False

    def policy(self, pack_id: str, version: str, digest: str, body_json: str) -> None:
        if self.full:
            raise LedgerError("ledger: cannot record a policy: the disk is full")
        super().policy(pack_id, version, digest, body_json)


def test_what_could_not_be_recorded_is_taken_over_once_it_can_be(house: Office, published: str) -> None:
    settings = house.settings
    put_in_force(settings.home, "community", SHIPPED)
    with Failing.open(settings.ledger_url) as ledger, open_desks(settings, ledger) as desks:
        was = desks.pack.version
        put_in_force(settings.home, "community", published)
        ledger.full = True
        with pytest.raises(LedgerError, match="the disk is full"):
            desks.follow()
        assert desks.pack.version == was
        ledger.full = False
        assert desks.follow() is not None and desks.pack.version == published
