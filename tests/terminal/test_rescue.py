from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import pytest

from cases.case import Case
from cases.decision import Decision, PackRef
from cases.intake import BadLine, case_from_text
from terminal.errors import Broken
from terminal.rescue import CHUNK, decide_all


def decided(case: Case, number: int) -> Decision:
    return Decision(
        id=f"d-{number}", case_id=case.id, case_digest=case.digest, outcome="allow", score=0, severity=0, tier="none",
        action="none", rule_id=None, findings=(), stage="router", rationale="none",
        pack=PackRef(id="p", version="1", digest="0"), model_digest="0", at=datetime.now(UTC),
    )  # fmt: skip


class Records:
    """A desk that keeps what it decided, a case at a time, and breaks on the texts it is told to."""

    def __init__(self, breaks: dict[str, Exception]) -> None:
        self.breaks = breaks
        self.kept: dict[str, Decision] = {}

    def decide_many(self, cases: Iterable[Case], chunk: int = CHUNK) -> Iterator[Decision]:
        made = []
        for case in cases:
            if case.text in self.breaks:
                raise self.breaks[case.text]
            made.append(decided(case, len(self.kept)))
            self.kept[case.id] = made[-1]
        yield from made

    def recorded(self, since: datetime, cases: Mapping[int, Case]) -> dict[int, Decision]:
        return {line: self.kept[case.id] for line, case in cases.items() if case.id in self.kept}


CASES = {line: case_from_text(text, f"c{line}") for line, text in ((3, "a"), (4, "poison"), (7, "b"))}


def test_a_case_that_breaks_the_program_costs_its_own_line_alone(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Records({"poison": ZeroDivisionError("no")})
    done = decide_all(desk, CASES, desk.recorded)
    assert {line: type(item) for line, item in done.items()} == {3: Decision, 4: BadLine, 7: Decision}
    bad = done[4]
    assert isinstance(bad, BadLine) and bad.id == "c4"
    assert bad.error.startswith("line 4: it could not be decided (ZeroDivisionError: no)")
    assert "Traceback" in capsys.readouterr().err


def test_what_was_on_record_already_is_not_decided_again() -> None:
    desk = Records({"poison": ZeroDivisionError("no")})
    done = decide_all(desk, CASES, desk.recorded)
    assert len(desk.kept) == 2 and done[3] == desk.kept["c3"]


def test_what_is_known_to_have_broken_stops_the_run() -> None:
    desk = Records({"poison": Broken("the disk is full")})
    with pytest.raises(Broken):
        decide_all(desk, CASES, desk.recorded)
