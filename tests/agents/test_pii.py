"""Personal data in free text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.pii import MASKS, luhn, mask_pii, pii

FOUND = [
    ("email", "Write to ann.b+x@mail.example, please", "ann.b+x@mail.example"),
    ("email", "ann (at) mail (dot) example", "ann (at) mail (dot) example"),
    ("email", "müller@straße.example", "müller@straße.example"),
    ("handle", "go to @marie.bakes.", "@marie.bakes"),
    ("handle", "or @marie@social.example", "@marie@social.example"),
    ("iban", "DE89 3704 0044 0532 0130 00 is mine", "DE89 3704 0044 0532 0130 00"),
    ("iban", "gb82west12345698765432", "gb82west12345698765432"),
    ("card", "card 4539 1488 0343 6467 exp 12/27", "4539 1488 0343 6467"),
    ("card", "4539-1488-0343-6467", "4539-1488-0343-6467"),
    ("ip", "from 192.168.1.77.", "192.168.1.77"),
    ("ip", "from 2001:db8::ff00:42:8329", "2001:db8::ff00:42:8329"),
    ("phone", "+49 30 1234567", "+49 30 1234567"),
    ("phone", "+44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
    ("phone", "0200 555 0142, weekdays", "0200 555 0142"),
    ("phone", "(555) 123-4567", "(555) 123-4567"),
    ("phone", "call me: 5551234", "5551234"),
    ("phone", "＋４９ ３０ １２３４５６７", "＋４９ ３０ １２３４５６７"),
    ("address", "she lives at 14 Linden Row, second bell", "14 Linden Row"),
    ("address", "at 9 mill lane", "9 mill lane"),
    ("address", "Lindenstraße 14a", "Lindenstraße 14a"),
    ("address", "12 rue Victor Hugo", "12 rue Victor Hugo"),
    ("address", "Via Roma 10", "Via Roma 10"),
    ("address", "London SW1A 1AA", "SW1A 1AA"),
    ("address", "P.O. Box 1234", "P.O. Box 1234"),
]
CLEAN = [
    "On 01.03.2026 at 14:30, and again on 2026-03-01.",
    "150 000 000 people, 10,000,000 votes, 1.000.000,00 euros",
    "Order 1234-5678-9012 of process 12345678",
    "3 people on the road, 2 ways down the drive",
    "std::vector at 12:30:45",
    "version 1.2.3.4.5, 300.1.1.1",
    "Hello @everyone and @here",
    "4539 1488 0343 6468",
    "DE89 3704 0044 0532 0130 01 is no account",
    "I will be at your stop tonight with a bat.",
    "",
]


@pytest.mark.parametrize(("kind", "text", "quote"), FOUND)
def test_it_is_found_whole_and_masked_as_what_it_is(kind: str, text: str, quote: str) -> None:
    (found,) = pii(text)
    assert (found.kind, found.quote) == (kind, quote)
    assert text[found.start : found.end] == quote
    assert mask_pii(text) == text.replace(quote, MASKS[found.kind])


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert pii(text) == ()
    assert mask_pii(text) == text


def test_several_are_found_in_reading_order_and_none_inside_another() -> None:
    found = pii("@ann or ann@mail.example or +49 30 1234567")
    assert [f.kind for f in found] == ["handle", "email", "phone"]
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from([t for _, t, _ in FOUND]), st.text("aZ0159@.:+-/() DE\n", max_size=24))).map(
        " ".join
    )
)
def test_nothing_is_found_in_a_masked_text(text: str) -> None:
    assert pii(mask_pii(text)) == ()


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(text[f.start : f.end] == f.quote for f in pii(text))


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "@", "a.b@", ":", "1:", "Ab ", "1 Ab ", "DE89 ", "(1)", "-", "(at)", "a@b."]
)
def test_long_hostile_text_takes_no_long_time(piece: str) -> None:
    begun = time.perf_counter()
    pii(piece * (60_000 // len(piece)))
    assert time.perf_counter() - begun < 2


def test_a_check_digit_counts() -> None:
    assert luhn([int(d) for d in "79927398713"])
    assert not luhn([int(d) for d in "79927398714"])
    assert not luhn([0] * 16)
