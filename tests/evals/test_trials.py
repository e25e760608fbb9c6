import json
from collections.abc import Sequence

from agents.vectors import Vectors
from cases.intake import BadLine
from evals.trials import Remembering, Tried, read_trial, run_trials
from tests.evals.conftest import Remembering as Model

RULE = "Threatens to hurt or kill a person."
THREAT = "I will kill you tonight, Marcus."
CAKE = "Stir flour and butter, then bake the cake."


def line(**keys: object) -> bytes:
    return json.dumps(keys).encode()


def test_a_rule_in_plain_words_ranks_content_that_breaks_it_above_content_that_does_not(model: Model) -> None:
    lines = [line(id="threat", rule=RULE, text=THREAT), line(id="cake", rule=RULE, text=CAKE)]
    threat, cake = run_trials(lines, model.encode, model.calibration)
    assert isinstance(threat, Tried) and isinstance(cake, Tried)
    assert (threat.id, cake.id) == ("threat", "cake")
    assert 0 <= cake.probability < threat.probability <= 1
    assert cake.verdict == "not_hit" and cake.evidence == ()
    for found in threat.evidence:
        assert THREAT[found.start : found.end] == found.quote


def test_a_bad_line_is_an_error_in_its_place(model: Model) -> None:
    lines = [line(id="a", rule="", text=CAKE), b"{half", line(id="c", rule=RULE, text=CAKE)]
    found = list(run_trials(lines, model.encode, model.calibration))
    assert [isinstance(f, BadLine) for f in found] == [True, True, False]
    assert [f.id for f in found] == ["a", None, "c"]


def test_each_fault_of_a_rule_says_what_and_where() -> None:
    texts = {
        "none": line(id="a", text=CAKE),
        "number": line(id="a", rule=7, text=CAKE),
        "blank": line(id="a", rule=" … ", text=CAKE),
        "surrogate": line(id="a", rule="no \ud800", text=CAKE),
        "no text": line(id="a", rule=RULE, media=[{"type": "image", "path": "a.png"}]),
    }
    said = {name: read_trial(raw, 4) for name, raw in texts.items()}
    assert {name: found.error for name, found in said.items() if isinstance(found, BadLine)} == {
        "none": "line 4, key 'rule': it is missing; write what violates it",
        "number": "line 4, key 'rule': 7 is no text; write what violates it",
        "blank": "line 4, key 'rule': ' … ' says nothing; write what violates it",
        "surrogate": "line 4, key 'rule': 'no \\ud800' holds half a surrogate pair; write what violates it",
        "no text": "line 4, key 'rule': there is no text to try it on; write what violates it",
    }


def test_labels_of_a_benchmark_never_reach_the_trial() -> None:
    read = read_trial(line(id="a", rule=RULE, text=CAKE, gold=1, label="hit"), 1)
    assert not isinstance(read, BadLine) and read == read_trial(line(id="a", rule=RULE, text=CAKE), 1)


def test_what_could_not_be_read_is_said(model: Model) -> None:
    (found,) = run_trials(
        [line(id="a", rule=RULE, text="До встречи в пятницу, принеси пирог")], model.encode, model.calibration
    )
    assert isinstance(found, Tried) and "language" in found.rationale


def test_lines_that_share_a_rule_encode_it_once(model: Model) -> None:
    asked: list[Sequence[str]] = []

    def encode(texts: Sequence[str]) -> Vectors:
        asked.append(texts)
        return model.encode(texts)

    kept = Remembering(encode)
    for text in (THREAT, CAKE, THREAT):
        kept([RULE])
        kept([text])
    assert [list(texts) for texts in asked] == [[RULE], [THREAT], [CAKE]]
