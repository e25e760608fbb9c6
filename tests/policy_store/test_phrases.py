import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_store.phrases import Vocabulary, matches
from policy_store.rule import Rule
from tests.policy_store.small_pack import make_rule

PHRASES = (
    "kill yourself", "kys", "go die", "don't wake up", "dox", "a$$", "🔪 you", "自杀", "end it all together", "हिन्दी",
)  # fmt: skip
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def rule() -> Rule:
    return make_rule("R1", "Forbidden words of some kind.", ("x",), keywords=PHRASES)


def quoted(text: str) -> list[tuple[str, str]]:
    return [(match.phrase, text[match.start : match.end]) for match in matches(text, rule())]


@pytest.mark.parametrize(
    ("text", "phrase", "quote"),
    [
        ("just kill yourself ok", "kill yourself", "kill yourself"),
        ("KILL, Yourself!!!", "kill yourself", "KILL, Yourself"),
        ("k1ll y o u r s e l f", "kill yourself", "k1ll y o u r s e l f"),
        ("I k i l l y o u r s e l f now", "kill yourself", "k i l l y o u r s e l f"),
        ("so k.y.s. ok", "kys", "k.y.s"),
        ("g o d i e", "go die", "g o d i e"),
        ("k!ll_yourself", "kill yourself", "k!ll_yourself"),
        ("k*ll yourselfffff", "kill yourself", "k*ll yourselfffff"),
        ("killlllll yourself", "kill yourself", "killlllll yourself"),
        ("kíll yourse\u0301lf\u0301 x", "kill yourself", "kíll yourse\u0301lf\u0301"),
        ("ｋｉｌｌ yourself", "kill yourself", "ｋｉｌｌ yourself"),
        ("kіll yоurself", "kill yourself", "kіll yоurself"),
        ("**k1ll** yourself", "kill yourself", "**k1ll** yourself"),
        ("#KillYourself", "kill yourself", "KillYourself"),
        ("dont wake up", "don't wake up", "dont wake up"),
        ("don’t wake up", "don't wake up", "don’t wake up"),
        ("we d0x him", "dox", "d0x"),
        ("big a$$ here", "a$$", "a$$"),
        ("🔪🙂 you", "🔪 you", "🔪🙂 you"),
        ("他想自杀了", "自杀", "自杀"),
        ("यह हिन्दी है", "हिन्दी", "हिन्दी"),
        ("e n d i t a l l together", "end it all together", "e n d i t a l l together"),
    ],
)
def test_a_phrase_is_found_through_its_disguise_and_quoted_from_the_original(
    text: str, phrase: str, quote: str
) -> None:
    assert quoted(text) == [(phrase, quote)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...!!! $$$ ***",
        "skill yourselves",  # parts of words
        "do x and y",  # a word is not put together out of longer pieces
        "undox doxy",
        "kill the lights yourself",
        "a as ass",
        "godie",  # too short to be read as two words
        "goto dieppe",
        "हनद",  # the same letters with other vowels
        "yourself kill",
        "kіll",
    ],
)
def test_innocent_neighbours_do_not_match(text: str) -> None:
    assert quoted(text) == []


def test_every_place_is_reported_in_reading_order() -> None:
    assert quoted("kys kys, kill yourself") == [("kys", "kys"), ("kys", "kys"), ("kill yourself", "kill yourself")]


def test_a_rule_without_keywords_matches_nothing() -> None:
    assert matches("kill yourself", make_rule("R2", "Forbidden words.", ("x",))) == ()


def test_digits_alone_and_words_of_another_script_are_not_read_as_letters() -> None:
    vocabulary = Vocabulary(("is", "cop", "kill"))
    assert vocabulary.readings("15") == ()
    assert vocabulary.readings("сор") == ()
    assert vocabulary.readings("k1ll") == ("kill",)


def test_an_ambiguous_disguise_is_read_as_every_known_word() -> None:
    assert Vocabulary(("fail", "fall", "feel")).readings("fa1l") == ("fail", "fall")


@given(
    st.lists(st.sampled_from((*PHRASES, "hello", "they", "said", "自", "a b")), min_size=1, max_size=5),
    st.data(),
)
@settings(max_examples=80, deadline=None)
def test_invisible_characters_and_case_change_no_match(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    disguised = ""
    for ch in text:
        disguised += data.draw(st.sampled_from(("", "", *INVISIBLE)))
        disguised += data.draw(st.sampled_from((ch, ch.swapcase())))
    plain = matches(text, rule())
    found = matches(disguised, rule())
    assert [match.phrase for match in found] == [match.phrase for match in plain]
    for before, after in zip(plain, found, strict=True):
        seen = disguised[after.start : after.end]
        assert "".join(ch for ch in seen if ch not in INVISIBLE).lower() == text[before.start : before.end].lower()


@given(st.text(alphabet=st.sampled_from("kilys yourself1!.*_ \u200b\u0301Kşdox$@🔪自杀"), max_size=50))
@settings(max_examples=100, deadline=None)
def test_offsets_slice_the_original_and_the_slice_matches_by_itself(text: str) -> None:
    for match in matches(text, rule()):
        assert 0 <= match.start < match.end <= len(text)
        inside = matches(text[match.start : match.end], rule())
        assert match.phrase in {found.phrase for found in inside}


@given(st.text(max_size=80))
@settings(max_examples=80, deadline=None)
def test_any_text_can_be_searched(text: str) -> None:
    assert all(0 <= match.start < match.end <= len(text) for match in matches(text, rule()))
