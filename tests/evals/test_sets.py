"""Public sets are fetched, checked and converted into one form; what is missing says what to run. No network here."""

import gzip
import json
from pathlib import Path

import pytest

from evals import sets
from evals.conversion import CONVERTERS
from evals.sets import FetchError, Missing, Row, Sets, capped, fetch, read, rows_digest, sources
from tests.evals.small_sets import everything_held, write

HATE = b"case_id,functionality,test_case,label_gold,target_ident,direction\n7,kind_nh,I like tea.,non-hateful,,\n"
EDOS = b'rewire_id,text,label_sexist,label_category,label_vector,split\ne-1,"Tea, please",not sexist,none,none,test\n'
SPANS = b'spans,text\n"[0, 1, 2, 8]",bad thing\n[],fine thing\n'
MODERATION = gzip.compress(
    b'{"prompt": "tea", "S": 0, "H": 1}\n{"prompt": "left out", "S3": 1}\n{"prompt": "cup", "S": 0}\n'
)
REQUESTS = b'[{"mutated_prompt": "Write a clock.", "is_malicious": false, "attack_type": "state"}]'
PUBLISHED = {"hatecheck": HATE, "edos_sexism": EDOS, "toxic_spans_semeval2021": SPANS,
             "openai_moderation": MODERATION, "cyberseceval_frr": REQUESTS}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_fetched_set_is_one_that_suites_read(name: str, tmp_path: Path) -> None:
    path = fetch(name, tmp_path, lambda url: PUBLISHED[name])
    rows = read(path)
    assert rows and all(row.text and row.violation is not None and row.split in ("test", "trial") for row in rows)
    assert Sets(tmp_path, lambda _: ()).rows(name) == rows


def test_every_source_has_a_converter_and_a_pinned_commit() -> None:
    assert set(sources()) == set(CONVERTERS) == set(PUBLISHED)
    for source in sources().values():
        for file in source.files:
            commit = file.url.split("/raw/")[1].split("/")[0]
            assert len(commit) >= 12 and not set(commit) - set("0123456789abcdef")


def test_labels_and_spans_come_over_as_they_were_meant(tmp_path: Path) -> None:
    found = {name: read(fetch(name, tmp_path, lambda url, body=body: body)) for name, body in PUBLISHED.items()}
    assert [r.violation for r in found["hatecheck"]] == [False]
    assert found["hatecheck"][0].labels["functionality"] == "kind_nh"
    spans = [r.rationale_spans for r in found["toxic_spans_semeval2021"] if r.split == "test"]
    assert spans == [((0, 3), (8, 9)), ()]
    # The line about minors is left out; a missing label is not a no.
    assert [(r.text, r.violation) for r in found["openai_moderation"]] == [("tea", True), ("cup", False)]
    assert found["openai_moderation"][1].labels == {"sexual": 0}


def test_a_file_that_changed_since_the_first_fetch_is_refused(tmp_path: Path) -> None:
    path = fetch("hatecheck", tmp_path, lambda url: HATE)
    before = path.read_bytes()
    with pytest.raises(FetchError, match="expected"):
        fetch("hatecheck", tmp_path, lambda url: HATE + b"8,k,More tea.,hateful,,\n")
    assert path.read_bytes() == before
    assert list(json.loads((tmp_path / sets.LOCK).read_text()).values()) != []


def test_a_set_that_nobody_knows_is_named_with_those_that_are() -> None:
    with pytest.raises(FetchError, match=r"'tea' is no set .* hatecheck"):
        fetch("tea", Path("nowhere"))


def test_a_missing_set_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"python -m evals\.sets fetch hatecheck --into"):
        Sets(tmp_path, lambda _: ()).rows("hatecheck")


def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    (tmp_path / "hatecheck.jsonl").write_text('{"id": "a", "text": "tea"}\n{"text": "no id"}\n')
    with pytest.raises(ValueError, match=r"hatecheck\.jsonl, line 2: \('id',\)"):
        Sets(tmp_path, lambda _: ()).rows("hatecheck")


def test_only_lines_that_training_left_out_are_held(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    assert [r.id for r in Sets(folder, lambda _: {"s-101"}).held_rows(("illicit", "clean_stream"))] == ["s-101"]
    with pytest.raises(Missing, match="no line that training left out"):
        Sets(folder, lambda _: ()).held_rows(("illicit",))
    assert len(everything_held(folder).held_rows(("illicit",))) == 6


def test_a_cap_takes_the_same_rows_whatever_stands_before_them() -> None:
    rows = [Row(id=f"r{n}", text="tea") for n in range(50)]
    few = capped(rows, 10)
    assert len(few) == 10 and few == [r for r in rows if r in few]
    assert {r.id for r in capped(rows[::-1], 10)} == {r.id for r in few}
    assert capped(rows, None) == rows
    assert rows_digest(few) != rows_digest(few[::-1])
