"""The shipped cross-encoder: one pair, one answer, whatever else is read, and weights that belong together."""

from pathlib import Path

import pytest

from tools.encoder import OnnxEncoder
from tools.reader import MAX_LAW_TOKENS, MAX_TEXT_TOKENS, WEIGHTS, OnnxReader

pytestmark = pytest.mark.skipif(
    not WEIGHTS.is_file(), reason=f"{WEIGHTS} is not there; make it with training/export.py"
)

THREAT = "Threat: threatens a person with violence, harm or death."
SCAM = "Phishing: asks for passwords, codes or card numbers."
CATS = "No pictures of cats. Dogs are fine."
GAME = "Boasting inside a video game match, about characters and not about people."
TEXT = "Keep talking and see what happens: I will break your legs."


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder()


@pytest.fixture(scope="module")
def reader(encoder: OnnxEncoder) -> OnnxReader:
    return OnnxReader(encoder)


def test_answers_come_in_the_order_of_the_laws(reader: OnnxReader) -> None:
    laws = [THREAT, SCAM, CATS]
    there = reader.read(TEXT, laws)
    assert len({a.hit for a in there}) == 3
    assert reader.read(TEXT, laws[::-1]) == there[::-1]
    assert reader.read(TEXT, [SCAM, THREAT, SCAM]) == [there[1], there[0], there[1]]
    assert reader.read(TEXT, []) == []


def test_an_answer_depends_on_that_pair_alone(reader: OnnxReader) -> None:
    reader.read("something else entirely, and rather longer than the other text", [CATS, THREAT])
    among = reader.read(TEXT, [CATS, SCAM, THREAT])[2]
    alone = OnnxReader(OnnxEncoder(threads=1))
    assert alone.read(TEXT, [THREAT]) == [among]


def test_a_threat_is_likelier_under_the_rule_on_threats_than_under_others(reader: OnnxReader) -> None:
    threat, scam, cats = reader.read(TEXT, [THREAT, SCAM, CATS])
    assert threat.hit > max(scam.hit, cats.hit)
    assert threat.hit > reader.read("I will bake you a lemon cake.", [THREAT])[0].hit


def test_an_exception_that_is_added_to_a_law_moves_what_is_said_at_once(reader: OnnxReader) -> None:
    text = "gg, next match I will headshot your character again before you leave the spawn"
    bare, saved = reader.read(text, [THREAT, f"{THREAT} Not when: {GAME}"])
    assert abs(saved.hit - bare.hit) > 0.005


def test_severity_and_shares_are_between_nought_and_one(reader: OnnxReader) -> None:
    for text in (TEXT, "", "🔥🔥🔥", "x"):
        for answer in reader.read(text, [THREAT, CATS]):
            assert 0 <= answer.severity <= 1
            assert all(0 <= share <= 1 for _, _, share in answer.marks)


@pytest.mark.parametrize("text", [TEXT, "Zoë, I'll FIND you\n\n🔥 tonight…", "naïve ﬁnger “quotes” x9#q", ""])
def test_marks_point_at_every_word_of_the_text_in_order(reader: OnnxReader, text: str) -> None:
    marks = reader.read(text, [THREAT])[0].marks
    assert all(0 <= start < end <= len(text) and text[start:end].strip() for start, end, _ in marks)
    assert [m[:2] for m in marks] == sorted(m[:2] for m in marks)
    covered = {i for start, end, _ in marks for i in range(start, end)}
    assert all(i in covered for i, ch in enumerate(text) if ch.isalnum())


def test_a_pair_is_read_once_and_remembered(encoder: OnnxEncoder) -> None:
    fresh = OnnxReader(encoder)
    first = fresh.read(TEXT, [THREAT, SCAM, THREAT])
    assert fresh.pairs == 2
    assert fresh.read(TEXT, [THREAT, SCAM, THREAT]) == first
    assert fresh.pairs == 2
    fresh.read(TEXT, [THREAT, CATS])
    assert fresh.pairs == 3


def test_long_texts_are_cut_and_what_is_beyond_changes_nothing(reader: OnnxReader) -> None:
    long = "cake " * (MAX_TEXT_TOKENS + 20)
    assert reader.read(long, [THREAT]) == reader.read(f"{long} I will break your legs.", [THREAT])
    assert len(reader.read(long, [THREAT])[0].marks) == MAX_TEXT_TOKENS - 2  # the first and last token are no words
    assert reader.encoder.lower(long, MAX_TEXT_TOKENS).values.shape == (MAX_TEXT_TOKENS, 384)


def test_long_laws_are_cut_and_what_is_beyond_changes_nothing(reader: OnnxReader) -> None:
    long = f"{THREAT} Not when: {'said in a game, ' * MAX_LAW_TOKENS}"
    one, other = reader.read(TEXT, [long, f"{long} or by a cat."])
    assert one == other
    assert reader.encoder.upper(long, MAX_LAW_TOKENS).values.shape[1:] == (MAX_LAW_TOKENS, 384)


def test_weights_that_stand_on_other_lower_layers_are_refused(encoder: OnnxEncoder, tmp_path: Path) -> None:
    own = encoder.lower_digest.encode()
    whole = WEIGHTS.read_bytes()
    assert len(own) == 64 and whole.count(own) == 1
    other = tmp_path / "cross-encoder.onnx"
    other.write_bytes(whole.replace(own, b"0" * 64))
    with pytest.raises(ValueError, match=r"cross-encoder.onnx: made for other lower layers.*export both again"):
        OnnxReader(encoder, other).read(TEXT, [THREAT])


def test_weights_that_are_missing_are_named(encoder: OnnxEncoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.onnx.*missing"):
        OnnxReader(encoder, tmp_path / "gone.onnx")


def test_the_digest_names_the_file(reader: OnnxReader, encoder: OnnxEncoder, tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(WEIGHTS.read_bytes())
    assert OnnxReader(encoder, copy).digest == reader.digest != encoder.digest
