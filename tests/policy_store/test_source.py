"""Reading YAML: which values come out, and what is said of text that is no YAML."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from policy_store.source import read_source


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write_and_read(text: str | bytes) -> str:
        Path("a.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "\n\n".join(str(fault) for fault in read_source(Path("a.yaml")).faults)

    return write_and_read


def data_of(tmp_path: Path, text: str) -> object:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    source = read_source(tmp_path / "a.yaml")
    assert not source.faults
    return source.data


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("off", "off"), ("no", "no"), ("Yes", "Yes"), ("true", True), ("False", False), ("~", None), ("", None),
        ("0", 0), ("-12", -12), ("007", "007"), ("1.5", 1.5), ("1.0.0", "1.0.0"), ("2026-01-01", "2026-01-01"),
        ("1:30", "1:30"), ("0x1f", "0x1f"), ("1e3", "1e3"), ("'12'", "12"),
    ],
)  # fmt: skip
def test_plain_values_are_those_of_yaml_1_2(tmp_path: Path, written: str, read: object) -> None:
    assert data_of(tmp_path, f"value: {written}\n") == {"value": read}


def test_a_field_named_off_stays_a_text(tmp_path: Path) -> None:
    assert data_of(tmp_path, "off: [SX4]\n") == {"off": ["SX4"]}


def test_a_block_text_equals_its_quoted_form(tmp_path: Path) -> None:
    assert data_of(tmp_path, "a: >\n  one\n  two\nb: |\n  x\n  y\nc: 'one two'\n") == {
        "a": "one two", "b": "x\ny", "c": "one two",
    }  # fmt: skip


def test_anchors_and_merged_mappings_are_read(tmp_path: Path) -> None:
    assert data_of(tmp_path, "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n") == {
        "a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3},
    }  # fmt: skip


def test_a_byte_order_mark_and_windows_line_ends_are_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [\r\n  2]\r\n")
    source = read_source(tmp_path / "a.yaml")
    assert source.data == {"a": 1, "b": [2]}
    assert source.position(("b", 0)) == (3, 3)


def test_a_place_is_found_for_keys_values_and_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- id: HR1\n  band: {low: 5}\n", encoding="utf-8")
    source = read_source(tmp_path / "a.yaml")
    assert source.position((0, "band", "low")) == (2, 15)
    assert source.position((0, "band", "low"), "key") == (2, 10)
    assert source.position((0, "band", "high")) == (2, 9)
    assert source.where((0, "band", "low")) == "HR1 > band > low"


def test_syntax_errors_show_the_place_and_a_way_out(said) -> None:
    assert said("a: b: c") == snapshot("""\
a.yaml:1:5: this is not YAML: mapping values are not allowed in this context
    a: b: c
        ^
    hint: put a text that contains ': ' in quotes, or check the indentation\
""")
    assert said("a: [b, c\nd: e\n") == snapshot("""\
a.yaml:2:2: this is not YAML: did not find expected ',' or ']' (while parsing a flow sequence, begun on line 1)
    d: e
     ^
    hint: close the bracket or brace, and put a text that contains a comma or a bracket in quotes\
""")
    assert said("a: 'it\nb: c\n") == snapshot("""\
a.yaml:1:4: this is not YAML: found unexpected end of stream (while scanning a quoted scalar, up to line 3)
    a: 'it
       ^
    hint: the quote that opens here is not closed\
""")
    assert said("a: @home\n") == snapshot("""\
a.yaml:1:4: this is not YAML: found character that cannot start any token
    a: @home
       ^
    hint: indent with blanks, not tabs; put a text that starts with @, ` or % in quotes\
""")
    assert said('a: "x" y\n') == snapshot("""\
a.yaml:1:8: this is not YAML: did not find expected key (while parsing a block mapping, begun on line 1)
    a: "x" y
           ^
    hint: check the indentation; a quote inside a quoted text must be doubled ('') or escaped (\\")\
""")
    assert said("a: *nobody\n") == snapshot("""\
a.yaml:1:4: this is not YAML: found undefined alias
    a: *nobody
       ^
    hint: define it before it is used: `&name` first, then `*name`\
""")
    assert said("a: 1\n---\na: 2\n") == snapshot("""\
a.yaml:2:1: this is not YAML: expected a single document in the stream, but found another document
    ---
    ^
    hint: keep one document a file: take out the '---' line\
""")
    assert said("a: !!python/name:os.system x\n") == snapshot("""\
a.yaml:1:4: this is not YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'
    a: !!python/name:os.system x
       ^
    hint: take out the tag that starts with '!'; a pack holds plain values only\
""")


def test_a_tab_as_indentation_is_named(said) -> None:
    assert "hint: indent with blanks, not tabs" in said("a:\n\t- b\n")


def test_a_repeated_field_is_refused_and_the_first_one_named(said) -> None:
    assert said("- id: HR1\n  text: one\n  text: two\n") == snapshot("""\
a.yaml:3:3: field 'text' is given twice; the first is on line 2
      text: two
      ^
    hint: keep one of the two, or start a new entry with '- ' before the second\
""")
    assert said("a: {x: 1, x: 2, x: 3}\n") == snapshot("""\
a.yaml:1:11: field 'x' is given twice; the first is on line 1
    a: {x: 1, x: 2, x: 3}
              ^
    hint: keep one of the two, or start a new entry with '- ' before the second

a.yaml:1:17: field 'x' is given twice; the first is on line 1
    a: {x: 1, x: 2, x: 3}
                    ^
    hint: keep one of the two, or start a new entry with '- ' before the second\
""")


def test_a_hashtag_that_would_cut_a_text_is_refused(said) -> None:
    assert said("text: Selling #1 pills\n") == snapshot("""\
a.yaml:1:7: the text ends here, before '#1 pills'
    text: Selling #1 pills
          ^
    hint: put the text in quotes; if this is a comment, write '# ' with a blank\
""")


def test_comments_quotes_and_blocks_may_hold_a_hash(said) -> None:
    assert said("a: b  # note\nc: 'd #e'\nf: >\n  g #h\n# i\nj: [k]  ## l\nm: n#o\n") == ""


def test_a_field_name_that_is_no_text_is_refused(said) -> None:
    assert said("1: a\ntrue: b\n[x]: c\n") == snapshot("""\
a.yaml:1:1: a field name must be plain text
    1: a
    ^
    hint: put the name in quotes, or check the indentation

a.yaml:2:1: a field name must be plain text
    true: b
    ^
    hint: put the name in quotes, or check the indentation

a.yaml:3:1: a field name must be plain text
    [x]: c
    ^
    hint: put the name in quotes, or check the indentation\
""")


def test_a_nul_byte_and_control_characters_are_all_shown(said) -> None:
    assert said(b"a: x\x00y\nb: z\x07\n") == snapshot("""\
a.yaml:1:5: the file holds a NUL byte
    a: x�y
        ^
    hint: delete it; a pack is plain text

a.yaml:2:5: the file holds the control character U+0007
    b: z�
        ^
    hint: delete it; a pack is plain text\
""")


def test_another_encoding_is_named_with_its_place(said) -> None:
    assert said("a: b\nc: café\n".encode("latin-1")) == snapshot("""\
a.yaml:2:7: the file is not UTF-8 (byte 0xe9)
    c: caf�
          ^
    hint: save the file as UTF-8\
""")
    assert said("a: b\n".encode("utf-16")) == snapshot("""\
a.yaml:1:1: the file is not UTF-8 (it looks like UTF-16)
    ��a�:� �b�
    ^
    hint: save the file as UTF-8\
""")


def test_an_anchor_that_holds_itself_is_refused(said) -> None:
    assert said("a: &a [1, *a]\n") == snapshot("""\
a.yaml:1:4: an anchor holds itself
    a: &a [1, *a]
       ^
    hint: write the value out instead of `*name`\
""")


def test_anchors_cannot_blow_a_file_up(said) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 7)]
    assert said("\n".join(rows)).startswith("a.yaml:1:1: the file comes to 12345678 values")


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 200_000, "a: {b" * 200_000])
def test_very_deep_nesting_is_a_fault_and_no_crash(said, text: str) -> None:
    assert "values nest more than 60 deep" in said(text)


def test_many_shallow_entries_are_not_deep(said) -> None:
    assert said("- {a: [1]}\n" * 200) == ""
