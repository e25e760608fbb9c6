import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.case import Part
from policy_store.rule import canonical
from tests.tools.ledger_samples import case, decision, edit, pair
from tools.chain import sha256
from tools.ledger import GENESIS, Head, Ledger, LedgerError, UnknownCase, UnknownDecision, UnknownPack

PACK = '{"id":"community","rules":["é"],"version":"1.0.0"}'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "new folder" / "ledger.db") as opened:
        yield opened


def test_a_new_ledger_is_empty_and_intact(ledger: Ledger) -> None:
    assert ledger.head() == Head(count=0, hash=GENESIS)
    assert ledger.verify(GENESIS).intact
    assert list(ledger.decisions()) == []


def test_a_decision_and_its_case_come_back_as_they_were(ledger: Ledger) -> None:
    about, made = pair("a")
    ledger.record([(about, made)])
    assert ledger.decision(made.id) == made
    assert ledger.case(about.digest) == about
    assert ledger.latest(about.id) == made
    assert ledger.head().count == 1


def test_what_was_recorded_outlives_the_process_that_recorded_it(tmp_path: Path) -> None:
    about, made = pair("a")
    with Ledger.open(tmp_path / "l.db") as first:
        first.record([(about, made)])
        head = first.head()
    with Ledger.open(f"sqlite:///{tmp_path / 'l.db'}") as second:
        assert second.decision(made.id) == made
        assert second.head() == head
        assert second.verify(head.hash).intact


def test_the_same_content_is_stored_once_whatever_the_case_is_called(ledger: Ledger) -> None:
    first, second = case("one", "same words"), case("two", "same words")
    ledger.record([(first, decision(first, "a")), (second, decision(second, "b"))])
    ledger.record([(second, decision(second, "c"))])
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cases").scalar() == 1
    assert ledger.case(second.digest) == first
    assert ledger.verify().intact


def test_latest_is_the_newest_decision_about_a_case_or_none(ledger: Ledger) -> None:
    about = case("one")
    ledger.record([(about, decision(about, "old")), (about, decision(about, "new", outcome="allow"))])
    latest = ledger.latest("one")
    assert latest is not None and latest.id == "decision-new"
    assert ledger.latest("never seen") is None


def test_a_batch_with_one_bad_decision_leaves_the_ledger_as_it_was(ledger: Ledger) -> None:
    ledger.record([pair("a")])
    before = ledger.head()
    with pytest.raises(LedgerError, match="'decision-a' is recorded already; an id is used once"):
        ledger.record([pair("b"), pair("c"), pair("a")])
    with pytest.raises(LedgerError, match="'decision-d' is recorded already"):
        ledger.record([pair("d"), pair("d")])
    assert ledger.head() == before
    assert [d.id for d in ledger.decisions()] == ["decision-a"]
    with pytest.raises(UnknownCase):
        ledger.case(pair("b")[0].digest)
    assert ledger.verify().intact


def test_a_decision_is_recorded_only_with_the_case_it_is_about(ledger: Ledger) -> None:
    about, made = pair("a")
    other = case("other")
    with pytest.raises(LedgerError, match="'decision-a' is about case 'case-a' .* not 'other'"):
        ledger.record([(other, made)])
    with pytest.raises(LedgerError, match="is about case"):
        ledger.record([(case(about.id, "other words"), made)])
    assert ledger.head().count == 0


def test_a_case_that_was_changed_after_its_digest_was_taken_is_refused(ledger: Ledger) -> None:
    about, made = pair("a")
    stale = about.model_copy(update={"parts": (Part(id="text", kind="text", text="other words"),)})
    with pytest.raises(LedgerError, match="case 'case-a': its text does not hash to its digest"):
        ledger.record([(stale, made)])


def test_a_number_that_json_cannot_hold_is_refused(ledger: Ledger) -> None:
    about, made = pair("a")
    with pytest.raises(LedgerError, match="decision 'decision-a' holds NaN"):
        ledger.record([(about, made.model_copy(update={"score": float("nan")}))])


def test_recording_nothing_changes_nothing(ledger: Ledger) -> None:
    ledger.record([])
    assert ledger.head().count == 0


def test_an_edit_stands_beside_the_decision_and_the_last_one_holds(ledger: Ledger) -> None:
    about, made = pair("a", outcome="review", severity=60)
    ledger.record([(about, made)])
    assert ledger.standing(made.id).by is None
    assert ledger.standing(made.id).outcome == "review"
    first, second = edit(made, "e1", "act", severity=80), edit(made, "e2", "allow")
    ledger.edit(first)
    ledger.edit(second)
    standing = ledger.standing(made.id)
    assert standing.decision == made == ledger.decision(made.id)
    assert standing.edits == (first, second) == ledger.edits(made.id)
    assert (standing.outcome, standing.rule_id, standing.severity, standing.by) == ("allow", None, 80, "ana")
    assert ledger.head().count == 3


def test_an_edit_of_an_unknown_decision_or_with_a_used_id_is_refused(ledger: Ledger) -> None:
    about, made = pair("a")
    ledger.record([(about, made)])
    with pytest.raises(UnknownDecision, match="no decision 'decision-b' in the ledger; nearest: 'decision-a'"):
        ledger.edit(edit(decision(about, "b"), "e1", "allow"))
    ledger.edit(edit(made, "e1", "allow"))
    with pytest.raises(LedgerError, match="edit 'e1' is recorded already"):
        ledger.edit(edit(made, "e1", "act"))
    assert ledger.head().count == 2


def test_pending_are_the_reviews_that_nobody_touched_longest_waiting_first(ledger: Ledger) -> None:
    pairs = [pair(name, outcome="review") for name in "abc"]
    ledger.record([pair("sure"), *pairs])
    ledger.edit(edit(pairs[1][1], "e1", "allow"))
    assert [d.id for d in ledger.pending()] == ["decision-a", "decision-c"]


def test_decisions_are_filtered_in_the_order_of_the_record(ledger: Ledger) -> None:
    ledger.record([pair(f"hr{n:03}", severity=n % 100) for n in range(120)])
    ledger.record([pair("sx", rule_id="SX1"), pair("fine", outcome="allow", rule_id=None, severity=0)])

    def names(found: Iterator[object]) -> list[str]:
        return [str(getattr(d, "id", "")).removeprefix("decision-") for d in found]

    assert names(ledger.decisions(rule_id="SX1")) == ["sx"]
    assert names(ledger.decisions("allow")) == ["fine"]
    assert names(ledger.decisions(rule_id="HR2")) == [f"hr{n:03}" for n in range(120)]
    assert names(ledger.decisions(rule_id="HR2", limit=60, offset=55)) == [f"hr{n:03}" for n in range(55, 115)]
    assert names(ledger.decisions(limit=2, newest_first=True)) == ["fine", "sx"]
    assert names(ledger.decisions(newest_first=True))[::-1] == names(ledger.decisions())
    assert names(ledger.decisions(severity_from=98)) == ["hr098", "hr099"]
    assert names(ledger.decisions(case_id="case-hr007")) == ["hr007"]
    assert names(ledger.decisions(limit=0)) == []


def test_a_reader_in_the_middle_of_the_record_does_not_keep_a_writer_waiting(ledger: Ledger) -> None:
    ledger.record([pair(str(n)) for n in range(60)])
    reader = ledger.decisions()
    next(reader)
    ledger.record([pair("late")])
    assert [d.id for d in reader][-1] == "decision-late"


def test_reading_and_verifying_many_decisions_takes_little_memory(ledger: Ledger) -> None:
    words = "word " * 8000
    cases = [case(f"c{n}", words + str(n)) for n in range(200)]
    made = [decision(c, str(n)).model_copy(update={"rationale": words}) for n, c in enumerate(cases)]
    ledger.record(list(zip(cases, made, strict=True)))
    del cases, made
    tracemalloc.start()
    assert sum(1 for _ in ledger.decisions()) == 200
    assert ledger.verify().entries == 200
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * len(words) / 1.5  # all bodies are 200 times that


def test_a_policy_is_recorded_once_and_comes_back_byte_for_byte(ledger: Ledger) -> None:
    digest = sha256(PACK)
    ledger.policy("community", "1.0.0", digest, PACK)
    head = ledger.head()
    ledger.policy("community", "1.0.0", digest, PACK)
    assert ledger.head() == head == Head(count=1, hash=head.hash)
    assert ledger.pack_body(digest) == PACK
    with pytest.raises(UnknownPack, match="no pack 'abc' in the ledger"):
        ledger.pack_body("abc")


def test_a_policy_that_is_not_the_text_of_its_digest_or_name_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"policy 'community' version '1.0.0': its text has the sha256 .* not 'd1'"):
        ledger.policy("community", "1.0.0", "d1", PACK)
    with pytest.raises(LedgerError, match="its text says 'community' version '1.0.0'; give the pack's own"):
        ledger.policy("community", "2.0.0", sha256(PACK), PACK)
    with pytest.raises(LedgerError, match="its text is no pack"):
        ledger.policy("community", "1.0.0", sha256("[]"), "[]")
    assert ledger.head().count == 0


def test_the_record_holds_the_canonical_text_of_a_decision(ledger: Ledger) -> None:
    about, made = pair("a")
    ledger.record([(about, made)])
    with ledger.engine.connect() as connection:
        body, at = connection.exec_driver_sql("SELECT body, at FROM entries").one()
    assert body == canonical(made)
    assert at == "2026-03-01T12:00:00+00:00"


def test_threads_share_one_ledger(ledger: Ledger) -> None:
    def write(name: str) -> None:
        for n in range(10):
            ledger.record([pair(f"{name}-{n}")])

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.head().count == 30
    assert ledger.verify().intact


def test_a_read_only_ledger_answers_and_refuses_to_record(tmp_path: Path) -> None:
    about, made = pair("a")
    with Ledger.open(tmp_path / "l.db") as writer:
        writer.record([(about, made)])
    with Ledger.open(tmp_path / "l.db", readonly=True) as reader:
        assert reader.decision(made.id) == made
        assert reader.verify().intact
        with pytest.raises(LedgerError, match="it was opened read-only; open it without readonly"):
            reader.record([pair("b")])
        with pytest.raises(LedgerError, match="opened read-only"):
            reader.edit(edit(made, "e1", "allow"))
