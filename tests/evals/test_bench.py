import doctest
import sys

import pytest

from evals import bench
from evals.bench import (
    EDGE,
    EVERYDAY,
    cases,
    one_rule_edited,
    retrieval,
    synthetic_pack,
    synthetic_vectors,
    table,
    texts,
)
from policy_store.diff import diff_packs
from policy_store.loader import load_pack


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(bench).failed == 0


def test_texts_differ_from_each_other_however_many_are_asked_for() -> None:
    found = texts(3000, (*EVERYDAY, *EDGE))
    assert len(set(found)) == 3000
    assert found == texts(3000, (*EVERYDAY, *EDGE))
    assert not any("{" in text for text in found)
    assert len({case.digest for case in cases(found)}) == 3000


def test_the_edit_that_is_replayed_touches_one_rule() -> None:
    pack = load_pack("community")
    assert diff_packs(pack, one_rule_edited(pack)).touched == {"RG1"}


def test_a_synthetic_rule_is_nearest_to_the_text_that_breaks_it() -> None:
    pack, wanted = synthetic_pack(50)
    statements = synthetic_vectors([rule.statement for rule in pack.rules])
    for name, text in wanted:
        assert pack.rules[int((statements @ synthetic_vectors([text])[0]).argmax())].id == name


def test_retrieval_is_measured_on_rules_that_it_finds() -> None:
    (row,) = retrieval(rules=200, queries=20)
    assert row.name == "Retrieval at 200 rules, p99"
    assert "in 100%" in row.detail


def test_what_was_measured_comes_out_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = bench.Row(name="Speed", measured="1.2x", target="1.4x", holds=True)
    monkeypatch.setitem(bench.MEASURES, "fast-path", lambda: [row])
    monkeypatch.setattr(sys, "argv", ["bench", "fast-path"])
    bench.main()
    assert capsys.readouterr().out.endswith(table([row]) + "\n")
