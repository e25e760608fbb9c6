"""What a page shows of a case is the record, cut into spans that can be marked, and no more than its reader may see."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases.case import Case, Media, Part
from cases.decision import Decision
from cases.observation import Box, Locator, Observation
from tests.web.acting import DOUBTFUL, THREAT
from web.identity import Actor
from web.office import Office
from web.store import journal
from web.work import marks, notes, rulings
from web.work.rulings import Ruling
from web.work.view import case_view

Person = Callable[..., Actor]
Decided = Callable[..., Decision]


def test_spans_joined_are_the_text_and_evidence_is_marked_where_it_stands(
    office: Office, person: Person, decided: Decided
) -> None:
    record = office.record(decided(THREAT).id)
    view = case_view(office, record, person())
    (part,) = view.parts
    assert "".join(span.text for span in part.spans) == THREAT
    (finding, *_) = view.findings
    assert finding.leads and finding.number == 1
    marked = {span.anchor: span.text for span in part.spans if 1 in span.findings}
    for spot in finding.evidence:
        assert spot.anchor in marked and spot.quote.startswith(marked[spot.anchor])


def test_a_finding_stands_beside_the_clauses_that_it_cites_whole(
    office: Office, person: Person, decided: Decided
) -> None:
    record = office.record(decided(THREAT).id)
    for finding in case_view(office, record, person()).findings:
        for clause in finding.clauses:
            assert record.pack.clause(clause.id).text == clause.text and clause.quote in clause.text


def test_markup_in_content_is_text_and_stays_as_it_is(office: Office, person: Person, decided: Decided) -> None:
    hostile = "<img src=x onerror=alert(1)> I will break your legs <svg/onload=alert(2)>"
    view = case_view(office, office.record(decided(hostile).id), person())
    assert "".join(span.text for span in view.parts[0].spans) == hostile


def test_overlapping_evidence_of_two_findings_is_cut_so_that_both_are_marked(
    office: Office, person: Person, decided: Decided
) -> None:
    record = office.record(decided(THREAT).id)
    first, second = record.decision.findings[:2]
    e = next(f for f in record.decision.findings if f.evidence).evidence[0]
    low, middle, high = e.start, e.start + 4, e.end
    one = e.model_copy(update={"start": low, "end": high, "quote": THREAT[low:high]})
    two = e.model_copy(update={"start": middle, "end": high, "quote": THREAT[middle:high]})
    findings = (
        first.model_copy(update={"evidence": (one,), "verdict": "hit"}),
        second.model_copy(update={"evidence": (two,), "verdict": "hit"}),
    )
    changed = record._replace(decision=record.decision.model_copy(update={"findings": findings}))
    spans = case_view(office, changed, person()).parts[0].spans
    assert "".join(s.text for s in spans) == THREAT
    assert [s.findings for s in spans if s.findings] == [(1,), (1, 2)]


def test_likely_rules_come_first_and_rules_that_only_raise_are_not_offered(
    office: Office, person: Person, decided: Decided
) -> None:
    record = office.record(decided(THREAT).id)
    choices = case_view(office, record, person()).choices
    assert choices[0].rule_id == max(record.decision.findings, key=lambda f: f.probability).rule_id
    known = [c.probability for c in choices if c.probability is not None]
    assert known == sorted(known, reverse=True) and len(choices) > 20
    modifiers = {r.id for r in record.pack.rules if r.raises is not None} - {
        f.rule_id for f in record.decision.findings
    }
    assert modifiers.isdisjoint(c.rule_id for c in choices)


def test_the_history_names_colleagues_in_order_and_programs_learn_no_name_and_no_chain(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(DOUBTFUL), person(), person()
    marks.escalate(office, ana, decision.id, "Too close")
    rulings.settle(office, ben, decision.id, Ruling(outcome="allow", reason="It asks for help."))
    rulings.undo(office, ben, decision.id)
    view = case_view(office, office.record(decision.id), ana)
    assert [(e.who, e.kind) for e in view.history] == [
        ("the system", "system"), (ana.shown, "mark"), (ben.shown, "edit"), (ben.shown, "edit"),
    ]  # fmt: skip
    assert view.history[-1].what.startswith("took that back: review") and view.chain
    told = case_view(office, office.record(decision.id), ana.model_copy(update={"via": "key"})).model_dump_json()
    assert ben.shown not in told and '"chain":[]' in told


def test_a_pinned_note_comes_to_the_top_and_there_is_at_most_one(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(DOUBTFUL), person()
    first, second = (notes.add(office, ana, decision.id, text) for text in ("Ask the hotline", "Seen before"))
    for note in (first, second):
        notes.pin(office, ana, decision.id, note.id)
    view = case_view(office, office.record(decision.id), ana)
    assert [n.pinned for n in view.notes] == [False, True]
    assert view.pinned is not None and (view.pinned.text, view.pinned.who) == ("Seen before", ana.shown)
    notes.pin(office, ana, decision.id, None)
    assert case_view(office, office.record(decision.id), ana).pinned is None


def test_reading_a_case_is_in_the_journal_and_fetching_it_ahead_is_not(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(DOUBTFUL), person()
    case_view(office, office.record(decision.id), ana, note=False)
    assert not journal.lines(office.store, actor=ana.id)
    case_view(office, office.record(decision.id), ana)
    assert [line.act for line in journal.lines(office.store, actor=ana.id)] == ["case.read"]


def test_files_are_known_by_their_ids_never_by_their_paths_and_regions_are_in_percent(
    office: Office, person: Person, tmp_path: Path
) -> None:
    path = str(tmp_path / "secret-name.png")
    seen = Observation(
        id="image-1.r1", media="image-1", kind="region", label="weapon", tool="t", version="1",
        locator=Locator(frame=0, box=Box(x=0.25, y=0.5, width=0.125, height=0.1)),
    )  # fmt: skip
    case = Case(
        id="pictured", parts=(Part(id="caption", kind="caption", text=THREAT),),
        media=(Media(type="image", path=path),), observations=(seen,),
    )  # fmt: skip
    decision = office.desks.live.decide(case)
    view = case_view(office, office.record(decision.id), person())
    assert "secret-name" not in view.model_dump_json()
    (file,) = view.media
    (region,) = file.regions
    assert (file.id, region.x, region.y, region.width, region.label) == ("image-1", 25.0, 50.0, 12.5, "weapon")


def test_a_note_that_says_nothing_or_too_much_is_refused(office: Office, person: Person, decided: Decided) -> None:
    from web.problem import Problem

    for text in (" \n ", "x" * 4001):
        with pytest.raises(Problem) as raised:
            notes.add(office, person(), decided().id, text)
        assert raised.value.status == 422
