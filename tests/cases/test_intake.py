import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from cases.case import Case, Media
from cases.intake import MAX_BYTES, BadLine, IntakeError, case_from_ad, case_from_text, read_line


def line(**keys: object) -> bytes:
    return json.dumps(keys).encode()


def good(raw: bytes, number: int = 2) -> Case:
    case = read_line(raw, number)
    assert isinstance(case, Case), case
    return case


def bad(raw: bytes, number: int = 2) -> str:
    found = read_line(raw, number)
    assert isinstance(found, BadLine), found
    assert found.line == number
    return found.error


def test_a_line_of_text_becomes_a_case_with_one_part() -> None:
    case = good(line(id="a", text=" Kept \u200bas it came\r\n"))
    assert [(p.id, p.kind, p.text) for p in case.parts] == [("text", "text", " Kept \u200bas it came\r\n")]
    assert (case.id, case.surface, case.locale, case.profile) == ("a", "post", "en", None)


def test_parts_come_in_reading_order_and_blank_ones_are_left_out() -> None:
    case = good(line(id="a", parts={"landing": "buy", "title": "Tea", "speech": " \u200b", "screen": None}))
    assert [p.id for p in case.parts] == ["title", "landing"]


def test_everything_that_a_line_may_say_is_taken_in() -> None:
    case = good(
        line(id="a", text="x", media=[{"type": "image", "path": "a.png"}], context=["hello", "go on"],
             surface="chat", locale="de", profile="R1")
    )  # fmt: skip
    assert case.media == (Media(type="image", path="a.png"),)
    assert case.context == ("hello", "go on")
    assert (case.surface, case.locale, case.profile) == ("chat", "de", "R1")


def test_a_key_that_is_null_was_not_given() -> None:
    given = good(line(id="a", text="x", parts=None, media=None, context=None, surface=None, locale=None, profile=None))
    assert given == good(line(id="a", text="x"))


def test_the_answers_of_a_benchmark_never_reach_the_case() -> None:
    assert good(line(id="a", text="x", gold={"outcome": "act"}, label=1, expect="y")) == good(line(id="a", text="x"))
    assert isinstance(read_line(line(id="a", text="x", gold=1), 2, extra=()), BadLine)


def test_a_byte_order_mark_is_passed_over_on_the_first_line_alone() -> None:
    raw = b"\xef\xbb\xbf" + line(id="a", text="x")
    assert isinstance(read_line(raw, 1), Case)
    assert isinstance(read_line(raw, 2), BadLine)


def test_media_may_stand_without_a_text() -> None:
    assert good(line(id="a", media=[{"type": "video", "path": "a.mp4"}])).parts == ()


def test_each_fault_says_where_what_and_the_fix() -> None:
    faults = {
        "blank": bad(b"  \n"),
        "not utf-8": bad(b'{"id": "a", "text": "caf\xe9"}'),
        "nul byte": bad(b'{"id": "a", "te\0xt": "x"}'),
        "nul character": bad(line(id="a", text="ab\0c")),
        "cut off": bad(b'{"id": "a", "text": "half of'),
        "cut off after a key": bad(b'{"id": "a", '),
        "not json": bad(b"{'id': 'a'}"),
        "two objects": bad(b'{"id": "a", "text": "x"} {"id": "b"}'),
        "a list": bad(b'["a", "x"]'),
        "a number": bad(b"17"),
        "key twice": bad(b'{"id": "a", "text": "x", "text": "y"}'),
        "huge number": bad(b'{"id": ' + b"9" * 5000 + b"}"),
        "no id": bad(line(text="x")),
        "id by another name": bad(line(ID="a", text="x")),
        "id a number": bad(line(id=17, text="x")),
        "blank id": bad(line(id=" ", text="x")),
        "no text": bad(line(id="a")),
        "blank text": bad(line(id="a", text=" \n")),
        "invisible text": bad(line(id="a", text="\u200b\u2060\ufeff")),
        "blank parts": bad(line(id="a", parts={"title": "", "caption": "\u200b"})),
        "text a list": bad(line(id="a", text=["x"])),
        "text true": bad(line(id="a", text=True)),
        "text and parts": bad(line(id="a", text="x", parts={"title": "y"})),
        "parts a text": bad(line(id="a", parts="x")),
        "unknown part": bad(line(id="a", parts={"headline": "x", "titel": "y"})),
        "misspelt part": bad(line(id="a", parts={"titel": "y"})),
        "part a number": bad(line(id="a", parts={"title": 5})),
        "half a surrogate pair": bad(b'{"id": "a", "text": "ab\\ud83dc"}'),
        "unknown surface": bad(line(id="a", text="x", surface="pots")),
        "unknown key": bad(line(id="a", text="x", surfase="post")),
        "media no list": bad(line(id="a", media={"type": "image"})),
        "medium a text": bad(line(id="a", media=["a.png"])),
        "medium of no kind": bad(line(id="a", media=[{"type": "img", "path": "a.png"}])),
        "medium without path": bad(line(id="a", media=[{"type": "image"}])),
        "context a text": bad(line(id="a", text="x", context="hello")),
        "turn an object": bad(line(id="a", text="x", context=["ok", {"role": "user"}])),
        "locale a number": bad(line(id="a", text="x", locale=49)),
        "profile a list": bad(line(id="a", text="x", profile=["R1"])),
    }
    assert faults == snapshot(
        {
            "blank": "line 2: the line is empty; delete it, or write one JSON object a line",
            "not utf-8": "line 2: byte 0xe9 at offset 24 is not UTF-8; save the file as UTF-8",
            "nul byte": "line 2: NUL byte at offset 15; remove it, or see whether this is a text file at all",
            "nul character": "line 2, key 'text': 'ab\\x00c' holds a NUL character at offset 2; remove it",
            "cut off": 'line 2: it ends in the middle of its JSON, so it was cut off (column 21: Unterminated string starting at): \'{"id": "a", "text": "half of\'; write one whole JSON object a line',
            "cut off after a key": 'line 2: it ends in the middle of its JSON, so it was cut off (column 13: Expecting property name enclosed in double quotes): \'{"id": "a",\'; write one whole JSON object a line',
            "not json": "line 2: it is not JSON (column 2: Expecting property name enclosed in double quotes): \"{'id': 'a'}\"; write one whole JSON object a line",
            "two objects": 'line 2: it is not JSON (column 26: Extra data): \'{"id": "a", "text": "x"} {"id": "b"}\'; write one whole JSON object a line',
            "a list": 'line 2: it is a list, not an object: ["a", "x"]; write {"id": "…", "text": "…"}',
            "a number": 'line 2: it is a number, not an object: 17; write {"id": "…", "text": "…"}',
            "key twice": "line 2, key 'text': 'y' is given a second time; keep one of them",
            "huge number": 'line 2: it holds a number that is too long to be read: \'{"id": 9999999999999999999999999999999999999999999999999999…; shorten it',
            "no id": 'line 2, key \'id\': it is missing; add "id": "…"',
            "id by another name": "line 2, key 'id': it is missing; rename 'ID'",
            "id a number": "line 2, key 'id': 17 is a number, not a text; put it in quotes",
            "blank id": "line 2, key 'id': ' ' is blank; give each case an id",
            "no text": "line 2, key 'text': it is missing; give a text, parts or media",
            "blank text": "line 2, key 'text': ' \\n' holds nothing that can be read; give a text, parts or media",
            "invisible text": "line 2, key 'text': '\\u200b\\u2060\\ufeff' holds nothing that can be read; give a text, parts or media",
            "blank parts": 'line 2, key \'parts\': {"title": "", "caption": "\\u200b"} holds nothing that can be read; give a text, parts or media',
            "text a list": "line 2, key 'text': [\"x\"] is a list, not a text; give a text",
            "text true": "line 2, key 'text': true is a truth value, not a text; put it in quotes",
            "text and parts": "line 2, key 'parts': {\"title\": \"y\"} is given beside 'text'; give one of the two",
            "parts a text": "line 2, key 'parts': 'x' is a text, not an object of title, caption, screen, speech, landing",
            "unknown part": "line 2, key 'parts.headline': 'x' is no part of a case; use one of title, caption, screen, speech, landing",
            "misspelt part": "line 2, key 'parts.titel': 'y' is no part of a case; did you mean 'title'?",
            "part a number": "line 2, key 'parts.title': 5 is a number, not a text; put it in quotes",
            "half a surrogate pair": "line 2, key 'text': 'ab\\ud83dc' holds half a surrogate pair at offset 2, which is no character; remove it",
            "unknown surface": "line 2, key 'surface': 'pots' is no surface; did you mean 'post'?",
            "unknown key": "line 2, key 'surfase': 'post' is no key of a case; did you mean 'surface'?",
            "media no list": 'line 2, key \'media\': {"type": "image"} is an object, not a list; put it in [ ]',
            "medium a text": 'line 2, key \'media.0\': \'a.png\' is a text; write {"type": "image", "path": "…"}',
            "medium of no kind": "line 2, key 'media.0.type': 'img' is no kind of medium; did you mean 'image'?",
            "medium without path": "line 2, key 'media.0.path': it names no file; give its path",
            "context a text": "line 2, key 'context': 'hello' is a text, not a list; put it in [ ]",
            "turn an object": 'line 2, key \'context.1\': {"role": "user"} is an object, not a text; give a text',
            "locale a number": "line 2, key 'locale': 49 is a number, not a text; put it in quotes",
            "profile a list": "line 2, key 'profile': [\"R1\"] is a list, not a text; give a text",
        }
    )


def test_a_bad_line_keeps_the_id_that_it_gave() -> None:
    ids = [
        found.id
        for raw in (
            line(id="a", text=""),
            line(text="x"),
            line(id=7, text="x"),
            b'{"id": "\\ud800", "text": "x"}',
            b"?",
        )
        if isinstance(found := read_line(raw, 1), BadLine)
    ]
    assert ids == ["a", None, None, None, None]


def test_deep_nesting_is_a_bad_line_and_no_crash() -> None:
    assert "nested too deeply" in bad(b"[" * 200_000)


def test_one_megabyte_is_taken_in_and_more_than_five_are_not() -> None:
    assert len(good(line(id="a", text="word " * 200_000)).parts[0].text) == 1_000_000
    assert len(good(line(id="a", text="a" * MAX_BYTES)).parts[0].text) == MAX_BYTES
    assert "the limit is 5,000,000" in bad(line(id="a", text="a" * (MAX_BYTES + 1)))
    assert "the limit is 5,000,000" in bad(line(id="a", text="x", context=["é" * (MAX_BYTES // 2)]))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_case_or_a_bad_line_that_can_be_written_as_utf_8(raw: bytes) -> None:
    found = read_line(raw, 1)
    assert isinstance(found, Case | BadLine)
    found.model_dump_json()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["id", "text", "parts", "media", "context", "surface", "locale", "profile", "gold", "other"])


@given(st.dictionaries(_KEYS, _JSON, max_size=6))
def test_any_object_is_a_case_or_a_bad_line_that_can_be_written_as_utf_8(said: dict[str, object]) -> None:
    read_line(json.dumps(said).encode(), 3).model_dump_json().encode()


def test_a_text_becomes_a_case() -> None:
    case = case_from_text("Hello", "t1", surface="message", context=["before"], profile="R1")
    assert (case.id, case.text, case.surface, case.context, case.profile) == (
        "t1",
        "Hello",
        "message",
        ("before",),
        "R1",
    )
    assert case_from_text("", media=[Media(type="image", path="a.png")]).parts == ()


def test_a_text_with_nothing_to_read_is_refused() -> None:
    with pytest.raises(IntakeError, match="holds nothing that can be read"):
        case_from_text("\u200b \u2060")
    with pytest.raises(IntakeError, match="half a surrogate pair at offset 1"):
        case_from_text("a\udcff")


def test_an_ad_is_read_from_its_bare_fields(tmp_path: Path) -> None:
    ad = tmp_path / "slimming tea.json"
    ad.write_text(json.dumps({"title": "Tea", "caption": "Drink it", "locale": "fr", "gold": 1}))
    case = case_from_ad(ad)
    assert (case.id, case.surface, case.locale) == ("slimming tea", "ad", "fr")
    assert [p.id for p in case.parts] == ["title", "caption"]


def test_an_ad_is_read_from_an_object_as_in_a_batch_and_options_win(tmp_path: Path) -> None:
    ad = tmp_path / "ad.json"
    ad.write_text(json.dumps({"id": "a7", "parts": {"title": "Tea"}, "surface": "listing", "profile": "R1"}))
    assert (case_from_ad(ad).id, case_from_ad(ad).surface) == ("a7", "listing")
    case = case_from_ad(ad, "mine", surface="post", profile="R2", media=[Media(type="video", path="v.mp4")])
    assert (case.id, case.surface, case.profile, len(case.media)) == ("mine", "post", "R2", 1)


def test_faults_of_an_ad_name_the_file(tmp_path: Path) -> None:
    ad = tmp_path / "ad.json"
    found = {}
    for body in (b'{"headlin": "x"}', b"{", b'{"title": 7}', b"\xff", b"{}"):
        ad.write_bytes(body)
        with pytest.raises(IntakeError) as error:
            case_from_ad(ad)
        found[body] = str(error.value).replace(str(ad), "AD")
    with pytest.raises(IntakeError) as error:
        case_from_ad(tmp_path / "none.json")
    found[b""] = str(error.value).replace(str(tmp_path), "TMP")
    with pytest.raises(IntakeError) as error:
        case_from_ad(tmp_path)
    assert "Is a directory" in str(error.value)
    assert found == snapshot(
        {
            b'{"headlin": "x"}': "AD, key 'parts.headlin': 'x' is no part of a case; use one of title, caption, screen, speech, landing",
            b"{": "AD: it ends in the middle of its JSON, so it was cut off (column 2: Expecting property name enclosed in double quotes): '{'; write one whole JSON object a line",
            b'{"title": 7}': "AD, key 'parts.title': 7 is a number, not a text; put it in quotes",
            b"\xff": "AD: byte 0xff at offset 0 is not UTF-8; save the file as UTF-8",
            b"{}": "AD, key 'parts': {} holds nothing that can be read; give a text, parts or media",
            b"": "TMP/none.json: no such file; give the path of a JSON file",
        }
    )
