import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi.testclient import TestClient

from cases.decision import Edit, Outcome
from cases.intake import case_from_text
from web.office import Office
from web.work.figures import figures, reliability, share

Signed = Callable[..., TestClient]


def edited(office: Office, decision_id: str, outcome: Outcome, rule_id: str | None) -> None:
    edit = Edit(
        id=f"e-{uuid.uuid4().hex}", decision_id=decision_id, by="u-x", outcome=outcome, rule_id=rule_id, reason="test",
        at=datetime.now(UTC),
    )  # fmt: skip
    office.ledger.edit(edit)


def test_an_overridden_act_counts_against_the_rule_that_the_system_named(office: Office) -> None:
    before = {r.rule_id: r for r in figures(office).rules}
    made = [
        office.desks.live.decide(case_from_text(f"You are a worthless idiot {i} and everybody hates you", id=f"c-{i}"))
        for i in range(2)
    ]
    assert {d.outcome for d in made} == {"act"}
    rule = made[0].rule_id
    assert rule is not None and made[1].rule_id == rule
    edited(office, made[0].id, "allow", None)
    edited(office, made[1].id, "act", rule)
    after = {r.rule_id: r for r in figures(office).rules}[rule]
    was = before.get(rule)
    assert after.named - (was.named if was else 0) == 2
    assert after.agreed.of - (was.agreed.of if was else 0) == 2
    assert after.agreed.number - (was.agreed.number if was else 0) == 1


def test_the_page_shows_every_chart_with_its_numbers_and_without_inline_style(signed_in: Signed) -> None:
    text = signed_in("moderator").get("/charts").text
    assert text.count('<svg class="chart') >= 3
    assert "Decisions a day" in text and "Rules: where people agree" in text
    assert not re.search(r"\sstyle=|<script(?! src)|\son\w+=", text)


def test_a_span_of_days_that_is_none_is_refused(signed_in: Signed) -> None:
    assert signed_in("admin").get("/charts?days=0").status_code == 422
    assert signed_in("admin").get("/charts?days=x").status_code == 422


def test_a_share_of_nothing_is_no_number_and_its_interval_is_everything() -> None:
    assert share(0, 0).value is None
    assert share(0, 0)[2:] == (0.0, 1.0)
    low, high = share(0, 20)[2:]
    assert low == 0.0 and 0.1 < high < 0.2


def test_scores_that_tell_the_truth_have_no_distance_from_the_line() -> None:
    true = [(0.25, i % 4 == 0) for i in range(400)] + [(0.75, i % 4 != 0) for i in range(400)]
    assert reliability(true).ece == 0.0
    assert reliability([(s, not v) for s, v in true]).ece == 0.5
    assert reliability([]).ece is None
