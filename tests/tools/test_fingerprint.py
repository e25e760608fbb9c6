import json
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from inline_snapshot import snapshot
from PIL import Image

from cases.observation import Observation, Unseen
from tests.media.pictures import blurred, meme, pressed
from tools.fingerprint import (
    BITS,
    Bank,
    Fingerprint,
    Known,
    exported,
    fingerprint,
    imported,
    known_as,
    recognised,
)
from tools.pictures import Pixels

ZERO = "0" * 64


def hashed(ones: int) -> str:
    """A hash with that many bits set."""
    return f"{(1 << ones) - 1:064x}"


def known(name: str, ones: int, label: str = "HR2") -> Known:
    return Known(id=name, hash=hashed(ones), label=label)


def found(hash: str = ZERO, quality: int = 100) -> Fingerprint:
    far = "5" * 64
    return Fingerprint(hash, (hash, *[far] * 7), quality)


def picture(seed: int = 1) -> Image.Image:
    return meme("ORIGINAL WORDS", "OF THE PICTURE", 512, seed)


def print_of(image: Image.Image) -> Fingerprint:
    pytest.importorskip("pdqhash")
    return fingerprint(np.asarray(image))


def bank_of(path: Path, *entries: Known) -> Bank:
    bank = Bank(path / "bank.jsonl")
    bank.add(entries)
    return bank


def test_a_bank_adds_lists_and_removes_and_its_file_keeps_it(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("1", 0), known("2", 100))
    assert bank.known == Bank(bank.path).known == (known("1", 0), known("2", 100))
    assert bank.remove(["1", "nobody"]) == 1 and bank.remove([hashed(100)]) == 1
    assert len(bank) == len(Bank(bank.path)) == 0


def test_a_bank_that_has_no_file_yet_is_empty(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "none.jsonl")
    assert bank.known == () and bank.matches(found()) == () and not bank.path.exists()


def test_a_hash_under_its_label_is_added_once_and_an_id_can_be_relabelled(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("1", 0))
    assert bank.add([known("1", 0), known("9", 0)]) == 0 and len(bank) == 1
    assert bank.add([known("9", 0, "DE1")]) == 1
    assert bank.add([known("1", 0, "DE2")]) == 0 and bank.known[0].label == "DE2"


def test_an_id_that_stands_for_another_hash_is_an_error_and_the_file_stays(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("1", 0))
    with pytest.raises(ValueError, match=r"bank\.jsonl: id '1' is taken .* give another id"):
        bank.add([known("2", 7), known("1", 5)])
    assert Bank(bank.path).known == (known("1", 0),)


def test_a_broken_line_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    path.write_text(known("1", 0).model_dump_json() + '\n{"id": "2", "hash": "xyz", "label": "HR2"}\n')
    with pytest.raises(ValueError, match=r"bank\.jsonl:2: .*64 hex digits"):
        Bank(path)


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    threads = [threading.Thread(target=lambda n=n: Bank(path).add([known(str(n), n)])) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.id for one in Bank(path).known} == {str(n) for n in range(12)}


@pytest.mark.parametrize(("ones", "matches"), [(0, True), (31, True), (32, False), (128, False)])
def test_a_match_is_at_most_31_bits_away(tmp_path: Path, ones: int, matches: bool) -> None:
    got = bank_of(tmp_path, known("1", ones)).matches(found())
    assert [(match.known.id, match.distance, match.way) for match in got] == (
        [("1", ones, "upright")] if matches else []
    )


def test_matches_come_nearest_first(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("far", 30), known("near", 2), known("mid", 11), known("none", 90))
    assert [match.known.id for match in bank.matches(found())] == ["near", "mid", "far"]
    assert [match.known.id for match in bank.matches(found(), distance=5)] == ["near"]


def test_below_the_quality_nothing_matches(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("1", 0))
    assert bank.matches(found(quality=49)) == () and len(bank.matches(found(quality=50))) == 1


def test_a_bank_sees_what_it_was_given_since_its_last_match(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known("1", 100))
    assert bank.matches(found()) == ()
    bank.add([known("2", 3)])
    assert len(bank.matches(found())) == 1


def test_a_copy_that_was_scaled_pressed_or_blurred_is_recognised(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known_as(print_of(picture()).hash, "HR2"))
    for copy in (picture().resize((200, 200)), picture().resize((900, 700)), pressed(picture()), blurred(picture())):
        (match,) = bank.matches(print_of(copy))
        assert match.way == "upright" and match.distance <= 31
    assert bank.matches(print_of(picture(seed=2))) == ()


@pytest.mark.parametrize(
    ("change", "way"),
    [
        (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
        (Image.Transpose.FLIP_TOP_BOTTOM, "mirrored and turned"),
        (Image.Transpose.TRANSPOSE, "mirrored and turned"),
        (Image.Transpose.TRANSVERSE, "mirrored and turned"),
        (Image.Transpose.ROTATE_90, "turned"),
        (Image.Transpose.ROTATE_180, "turned"),
        (Image.Transpose.ROTATE_270, "turned"),
    ],
)
def test_a_turned_or_mirrored_copy_is_recognised(tmp_path: Path, change: Image.Transpose, way: str) -> None:
    bank = bank_of(tmp_path, known_as(print_of(picture()).hash, "HR2"))
    (match,) = bank.matches(print_of(picture().transpose(change)))
    assert match.way == way and match.distance <= 31


def test_a_flat_picture_has_no_quality_and_matches_nothing(tmp_path: Path) -> None:
    flat = Image.new("RGB", (300, 300), "grey")
    bank = bank_of(tmp_path, known_as(print_of(flat).hash, "HR2"))
    assert print_of(flat).quality < 50 and recognised(np.asarray(flat), "image-1", bank) == ()


def test_pictures_of_any_size_have_a_fingerprint() -> None:
    for size in ((1, 1), (1, 900), (900, 1), (63, 65)):
        assert len(print_of(Image.new("RGB", size)).hash) == BITS // 4


def test_a_match_is_an_observation_that_names_the_known_picture(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, known_as(print_of(picture()).hash, "HR2", "seen before"))
    got = recognised(np.asarray(picture()), "image-1", bank)
    assert isinstance(got, tuple)
    (one,) = got
    assert isinstance(one, Observation)
    assert (one.id, one.kind, one.label, one.tool, one.confidence) == ("image-1.m1", "match", "HR2", "pdq", 1.0)
    assert one.text == f"{bank.known[0].id}, upright" and one.locator.frame == 0


def test_an_engine_that_fails_is_unseen_and_no_exception(tmp_path: Path) -> None:
    pytest.importorskip("pdqhash")
    none: Pixels = np.zeros((0, 0, 3), np.uint8)
    got = recognised(none, "image-1", bank_of(tmp_path, known("1", 0)))
    assert isinstance(got, Unseen) and got.why == "unreadable"


def test_a_bank_goes_out_and_comes_back_by_lines() -> None:
    entries = (known_as(hashed(9), "HR2"), known_as(hashed(99), "DE1"))
    text = exported(entries, "lines")
    assert text == f"pdq {hashed(9)}\npdq {hashed(99)}\n"
    back = imported(text, "listed")
    assert [one.hash for one in back.known] == [hashed(9), hashed(99)] and back.known[0].label == "listed"


def test_a_bank_goes_out_and_comes_back_by_records() -> None:
    entries = (known_as(hashed(9), "HR2", "first seen in May"), Known(id="ours", hash=hashed(99), label="DE1"))
    back = imported(exported(entries, "threatexchange"), "listed")
    assert back.known == (entries[0], known_as(hashed(99), "DE1")) and back.skipped == 0 == len(back.removed)


def test_a_record_is_spelled_as_threatexchange_has_it() -> None:
    assert json.loads(exported([known_as(hashed(4), "HR2")], "threatexchange")) == snapshot(
        {
            "data": [
                {
                    "id": "285078977162472222",
                    "type": "HASH_PDQ",
                    "indicator": "000000000000000000000000000000000000000000000000000000000000000f",
                    "last_updated": 0,
                    "should_delete": False,
                    "descriptors": {
                        "data": [
                            {
                                "id": "285078977162472222",
                                "owner": {"id": "0"},
                                "status": "MALICIOUS",
                                "added_on": "",
                                "description": "",
                                "tags": {"data": [{"id": "0", "text": "HR2"}]},
                            }
                        ]
                    },
                }
            ]
        }
    )


def test_records_of_other_kinds_are_skipped_and_tombstones_remove() -> None:
    opinion = {"id": "7", "owner": {"id": "1"}, "status": "MALICIOUS", "tags": ["terror"], "added_on": "2020"}
    records = [
        {"id": "1", "type": "HASH_PDQ", "indicator": hashed(3).upper(), "should_delete": False, "descriptors": {"data": [opinion]}},
        {"id": "2", "type": "HASH_MD5", "indicator": "ff", "should_delete": False, "descriptors": {"data": [opinion]}},
        {"id": "3", "type": "HASH_PDQ", "indicator": hashed(5), "should_delete": True},
        {"id": "4", "type": "HASH_PDQ", "indicator": hashed(6), "should_delete": False},
        {"id": "5", "type": "HASH_PDQ", "indicator": hashed(7), "should_delete": False,
         "descriptors": {"data": [opinion | {"status": "NON_MALICIOUS"}]}},
    ]  # fmt: skip
    got = imported(json.dumps({"data": records, "paging": {}}), "listed")
    assert got.known == (Known(id="1", hash=hashed(3), label="terror"),)
    assert got.removed == ("3", "4") and got.skipped == 2


def test_lines_may_leave_out_the_kind_and_other_kinds_are_skipped() -> None:
    got = imported(f"# a note\n{hashed(3)}\n\nvideo_md5 abc\n", "listed")
    assert [one.hash for one in got.known] == [hashed(3)] and got.skipped == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("pdq 12ab\n", r"line 1: '12ab' is no PDQ hash"),
        ("{not json", r"line 1: no JSON"),
        ('{"rows": []}', r"no records of /threat_updates"),
        (
            '[{"id": "1", "type": "HASH_PDQ", "indicator": "ff", "descriptors": {"data": [{}]}}]',
            r"record '1': 'ff' is no",
        ),
    ],
)
def test_text_in_neither_format_is_an_error_that_says_where(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        imported(text, "listed")
