"""What a draft would flip on stored cases, who says which side is right, and shadows that never act."""

from collections.abc import Iterator

import pytest

from cases.case import Case, Part
from graphs.settings import Settings
from web.identity import Actor
from web.office import Office, open_office
from web.problem import Problem
from web.roles import OF_ROLE
from web.store import accounts, gold, journal
from web.store import shadow as shadows
from web.work import drafts, impact, shadow, steering
from web.work.jobs import Progress

TEXTS = (
    "I know where you live, Marek, and I will come to your house tonight and break your legs with a bat.",
    "My grandmother's lemon cake: four eggs, some flour, sugar, and forty minutes in the oven.",
    "You are the dumbest person I have ever had the bad luck of working with, Priya.",
)


class Unheard(Progress):
    """Progress that nobody looks at."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.heard.append((done, total))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office with three decided cases."""
    with open_office(Settings(home=tmp_path_factory.mktemp("home"), audit_rate=0)) as office:
        for i, text in enumerate(TEXTS):
            office.desks.live.decide(case(f"c{i}", text))
        yield office


@pytest.fixture(scope="module")
def ada(house: Office) -> Actor:
    found = accounts.add(house.store, "ada", ("author",))
    return Actor(id=found.id, shown=found.shown, via="session", may=OF_ROLE["author"])


@pytest.fixture(scope="module")
def lenient(house: Office, ada: Actor) -> str:
    """A draft that retires the rule on threats."""
    found = drafts.begin(house, ada, "community")
    text = found.files["rules/HR.yaml"]
    head, tail = text.split("- id: HR2\n", 1)
    text = f"{head}- id: HR2\n  status: retired\n{tail}"
    found = drafts.save(house, ada, found.id, found.version, {"rules/HR.yaml": text})
    drafts.loaded(found)
    return found.id


@pytest.fixture(scope="module")
def run(house: Office, ada: Actor, lenient: str) -> impact.Report:
    entries = impact._found(house, "", 100)
    heard = Unheard()
    found = impact.run(house, house.pack, drafts.pack_at(house, lenient), entries, "", True, heard)
    assert heard.heard[-1] == (3, 3)
    return found


def case(name: str, text: str) -> Case:
    return Case(id=name, parts=(Part(id="text", kind="text", text=text),))


def test_a_run_shows_the_case_that_flips_with_both_reasons_and_records_nothing(
    house: Office, run: impact.Report
) -> None:
    threat = next(f for f in run.flips if "break your legs" in f.text)
    assert (threat.old.outcome, threat.old.rule) == ("act", "HR2")
    assert threat.new.rule != "HR2"
    assert threat.old.rationale and threat.new.rationale and threat.old.cites
    assert run.cases == 3 and sum(n for *_, n in run.went) == 3
    assert len(list(house.ledger.decisions())) == 3


def test_without_labels_the_report_says_what_would_change_and_not_who_is_right(
    house: Office, run: impact.Report
) -> None:
    told = impact.judged(house, run)
    assert told.judged is None and "no gold labels" in " ".join(told.says)


def test_a_mark_on_a_flip_becomes_a_label_and_can_be_taken_back(house: Office, ada: Actor, run: impact.Report) -> None:
    from web.store import jobs

    job = jobs.add(house.store, ada.id, impact.KIND, "p-x")
    jobs.end(house.store, job.id, "done", result=run.model_dump(mode="json"))
    flip = run.flips[0]
    impact.mark(house, ada, job.id, flip.decision_id, "old")
    told = impact.judged(house, run)
    assert told.buckets[flip.decision_id] == "regressed"
    assert told.judged is not None and (told.judged.regressed, told.judged.p) == (1, 1.0)
    assert impact.marked(house, run) == {flip.decision_id: "old"}
    assert impact.shown(run, told, "regressed") == (flip,) and impact.shown(run, told, "fixed") == ()
    assert journal.lines(house.store, act="gold.mark", subject=flip.decision_id)[0].actor == ada.id
    impact.mark(house, ada, job.id, flip.decision_id, "neither")
    assert gold.labels(house.store, "community") == {}
    with pytest.raises(Problem, match="has no flip"):
        impact.mark(house, ada, job.id, "d-nothing", "old")


def test_a_flip_that_differs_in_its_tier_alone_can_be_marked_and_shows_whose_grade_is_right(
    house: Office, ada: Actor, run: impact.Report
) -> None:
    from web.store import jobs

    one = next(f for f in run.flips if f.old.outcome == "act")
    milder = one.old.model_copy(update={"tier": "low", "severity": 5})
    flip = one.model_copy(update={"changed": ("tier",), "new": milder, "case_digest": "f" * 64, "ruled": None})
    graded = run.model_copy(update={"flips": (flip,)})
    job = jobs.add(house.store, ada.id, impact.KIND, "p-x")
    jobs.end(house.store, job.id, "done", result=graded.model_dump(mode="json"))
    for side, became in (("old", "regressed"), ("new", "fixed")):
        label = impact.mark(house, ada, job.id, flip.decision_id, side)  # type: ignore[arg-type]
        assert label is not None and label.tier == (one.old.tier if side == "old" else "low")
        assert impact.judged(house, graded).buckets == {flip.decision_id: became}
        assert impact.marked(house, graded) == {flip.decision_id: side}
    # Marked before labels knew of tiers, it fits both sides and says nothing about them.
    with house.store.writing() as connection:
        gold.put(connection, flip.case_digest, graded.old.id, "act", one.old.rule, ada.id, job.id)
    assert impact.marked(house, graded) == {}
    assert impact.judged(house, graded).buckets == {flip.decision_id: "still right"}
    impact.mark(house, ada, job.id, flip.decision_id, "neither")


def test_a_run_that_cannot_show_anything_is_refused_at_once(house: Office, ada: Actor, lenient: str) -> None:
    with pytest.raises(Problem, match="say the same"):
        impact.start(house, ada, "community", "community")
    with pytest.raises(Problem, match="No case is found"):
        impact.start(house, ada, "community", lenient, "rule:SC4")
    with pytest.raises(Problem, match="no policy 'nothing'"):
        impact.start(house, ada, "nothing", lenient)


def test_a_shadow_judges_new_cases_beside_the_policy_in_force_and_never_acts(
    house: Office, ada: Actor, lenient: str
) -> None:
    begun = shadow.start(house, ada, lenient)
    with pytest.raises(Problem, match="runs as a shadow already"):
        shadow.start(house, ada, lenient)
    watcher = shadow.Watcher(house)
    assert watcher.step() == 0
    decision = house.desks.live.decide(case("later", TEXTS[0].replace("Marek", "Igor")))
    house.desks.live.decide(case("cake", TEXTS[1] + " Enjoy."))
    assert (watcher.step(), watcher.step()) == (2, 0)
    (one,) = shadows.compared(house.store, begun.id)
    assert (one.decision_id, one.old.rule) == (decision.id, "HR2") and one.new.rule != "HR2"
    seen = shadow.one(house, begun.id)
    assert (seen.seen, seen.flips, seen.state) == (2, 1, "running")
    assert len(list(house.ledger.decisions())) == 5 and house.ledger.edits(decision.id) == ()
    assert shadow.stop(house, ada, begun.id).state == "stopped"
    assert watcher.step() == 0


def test_a_content_under_two_profiles_steers_where_the_policy_says_so(house: Office, ada: Actor) -> None:
    text = "Two adults kiss and undress in this explicit scene, full nudity, adults only."
    found = steering.profiles(house, ada, "community", text, "adult", "R1")
    assert [d.profile for _, d in found.decisions] == ["adult", "R1"]
    with pytest.raises(Problem, match="no profile 'R9'"):
        steering.profiles(house, ada, "community", text, "adult", "R9")


def test_a_rule_and_its_opposite_are_both_tried_and_shown_as_they_come_out(house: Office, ada: Actor) -> None:
    found = steering.opposites(house, ada, "Threats of violence against a person.", "Recipes for cakes.", TEXTS[0])
    verdicts = [trial.verdict for _, trial in found.trials]
    assert [rule for rule, _ in found.trials] == ["Threats of violence against a person.", "Recipes for cakes."]
    assert verdicts[0] == "hit" and found.flips == (verdicts == ["hit", "not_hit"])
    with pytest.raises(Problem, match="opposite"):
        steering.opposites(house, ada, "Threats.", " ", TEXTS[0])
