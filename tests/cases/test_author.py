import pytest

from cases.author import LONGEST, fault
from cases.intake import BadLine, Published, read_line, read_published


@pytest.mark.parametrize(
    "author", ["u-81", "did:plc:7iza6de2dwap2sbkpav7c6c6", "https://example.org/users/ü", "a b", "81"]
)
def test_any_id_that_can_be_seen_is_taken_as_it_is(author: str) -> None:
    assert fault(author) is None


@pytest.mark.parametrize(
    ("author", "told"),
    [
        ("", "it is blank"),
        (" \u3000", "it is blank"),
        ("u" * (LONGEST + 1), "it has 129 characters, 128 at most"),
        (" u-81", "begins or ends with a blank"),
        ("u\n81", r"cannot be seen \(U\+000A\) at offset 1"),
        ("u\u202e81", r"cannot be seen \(U\+202E\) at offset 1"),
        ("u\ud80081", r"cannot be seen \(U\+D800\) at offset 1"),
        ('u"81', "a quotation mark at offset 1"),
    ],
)
def test_what_is_no_id_is_told_with_the_fix(author: str, told: str) -> None:
    import re

    assert re.search(told, fault(author) or "")


def test_a_line_may_name_its_author_and_the_case_is_the_same_with_and_without() -> None:
    with_author = read_published(b'{"id": "a", "text": "See you on Friday.", "author": "u-81"}', 2)
    without = read_published(b'{"id": "a", "text": "See you on Friday."}', 2)
    assert isinstance(with_author, Published) and isinstance(without, Published)
    assert (with_author.author, without.author) == ("u-81", None)
    assert with_author.case == without.case and with_author.case.digest == without.case.digest
    assert "u-81" not in with_author.case.canonical + with_author.case.model_dump_json()


@pytest.mark.parametrize(
    ("value", "told"),
    [("7", "7 is a number, not a text"), ('""', "it is blank"), ('"a\\u0007"', "U+0007"), ("[]", "a list")],
)
def test_a_line_whose_author_is_none_is_refused(value: str, told: str) -> None:
    found = read_published(f'{{"id": "a", "text": "x", "author": {value}}}'.encode(), 4)
    assert isinstance(found, BadLine) and found.error.startswith("line 4, key 'author':") and told in found.error


def test_an_author_is_passed_over_where_the_caller_says_so_and_refused_where_nobody_could_keep_it() -> None:
    raw = b'{"id": "a", "text": "x", "author": {"any": 1}}'
    found = read_published(raw, 1, {"author"})
    assert isinstance(found, Published) and found.author is None
    refused = read_line(raw, 1)
    assert isinstance(refused, BadLine) and "is no key of a case" in refused.error
