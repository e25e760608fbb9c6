"""A draft on its way: written, reviewed, published by a second person, live at once and after a restart."""

from collections.abc import Iterator

import pytest

from cases.case import Case, Part
from graphs.published import load_live
from graphs.settings import Settings
from policy_store.loader import SHELF
from web.identity import Actor
from web.office import Office, open_office
from web.problem import Problem
from web.roles import OF_ROLE
from web.settings import WebSettings
from web.store import accounts, journal
from web.work import drafts

CHANGES = "# 1.0.1\nSharper.\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office of its own: what is published here stays here."""
    with open_office(Settings(home=tmp_path_factory.mktemp("home"), audit_rate=0)) as opened:
        yield opened


def person(office: Office, name: str) -> Actor:
    found = accounts.named(office.store, name) or accounts.add(office.store, name, ("author",))
    return Actor(id=found.id, shown=found.shown, via="session", may=OF_ROLE["author"])


@pytest.fixture
def ada(house: Office) -> Actor:
    return person(house, "ada")


@pytest.fixture
def ben(house: Office) -> Actor:
    return person(house, "ben")


def sharpened(office: Office, actor: Actor, word: str) -> drafts.PolicyDraft:
    found = drafts.begin(office, actor, "community")
    text = found.files["rules/HR.yaml"].replace(
        "Threatens a person with violence", f"Threatens {word} a person with violence"
    )
    return drafts.save(office, actor, found.id, found.version, {"rules/HR.yaml": text})


def refused(code: str) -> "pytest.RaisesExc[Problem]":
    return pytest.raises(Problem, check=lambda problem: problem.code == code)


def test_a_draft_begins_as_the_policy_in_force_with_a_version_of_its_own(house: Office, ada: Actor) -> None:
    found = drafts.begin(house, ada, "community")
    assert set(found.files) >= {"policy.yaml", "rubric.yaml", "cases.yaml", "rules/HR.yaml"}
    pack = drafts.loaded(found)
    assert pack.version != house.pack.version
    assert pack.model_copy(update={"version": house.pack.version}) == house.pack


def test_who_writes_over_a_change_is_told_and_nothing_is_lost(house: Office, ada: Actor, ben: Actor) -> None:
    found = drafts.begin(house, ada, "community")
    drafts.save(house, ada, found.id, found.version, {"CHANGES.md": CHANGES})
    with refused("stale_version"):
        drafts.save(house, ben, found.id, found.version, {"CHANGES.md": "mine"})
    assert drafts.draft(house, found.id).files["CHANGES.md"] == CHANGES


@pytest.mark.parametrize("name", ["../policy.yaml", "rules/../../x.yaml", "/etc/passwd", "rules/HR.yml", "note.txt"])
def test_a_file_that_is_none_of_a_pack_is_refused(house: Office, ada: Actor, name: str) -> None:
    found = drafts.begin(house, ada, "community")
    with refused("too_large"):
        drafts.save(house, ada, found.id, found.version, {name: "x"})


def test_faults_name_the_authors_file_and_line_and_keep_a_draft_from_review(house: Office, ada: Actor) -> None:
    found = drafts.begin(house, ada, "community")
    broken = found.files["rules/HR.yaml"].replace("scene: HR", "scene: HX", 1)
    found = drafts.save(house, ada, found.id, found.version, {"rules/HR.yaml": broken})
    (fault,) = drafts.checked(found).faults
    assert (fault.file, fault.line, fault.hint) == (
        "rules/HR.yaml",
        2,
        "known scenes: HR, HS, IL, MI, MN, RG, SC, SH, SX, VI",
    )
    with refused("bad_policy"):
        drafts.submit(house, ada, found.id, found.version, "x")


def test_the_author_cannot_publish_and_a_second_person_can(house: Office, ada: Actor, ben: Actor) -> None:
    found = sharpened(house, ada, "openly")
    found = drafts.submit(house, ada, found.id, found.version, "clearer")
    with refused("own_draft"):
        drafts.publish(house, ada, found.id, found.version, "fine")
    with refused("no_reason"):
        drafts.publish(house, ben, found.id, found.version, "  ")
    done = drafts.publish(house, ben, found.id, found.version, "reads well")
    assert house.pack.digest == done.pack.digest
    assert load_live(house.settings).digest == done.pack.digest
    decision = house.desks.live.decide(Case(id="after", parts=(Part(id="text", kind="text", text="lemon cake"),)))
    assert decision.pack.version == done.pack.version
    assert done.pack.version in [a.version for a in house.ledger.policies("community")]
    assert (SHELF / "community" / "policy.yaml").read_text().count("version: 1.0.0") == 1
    (line,) = journal.lines(house.store, act="policy.publish", subject=found.id)
    assert (line.actor, line.detail["reason"], "alone" in line.detail) == (ben.id, "reads well", False)


def test_whoever_writes_along_is_an_author_too(house: Office, ada: Actor, ben: Actor) -> None:
    found = sharpened(house, ada, "loudly")
    found = drafts.save(house, ben, found.id, found.version, {"CHANGES.md": CHANGES})
    found = drafts.submit(house, ada, found.id, found.version, "clearer")
    with refused("own_draft"):
        drafts.publish(house, ben, found.id, found.version, "mine as well")


def test_a_team_of_one_publishes_by_the_operators_setting_and_the_journal_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("alone"), audit_rate=0)
    with open_office(settings, WebSettings(solo_publishing=True)) as office:
        ada = person(office, "ada").model_copy(update={"may": OF_ROLE["admin"]})
        found = sharpened(office, ada, "openly")
        found = drafts.submit(office, ada, found.id, found.version, "clearer")
        drafts.publish(office, ada, found.id, found.version, "nobody else is here")
        (line,) = journal.lines(office.store, act="policy.publish")
        assert "the author published it" in line.detail["alone"]
    with open_office(settings) as again:
        assert again.pack.version == "1.0.1"  # a restart finds what was published


def test_a_draft_over_an_older_version_is_not_published_until_it_is_set_over_the_new_one(
    house: Office, ada: Actor, ben: Actor
) -> None:
    early, late = sharpened(house, ada, "plainly"), sharpened(house, ada, "somehow")
    late = drafts.submit(house, ada, late.id, late.version, "first")
    drafts.publish(house, ben, late.id, late.version, "yes")
    early = (
        drafts.submit(house, ada, early.id, early.version, "second")
        if _free(house, early)
        else _raised(house, ada, early)
    )
    with refused("stale_base"):
        drafts.publish(house, ben, early.id, early.version, "yes")
    early = drafts.send_back(house, ben, early.id, early.version, "set it over the new one")
    early = drafts.rebase(house, ada, early.id, early.version)
    early = drafts.submit(house, ada, early.id, early.version, "second")
    assert drafts.publish(house, ben, early.id, early.version, "yes").pack == house.pack


def test_rolling_back_puts_an_earlier_version_in_force(house: Office, ben: Actor) -> None:
    done = drafts.roll_back(house, ben, "community", "shipped", "the new one flags recipes")
    assert (house.pack.version, load_live(house.settings).version, done.pack.version) == ("1.0.0",) * 3


def test_an_outside_policy_becomes_a_draft_of_a_new_pack(house: Office, ada: Actor, ben: Actor) -> None:
    text = "# Chess\n\n## VIOLATES (1)\n- Calls a player stupid.\n\n## SAFE (0)\n- Criticises a move.\n"
    found, notes = drafts.bring(house, ada, text, "gpt-oss-safeguard", "chess")
    assert any("severity band" in note for note in notes)
    found = drafts.submit(house, ada, found.id, found.version, "for the club")
    done = drafts.publish(house, ben, found.id, found.version, "good")
    assert done.note is not None and house.pack.id == "community"
    assert drafts.pack_at(house, "chess").digest == done.pack.digest
    with refused("pack_exists"):
        drafts.bring(house, ada, text, "cope", "chess")


def test_no_path_of_a_caller_is_looked_at(house: Office) -> None:
    for ref in ("/etc", "../..", ".", "community@../../x", "nothing"):
        with refused("unknown_policy"):
            drafts.pack_at(house, ref)


def _free(office: Office, draft: drafts.PolicyDraft) -> bool:
    return drafts.loaded(draft).version not in [a.version for a in office.ledger.policies("community")]


def _raised(office: Office, actor: Actor, draft: drafts.PolicyDraft) -> drafts.PolicyDraft:
    old = drafts.loaded(draft).version
    text = draft.files["policy.yaml"].replace(f"version: {old}", f"version: {old}.1")
    draft = drafts.save(office, actor, draft.id, draft.version, {"policy.yaml": text})
    return drafts.submit(office, actor, draft.id, draft.version, "second")
