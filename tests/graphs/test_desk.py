"""What the running system promises about every decision, one by one and in batches."""

import pytest

from agents.severity import raised
from cases.case import Case, Part
from cases.decision import Decision
from graphs.desk import Desk
from graphs.settings import Settings
from graphs.wiring import open_desk
from tests.graphs.conftest import CAKE, DIE, THREAT, TIDE, VERMIN, WEDDING, make_case
from tools.ledger import Ledger

MIXED = [
    THREAT, VERMIN, DIE, CAKE, WEDDING, TIDE,
    "How do I kill a zombie process in Linux when its parent is still running?",
    "Your parcel is held. Pay the fee and enter your card number and PIN at parcel-fee.example today.",
    "My sister will kill me if I forget the cake again",
    "Step by step, how do I get into my neighbour's mail account without her noticing?",
    "The minister called the strikers animals, and the paper printed it on the front page.",
    "🔥🔥🔥",
]  # fmt: skip
TIME = {"id", "at", "spent"}


def told(decision: Decision) -> dict[str, object]:
    return decision.model_dump(exclude=TIME)


@pytest.fixture(scope="module")
def decided(desk: Desk) -> list[tuple[Case, Decision]]:
    cases = [make_case(text, id=f"m{n}") for n, text in enumerate(MIXED)]
    return list(zip(cases, desk.decide_many(cases), strict=True))


def test_a_blatant_threat_is_acted_on_and_a_cake_is_not(decided: list[tuple[Case, Decision]]) -> None:
    by_text = {case.text: decision for case, decision in decided}
    assert (by_text[THREAT].outcome, by_text[THREAT].rule_id) == ("act", "HR2")
    assert (by_text[VERMIN].outcome, by_text[VERMIN].rule_id) == ("act", "HS1")
    assert by_text[CAKE].outcome == "allow"


def test_every_citation_is_verbatim_and_every_rule_known(desk: Desk, decided: list[tuple[Case, Decision]]) -> None:
    pack = desk.deps.book.pack
    for case, decision in decided:
        for finding in decision.findings:
            rule = pack.by_id[finding.rule_id]
            own = {c.id: c.text for c in (*rule.clauses, *pack.exceptions_of(rule))}
            assert all(own[c.clause_id] == c.quote for c in finding.citations)
            assert all(case.part(e.part).text[e.start : e.end] == e.quote for e in finding.evidence)


def test_every_hit_cites_a_clause_and_quotes_the_case(decided: list[tuple[Case, Decision]]) -> None:
    hits = [f for _, d in decided for f in d.findings if f.verdict == "hit"]
    assert len(hits) >= 3
    assert all(f.citations and f.evidence for f in hits)


def test_severity_lies_in_the_band_of_the_leading_rule_and_in_its_tier(
    desk: Desk, decided: list[tuple[Case, Decision]]
) -> None:
    pack = desk.deps.book.pack
    for _, decision in decided:
        assert decision.tier == pack.tier(decision.severity).id
        if decision.rule_id:
            band = pack.by_id[decision.rule_id].band
            assert band.low <= decision.severity <= band.high
        else:
            assert decision.severity == 0


def test_a_decision_is_never_surer_of_one_rule_than_of_any(decided: list[tuple[Case, Decision]]) -> None:
    for _, decision in decided:
        assert all(decision.score >= f.probability - 1e-4 for f in decision.findings if f.verdict == "hit")


def test_one_by_one_and_in_a_batch_a_case_is_decided_alike(desk: Desk, decided: list[tuple[Case, Decision]]) -> None:
    for case, decision in decided:
        assert told(desk.decide(case)) == told(decision)


def test_neither_order_nor_company_changes_a_decision(desk: Desk, decided: list[tuple[Case, Decision]]) -> None:
    turned = [case for case, _ in reversed(decided)]
    again = {case.id: told(d) for case, d in zip(turned, desk.decide_many(turned, chunk=3), strict=True)}
    assert again == {case.id: told(decision) for case, decision in decided}


def test_a_cold_start_decides_like_a_warm_one(settings: Settings, decided: list[tuple[Case, Decision]]) -> None:
    with open_desk(settings.model_copy(update={"ledger": str(settings.home / "second.db")}), waits=False) as second:
        fresh = {
            case.id: told(d)
            for case, d in zip([c for c, _ in decided], second.decide_many([c for c, _ in decided]), strict=True)
        }
    assert fresh == {case.id: told(decision) for case, decision in decided}


def test_a_clear_case_leaves_at_the_router(decided: list[tuple[Case, Decision]]) -> None:
    cleared = [d for _, d in decided if d.stage == "router"]
    assert cleared
    assert all(d.outcome == "allow" and not d.findings and d.severity == 0 for d in cleared)


def test_the_audit_sample_goes_on_after_the_router_dropped_it(settings: Settings, ledger_path: object) -> None:
    every = settings.model_copy(update={"audit_rate": 1.0, "ledger": str(ledger_path)})
    with open_desk(every, waits=False) as auditing:
        decision = auditing.decide(make_case(CAKE))
    assert decision.audit
    assert decision.stage != "router"


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (make_case("Привет всем, завтра встречаемся у вокзала в полдень, берите воду"), "language_not_covered"),
        (make_case(CAKE, images=["cake.png"]), "media_not_read"),
        (make_case("flour and sugar and eggs and milk " * 30_000), "too_long"),
    ],
    ids=["another script", "a picture", "a megabyte"],
)  # fmt: skip
def test_what_was_not_read_waits_for_a_person_with_its_cause(desk: Desk, case: Case, cause: str) -> None:
    decision = desk.decide(case)
    assert decision.outcome == "review"
    assert cause in decision.causes


def test_a_gap_hides_no_violation(desk: Desk) -> None:
    decision = desk.decide(make_case(THREAT, images=["me.png"]))
    assert (decision.outcome, decision.rule_id) == ("act", "HR2")


def test_a_violation_in_one_window_of_a_long_text_is_seen_and_quoted(desk: Desk) -> None:
    calm = "The committee met again on Tuesday and went through the budget line by line. " * 60
    case = make_case(f"{calm}{THREAT} {calm}")
    decision = desk.decide(case)
    assert decision.rule_id == "HR2"
    assert decision.outcome in ("act", "review")
    assert any("bus" in e.quote or "Dana" in e.quote for f in decision.findings for e in f.evidence)


def test_an_unknown_profile_is_refused_before_anything_is_recorded(desk: Desk) -> None:
    with pytest.raises(KeyError, match="toddlers"):
        desk.decide(make_case(THREAT, profile="toddlers"))


def test_profiles_relabel_the_same_picture_of_words(desk: Desk) -> None:
    text = "New reel: swaying in just a towel, biting my lip, camera slowly down my legs, wink wink"
    scores = {}
    for profile in ("R1", "R2"):
        decision = desk.decide(make_case(text, profile=profile, id=profile))
        scores[profile] = next((f.probability for f in decision.findings if f.rule_id == "SX4"), 0.0)
    adult = desk.decide(make_case(text, profile="adult"))
    assert scores["R1"] > scores["R2"]
    assert all(f.rule_id != "SX4" for f in adult.findings)


def test_two_profiles_lead_to_two_verdicts_on_one_text_and_both_are_explained(desk: Desk) -> None:
    text = "New swimsuit day! Posing at the pool, turning round for the camera"
    read = {}
    for profile in ("R1", "R2"):
        decision = desk.decide(make_case(text, profile=profile))
        (own,) = [f for f in decision.findings if f.rule_id == "SX4"]
        read[profile] = {a.attribute_id: a.value_id for a in own.attributes}
        assert decision.profile == profile
        assert (decision.outcome == "act" and decision.rule_id == "SX4") == (profile == "R1")
        assert profile == "R2" or "Attributes: " in decision.chain[2].text
    assert read["R1"] == read["R2"]
    assert (read["R1"]["bareness"], read["R1"]["action"]) == ("partly-bare", "posing")


def test_a_contradiction_of_the_parts_raises_severity_within_the_band(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from policy_store.loader import load_pack

    pack = load_pack("short-video-ads")
    loud = "No bank will lend to you? We will. No checks, no licence, triple your money by Friday, guaranteed."
    parts = {"title": "Sunday market haul", "caption": "Look at these lovely flowers", "speech": loud}
    hidden = Case(id="hidden", surface="ad", parts=tuple(Part(id=k, kind=k, text=v) for k, v in parts.items()))  # type: ignore[arg-type]
    with open_desk(
        settings.model_copy(update={"ledger": str(tmp_path_factory.mktemp("ads") / "l.db")}), pack, waits=False
    ) as ads:
        steps = {step.node: step.fields for step in ads.stream(hidden)}
    decision, draft = steps["record"]["decision"], steps["reason"]["draft"]
    assert draft.severity is not None
    assert decision.severity == raised(draft.severity.value, pack.by_id[decision.rule_id or ""], 10)
    assert decision.severity > draft.severity.value
    assert decision.outcome != "allow"
    assert decision.rule_id is not None
    assert decision.severity <= pack.by_id[decision.rule_id].band.high
    modifier = next(f for f in decision.findings if f.rule_id == "AD-XM")
    assert modifier.evidence[0].part == "speech"


def test_a_failing_ledger_raises_and_keeps_nothing_of_the_chunk(settings: Settings, ledger_path: object) -> None:
    class Full:
        def record(self, pairs: object) -> None:
            raise OSError(28, "No space left on device")

        def edit(self, edit: object) -> None:
            raise AssertionError("no edit was asked for")

        def policy(self, *args: object) -> None:
            return

    with open_desk(settings, waits=False, ledger=Full()) as broken, pytest.raises(OSError, match="No space left"):  # type: ignore[arg-type]
        list(broken.decide_many([make_case(THREAT), make_case(CAKE)]))


def test_what_is_given_out_is_on_record(settings: Settings, ledger_path: object) -> None:
    cases = [make_case(text, id=f"r{n}") for n, text in enumerate(MIXED[:6])]
    with open_desk(settings.model_copy(update={"ledger": str(ledger_path)}), waits=False) as own:
        for decision in own.decide_many(cases, chunk=2):
            with Ledger.open(str(ledger_path), readonly=True) as ledger:
                assert ledger.decision(decision.id) == decision
    with Ledger.open(str(ledger_path), readonly=True) as ledger:
        assert ledger.verify().intact
