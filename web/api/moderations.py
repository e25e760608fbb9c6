"""`POST /v1/moderations`: OpenAI's moderation endpoint, answered from the policy in force. It adds one key, `precept`.

Contract: `flagged` is true where the decision is to act. A case that needs a person is not flagged, and says so as
`precept.outcome: "review"` (or is flagged with `?flag=review`); what nobody looked at is named in `precept.not_judged`
and is never let go in silence. Addresses are not fetched.
"""

import uuid
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from cases.case import Case
from cases.decision import Decision
from cases.model import Fact
from cases.observation import Trouble
from policy_store.pack import Pack
from policy_store.taxonomy import OPENAI_CATEGORIES, OpenAICategory
from web.api.caller import calls, deadline
from web.api.repeat import Key, digest, taken
from web.identity import Actor, office_of
from web.office import Office
from web.problem import Problem
from web.store import idempotency
from web.store.authors import credit_all
from web.work.deadline import Deadline
from web.work.intake import NOT_FETCHED, Author, Setting, Words, case_of, judge, with_addresses
from web.work.media import decoded, keep
from web.work.public import Verdict, fresh

router = APIRouter(tags=["moderations"])
MOST = 1000
MOST_PARTS = 32
LEGACY = "text-moderation"
SEEN: frozenset[str] = frozenset(
    {"self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence", "violence/graphic"}
)  # fmt: skip
UNREAD: dict[Trouble, str] = {
    "missing": NOT_FETCHED, "unreadable": "the file cannot be decoded", "too_large": "the file is too large",
    "too_long": "it is too long to be looked through", "unknown_format": "it is in a format that is not read",
    "no_tool": "files are not read here, as the vision extra is not installed", "out_of_time": "there was no time left",
}  # fmt: skip


class Lenient(BaseModel):
    """A part of a request that may hold keys of OpenAI's that mean nothing here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TextPart(Lenient):
    """A text of a multimodal input."""

    type: Literal["text"]
    text: Words


class Address(Lenient):
    """Where a picture is; a data: URL holds it."""

    url: str = Field(min_length=1, description="A data: URL. An http(s) address is not fetched; the result says so.")


class ImagePart(Lenient):
    """A picture of a multimodal input."""

    type: Literal["image_url"]
    image_url: Address


class Moderate(Setting):
    """How the content is to be read; `ids` are the names of the cases, one for each result.

    `authors` are the accounts that published them, one for each result, null where that is not known; no model sees it.
    """

    ids: tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...] = ()
    authors: tuple[Author | None, ...] = ()


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "one text"
    first = value[0] if isinstance(value, list) and value else None
    return "one content" if isinstance(first, dict | TextPart | ImagePart) else "several texts"


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]
Input = Annotated[
    Annotated[Words, Tag("one text")]
    | Annotated[list[Words], Tag("several texts"), Field(min_length=1, max_length=MOST)]
    | Annotated[list[Part], Tag("one content"), Field(min_length=1, max_length=MOST_PARTS)],
    Discriminator(_kind),
]


class Moderation(Lenient):
    """The request, as OpenAI's client sends it."""

    input: Input = Field(description="A text; several texts, each judged by itself; or the parts of one content.")
    model: str = Field(
        "omni-moderation-latest", max_length=200, description="Any name; text-moderation-… answers as those did."
    )
    precept: Moderate = Field(default=Moderate(), description="How to read it; send it as extra_body.")


class Categories(Fact):
    """Whether a rule of the category is broken, as the policy maps its rules; null where nothing says so."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    harassment: bool = False
    harassment_threatening: bool = Field(False, alias="harassment/threatening")
    hate: bool = False
    hate_threatening: bool = Field(False, alias="hate/threatening")
    illicit: bool = False
    illicit_violent: bool = Field(False, alias="illicit/violent")
    self_harm: bool = Field(False, alias="self-harm")
    self_harm_intent: bool = Field(False, alias="self-harm/intent")
    self_harm_instructions: bool = Field(False, alias="self-harm/instructions")
    sexual: bool = False
    sexual_minors: bool = Field(False, alias="sexual/minors")
    violence: bool = False
    violence_graphic: bool = Field(False, alias="violence/graphic")


class Scores(Fact):
    """The highest calibrated probability in [0, 1] among the category's rules; 0 where none came into question."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    harassment: float = 0
    harassment_threatening: float = Field(0, alias="harassment/threatening")
    hate: float = 0
    hate_threatening: float = Field(0, alias="hate/threatening")
    illicit: float = 0
    illicit_violent: float = Field(0, alias="illicit/violent")
    self_harm: float = Field(0, alias="self-harm")
    self_harm_intent: float = Field(0, alias="self-harm/intent")
    self_harm_instructions: float = Field(0, alias="self-harm/instructions")
    sexual: float = 0
    sexual_minors: float = Field(0, alias="sexual/minors")
    violence: float = 0
    violence_graphic: float = Field(0, alias="violence/graphic")


Kinds = list[Literal["text", "image"]]


class NotJudged(Fact):
    """Something of the input that nobody looked at, and why; such a case is never let go automatically."""

    what: str
    why: str


class Extension(Verdict):
    """What Precept says beyond OpenAI's answer: the decision, its grounds and the policy that it was made under."""

    not_judged: tuple[NotJudged, ...] = ()


class ResultOf(Fact):
    """The answer about one content."""

    flagged: bool = Field(description="Whether the decision is to act. False means neither safe nor unsafe in review.")
    categories: Categories
    category_scores: Scores
    category_applied_input_types: dict[OpenAICategory, Kinds] | None = None
    precept: Extension


class Moderated(Fact):
    """The answer, in the order of the inputs."""

    id: str
    model: str
    results: list[ResultOf]


EXAMPLES = {
    "one text": {"value": {"input": "I will find you and hurt you.", "model": "omni-moderation-latest"}},
    "several texts": {"value": {"input": ["See you on Friday, bring cake.", "You people are vermin."]}},
    "text and picture": {
        "value": {
            "input": [
                {"type": "text", "text": "Look at this"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ],
            "precept": {"surface": "comment", "locale": "en"},
        }
    },
}


@router.post("/v1/moderations", response_model_exclude_unset=True)
def moderations(
    request: Request,
    response: Response,
    sent: Annotated[Moderation, Body(openapi_examples=EXAMPLES)],
    actor: Annotated[Actor, Depends(calls("moderate"))],
    until: Annotated[Deadline, Depends(deadline)],
    flag: Annotated[
        Literal["act", "review"], Query(description="Whether a case in review counts as flagged, too.")
    ] = "act",
    key: Key = None,
) -> Moderated:
    """Judge texts or one multimodal content, as OpenAI's endpoint does.

    Sent again with its Idempotency-Key, what was decided is told again, and only what was not is decided.
    """
    office = office_of(request)
    made = f"modr-{uuid.uuid4().hex}"
    cases = _cases(office, sent, made)
    authors = sent.precept.authors
    if authors and len(authors) != len(cases):
        raise Problem(400, f"precept.authors: {len(authors)} for {len(cases)} results; give one for each, or none.",
                      param="precept.authors", code="wrong_count")  # fmt: skip
    if key is None:
        decisions = judge(office, actor.id, made, cases, until)
    else:
        decisions = _once(office, actor, made, cases, until, key, sent, response)
    if credits := {d.id: author for d, author in zip(decisions, authors, strict=False) if author is not None}:
        credit_all(office.store, credits)
    pack, legacy = office.pack, sent.model.startswith(LEGACY)
    results = [_result(office, pack, c, d, flag, legacy) for c, d in zip(cases, decisions, strict=True)]
    return Moderated(id=made, model=sent.model, results=results)


def _once(
    office: Office, actor: Actor, made: str, cases: list[Case], until: Deadline, key: str, sent: Moderation,
    response: Response,
) -> list[Decision]:  # fmt: skip
    if taken(office, actor, key, sent).state == "done":
        response.headers["Idempotent-Replayed"] = "true"
    try:
        # The body is in the key of the decisions: what another one led to is never told of this one.
        decisions = judge(office, actor.id, made, cases, until, f"{actor.id} {key} {digest(sent)}")
    except BaseException:
        idempotency.drop(office.store, actor.id, key)
        raise
    idempotency.keep(office.store, actor.id, key, 200, "")  # the decisions themselves are the answer
    return decisions


def _cases(office: Office, sent: Moderation, made: str) -> list[Case]:
    if isinstance(sent.input, str):
        count, texts = 1, [sent.input]
    elif isinstance(sent.input[0], str):
        texts = [t for t in sent.input if isinstance(t, str)]
        count = len(texts)
    else:
        count, texts = 1, []
    ids = sent.precept.ids or tuple(f"{made}-{n}" for n in range(1, count + 1))
    if len(ids) != count:
        raise Problem(400, f"precept.ids: {len(ids)} for {count} results; give one for each, or none.",
                      param="precept.ids", code="wrong_count")  # fmt: skip
    if not texts:
        return [_together(office, sent, ids[0])]
    one = isinstance(sent.input, str)
    return [
        case_of(office.pack, name, [text], sent.precept, param="input" if one else f"input[{n}]")
        for n, (name, text) in enumerate(zip(ids, texts, strict=True))
    ]


def _together(office: Office, sent: Moderation, case_id: str) -> Case:
    """Return the one case of a multimodal input."""
    parts = [p for p in sent.input if not isinstance(p, str)]
    texts = [p.text for p in parts if isinstance(p, TextPart)]
    media, addresses = [], 0
    for n, part in enumerate(parts):
        if not isinstance(part, ImagePart):
            continue
        where = f"input[{n}].image_url.url"
        if sent.model.startswith(LEGACY):
            raise Problem(400, f"{where}: the model {sent.model!r} reads no pictures; use omni-moderation-latest.",
                          param=where, code="unsupported_image")  # fmt: skip
        if part.image_url.url[:5].lower() == "data:":
            media.append(keep(office, decoded(part.image_url.url, where), where, "image"))
        elif part.image_url.url[:8].lower().startswith(("http://", "https://")):
            addresses += 1
        else:
            raise Problem(400, f"{where}: it is no data: URL; write data:image/png;base64,…", param=where,
                          code="invalid_image")  # fmt: skip
    if not media and addresses and not any(t.strip() for t in texts):
        raise Problem(400, f"input: there is nothing to judge in it but addresses: {NOT_FETCHED}.", param="input",
                      code="image_not_fetched")  # fmt: skip
    case = case_of(office.pack, case_id, texts, sent.precept, media=media)
    return with_addresses(office, case, addresses)


def _result(office: Office, pack: Pack, case: Case, made: Decision, flag: str, legacy: bool) -> ResultOf:
    unread: tuple[NotJudged, ...] = ()
    seen: set[str] = set()
    looked = case
    if case.media or case.unseen:
        looked = office.ledger.case(made.case_digest)  # with what was seen in its files
        unread = tuple(
            NotJudged(what=u.media, why=NOT_FETCHED if u.media.startswith("address-") else UNREAD[u.why])
            for u in looked.unseen
        )
        seen = {o.media for o in looked.observations}
    names = [c for c in OPENAI_CATEGORIES if not (legacy and c.startswith("illicit"))]
    flagged = made.outcome == "act" or (flag == "review" and made.outcome == "review")
    hits, scores = mapped(made, pack)
    kinds: Kinds = [*(["text"] if case.parts else []), *(["image"] if seen else [])]  # type: ignore[list-item]
    applied = {c: [k for k in kinds if k == "text" or c in SEEN] for c in OPENAI_CATEGORIES}
    fields: dict[str, object] = {} if legacy else {"category_applied_input_types": applied}
    return ResultOf.model_validate(
        {
            "flagged": flagged,
            "categories": {c: flagged and c in hits for c in names},
            "category_scores": {c: scores.get(c, 0.0) for c in names},
            "precept": Extension(**dict(fresh(made, looked)), not_judged=unread),
            **fields,
        }
    )  # fmt: skip


def mapped(made: Decision, pack: Pack) -> tuple[frozenset[str], Mapping[str, float]]:
    """Return the categories of the rules that are broken, and the highest probability in each category in question."""
    hits: set[str] = set()
    scores: dict[str, float] = {}
    for finding in made.findings:
        rule = pack.by_id.get(finding.rule_id)
        for category in rule.maps.openai if rule and finding.verdict != "not_applicable" else ():
            scores[category] = max(scores.get(category, 0.0), min(1.0, max(0.0, finding.probability)))
            if finding.verdict == "hit":
                hits.add(category)
    return frozenset(hits), scores


__all__ = ["LEGACY", "MOST", "mapped", "router"]
