"""A case is told apart by what can change its verdict, and by nothing else."""

import pytest
from pydantic import ValidationError

from cases.case import Case, Media, Part

ONE = Case(id="one", parts=(Part(id="text", kind="text", text="Hello"),))


def test_the_id_of_a_case_does_not_change_its_digest() -> None:
    assert Case(id="two", parts=ONE.parts).digest == ONE.digest


@pytest.mark.parametrize(
    "change",
    [
        {"parts": (Part(id="text", kind="text", text="Hello!"),)},
        {"parts": (Part(id="title", kind="title", text="Hello"),)},
        {"media": (Media(type="image", path="a.png"),)},
        {"context": ("Hi",)},
        {"surface": "ad"},
        {"locale": "de"},
        {"profile": "R1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_can_change_a_verdict_changes_the_digest(change: dict[str, object]) -> None:
    assert Case.model_validate(ONE.model_dump() | change).digest != ONE.digest


def test_the_text_of_a_case_is_its_parts_in_order_a_line_each() -> None:
    parts = tuple(Part(id=str(n), kind="turn", text=text) for n, text in enumerate(("first", "", "third")))
    assert Case(id="c", parts=parts).text == "first\nthird"


def test_a_part_that_a_case_does_not_have_is_named() -> None:
    assert ONE.part("text").text == "Hello"
    with pytest.raises(KeyError, match="title"):
        ONE.part("title")


def test_a_case_cannot_be_changed_and_takes_no_unknown_field() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ONE.id = "two"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="txet"):
        Part(id="text", kind="text", text="x", txet="y")  # type: ignore[call-arg]
