"""A question asked of recorded turns about the decisions of records.py: what the tests of conversations share."""

from typing import Any

from agents.conversation import Answer, converse
from agents.questions import answer
from tests.agents.recorded import PLENTY, RecordedSpeaker, calls
from tests.agents.records import (
    WORDS,
    doubtful,
    dropped,
    excepted,
    pack,
    supported,
    threat,
)

BUILDS = [threat, doubtful, excepted, dropped, supported]
FINDINGS = calls(("read_record", {"section": "findings"}))


def claim(**changes: Any) -> dict[str, Any]:
    """Return a sound answer to "Why HR2?" about the threat, with fields changed."""
    body: dict[str, Any] = {
        "form": "what_how",
        "clause_ids": ["HR2", "HR2.c"],
        "quotes": [{"part": "text", "quote": WORDS}],
        "answerable": True,
        "letter": None,
        "answer": "HR2 leads at 0.93: the author announces to wait for Dana with a bat. The severity is 82.",
    }
    return body | changes


def ask(question: str, *turns: Any, build: Any = threat, **more: Any) -> tuple[Answer, RecordedSpeaker]:
    about, made = build()
    speaker = RecordedSpeaker(*turns)
    edits = tuple(e(made) for e in more.pop("edits", ()))
    allowance = more.pop("allowance", PLENTY)
    return converse(question, made, about, pack(), edits, speaker=speaker, allowance=allowance, **more), speaker


def embedded(question: str, build: Any = threat) -> Any:
    about, made = build()
    return answer(question, made, about, pack())


def results(speaker: RecordedSpeaker) -> list[str]:
    """Return what the tools gave, in order, as the model saw it at last."""
    return [str(m.content) for m in speaker.model.seen[-1] if m.type == "tool"]
