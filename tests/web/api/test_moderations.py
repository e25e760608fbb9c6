import asyncio
import base64
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from policy_store.taxonomy import OPENAI_CATEGORIES
from tests.web.api.conftest import KIND, THREAT, picture
from web.api.moderations import SEEN, mapped
from web.office import Office
from web.store import docket, journal

openai = pytest.importorskip("openai", reason="the client comes with precept[models]")
PATH = "/v1/moderations"


@pytest.fixture
def known(address: str, secret: Callable[..., str]) -> "openai.OpenAI":
    return openai.OpenAI(base_url=f"{address}/v1", api_key=secret("moderate"), max_retries=0)


def test_openais_client_gets_a_text_judged(known: "openai.OpenAI", office: Office) -> None:
    answer = known.moderations.create(input=THREAT, model="omni-moderation-latest")
    assert answer.id.startswith("modr-") and answer.model == "omni-moderation-latest"
    (result,) = answer.results
    assert result.flagged and result.categories.harassment_threatening and result.categories.violence
    assert not result.categories.self_harm_intent
    assert result.category_scores.harassment_threatening > 0.5 > result.category_scores.hate
    assert result.category_applied_input_types.violence == ["text"]
    said = result.precept
    assert (said["outcome"], said["rule_id"], said["pack"]["digest"]) == ("act", "HR2", office.pack.digest)
    assert said["findings"][0]["evidence"][0]["quote"] in THREAT
    assert office.ledger.decision(said["decision_id"]).case_id == said["id"]


def test_openais_async_client_gets_several_texts_judged_in_their_order(
    address: str, secret: Callable[..., str]
) -> None:
    async def ask() -> list[bool]:
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=secret("moderate"), max_retries=0) as client:
            answer = await client.moderations.create(input=[KIND, THREAT, KIND, THREAT])
        return [result.flagged for result in answer.results]

    assert asyncio.run(ask()) == [False, True, False, True]


def test_openais_client_raises_its_own_errors(address: str, known: "openai.OpenAI") -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        known.moderations.create(input=[])
    assert raised.value.param is not None and raised.value.param.startswith("input")
    assert set(raised.value.body) == {"message", "type", "param", "code"}
    stranger = openai.OpenAI(base_url=f"{address}/v1", api_key="pk-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refused:
        stranger.moderations.create(input=KIND)
    assert refused.value.code == "invalid_api_key"


def test_text_and_a_picture_are_judged_as_one_content(known: "openai.OpenAI") -> None:
    parts = [{"type": "text", "text": KIND}, {"type": "image_url", "image_url": {"url": picture()}}]
    (result,) = known.moderations.create(input=parts).results
    assert not result.flagged
    assert result.precept["outcome"] == "review"  # what a picture shows is not judged here, so it is not let go
    told = {n["what"]: n["why"] for n in result.precept["not_judged"]}
    looked = result.category_applied_input_types.violence == ["text", "image"]
    assert looked != ("image-1" in told)
    assert result.category_applied_input_types.hate == ["text"]


def test_words_read_in_a_picture_are_told_with_place_and_tool_in_both_endpoints(
    client: TestClient, with_key: Callable[..., TestClient]
) -> None:
    pytest.importorskip("rapidocr", reason="pictures: pip install 'precept[vision]'")
    from tests.media.pictures import Style, encoded, words

    shown = "data:image/png;base64," + base64.b64encode(encoded(words(THREAT, Style(size=40)))).decode()
    program = with_key("moderate")
    body = {"input": [{"type": "text", "text": KIND}, {"type": "image_url", "image_url": {"url": shown}}]}
    (result,) = program.post("/v1/moderations", json=body).json()["results"]
    sent = {"text": KIND, "media": [{"type": "image", "data": shown}]}
    made = program.post("/v1/cases", json=sent).json()["decision"]
    for told in (result["precept"], made):
        assert told["outcome"] == "act"
        leading = next(f for f in told["findings"] if f["rule_id"] == told["rule_id"])
        one = leading["sightings"][0]
        assert (one["media"], one["kind"], one["tool"]) == ("image-1", "words", "rapidocr")
        assert one["words"] and one["box"]["width"] > 0 and 0 < one["confidence"] <= 1
        assert leading["attributes"] == [] and "shows" not in one
    schema = client.get("/v1/openapi.json").json()["components"]["schemas"]
    assert set(schema["Spot"]["properties"]) == set(made["findings"][0]["sightings"][0])


def test_a_picture_given_by_address_is_not_fetched_and_the_result_says_so(
    client: TestClient, with_key: Callable[..., TestClient]
) -> None:
    parts = [{"type": "text", "text": KIND}, {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x.png"}}]
    (result,) = with_key("moderate").post(PATH, json={"input": parts}).json()["results"]
    assert (result["flagged"], result["precept"]["outcome"]) == (False, "review")
    (unread,) = result["precept"]["not_judged"]
    assert unread["what"] == "address-1" and "never fetched" in unread["why"]
    assert all("image" not in kinds for kinds in result["category_applied_input_types"].values())


def test_words_beside_an_address_are_judged_all_the_same(with_key: Callable[..., TestClient]) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}, {"type": "text", "text": THREAT}]
    (result,) = with_key("moderate").post(PATH, json={"input": parts}).json()["results"]
    assert result["flagged"] and result["precept"]["not_judged"]


def test_an_address_alone_is_refused(with_key: Callable[..., TestClient]) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}]
    answer = with_key("moderate").post(PATH, json={"input": parts})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "image_not_fetched")


def test_a_case_in_review_is_flagged_only_for_who_asks_for_it(with_key: Callable[..., TestClient]) -> None:
    body = {"input": [{"type": "text", "text": KIND}, {"type": "image_url", "image_url": {"url": picture(7)}}]}
    caller = with_key("moderate")
    assert caller.post(PATH, json=body).json()["results"][0]["flagged"] is False
    assert caller.post(f"{PATH}?flag=review", json=body).json()["results"][0]["flagged"] is True


def test_a_case_in_review_waits_in_the_queue_and_no_run_waits_with_it(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    body = {"input": [{"type": "text", "text": KIND}, {"type": "image_url", "image_url": {"url": picture(9)}}]}
    made = with_key("moderate").post(PATH, json=body).json()["results"][0]["precept"]["decision_id"]
    office.catch_up()
    found = docket.entry(office.store, made)
    assert found is not None and found.state == "waiting"
    assert not office.desks.live.waiting(made)


def test_legacy_models_answer_without_what_they_never_had(with_key: Callable[..., TestClient]) -> None:
    (result,) = (
        with_key("moderate").post(PATH, json={"input": THREAT, "model": "text-moderation-latest"}).json()["results"]
    )
    assert "category_applied_input_types" not in result
    names = {c for c in OPENAI_CATEGORIES if not c.startswith("illicit")}
    assert set(result["categories"]) == names == set(result["category_scores"])
    parts = [{"type": "image_url", "image_url": {"url": picture()}}]
    refused = with_key("moderate").post(PATH, json={"input": parts, "model": "text-moderation-stable"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input[0].image_url.url")


def test_every_category_is_there_and_any_model_name_is_taken(with_key: Callable[..., TestClient]) -> None:
    answer = with_key("moderate").post(PATH, json={"input": KIND, "model": "whatever-2030"}).json()
    assert answer["model"] == "whatever-2030"
    (result,) = answer["results"]
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert set(result[part]) == set(OPENAI_CATEGORIES)
    assert all(0 <= score <= 1 for score in result["category_scores"].values())
    assert len(SEEN) == 6


def test_every_rule_of_the_policy_finds_its_categories(office: Office) -> None:
    made = office.desks.live.decide_many
    from cases.intake import case_from_text

    (decision,) = made([case_from_text(THREAT, "mapped")])
    hits, scores = mapped(decision, office.pack)
    assert hits == set(office.pack.by_id["HR2"].maps.openai) and max(scores.values()) == scores["violence"]


def test_ids_surface_and_profile_travel_in_the_extension_of_the_request(known: "openai.OpenAI", office: Office) -> None:
    setting = {"ids": ["a-1", "a-2"], "surface": "comment", "profile": office.pack.profiles[-1].id, "context": ["hi"]}
    answer = known.moderations.create(input=[KIND, THREAT], extra_body={"precept": setting})
    assert [r.precept["id"] for r in answer.results] == ["a-1", "a-2"]
    made = office.ledger.decision(answer.results[0].precept["decision_id"])
    case = office.ledger.case(made.case_digest)
    assert (case.surface, case.profile, case.context) == ("comment", office.pack.profiles[-1].id, ("hi",))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": 7}, "input"),
        ({"input": [KIND, 7]}, "input"),
        ({"input": "   "}, "input"),
        ({"input": "a\0b"}, "input"),
        ({"input": [KIND, ""]}, "input[1]"),
        ({"input": [KIND] * 1001}, "input"),
        ({"input": [{"type": "audio", "text": "x"}]}, "input"),
        ({"input": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}, "input[0].image_url.url"),
        ({"input": [{"type": "image_url", "image_url": {"url": "../../etc/passwd"}}]}, "input[0].image_url.url"),
        ({"input": [{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}]}, "input[0].image_url.url"),
        ({"input": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}}]}, "input[0].image_url.url"),
        ({"input": [{"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zz4="}}]}, "input[0].image_url.url"),
        ({"input": KIND, "precept": {"profile": "nobody"}}, "profile"),
        ({"input": KIND, "precept": {"surface": "wall"}}, "precept.surface"),
        ({"input": KIND, "precept": {"ids": ["a", "b"]}}, "precept.ids"),
        ({"input": KIND, "precept": {"path": "/etc/passwd"}}, "precept.path"),
    ],
)  # fmt: skip
def test_a_bad_body_is_refused_with_the_field_that_is_wrong(
    with_key: Callable[..., TestClient], body: dict[str, object], param: str
) -> None:
    answer = with_key("moderate").post(PATH, json=body)
    told = answer.json()["error"]
    assert answer.status_code == 400, told
    assert told["type"] == "invalid_request_error" and str(told["param"]).startswith(param), told


def test_what_is_no_json_is_refused(with_key: Callable[..., TestClient]) -> None:
    for raw in (b"", b"{", b'{"input": "\xff"}', b"[" * 50_000, b'{"input": "\\ud800"}'):
        answer = with_key("moderate").post(PATH, content=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_deadline_that_is_over_is_told(with_key: Callable[..., TestClient]) -> None:
    texts = [f"{KIND} Number {n}." for n in range(200)]
    answer = with_key("moderate").post(PATH, json={"input": texts}, headers={"Precept-Deadline": "0.0001"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
    for bad in ("0", "-1", "nan", "1e9", "soon"):
        assert (
            with_key("moderate").post(PATH, json={"input": KIND}, headers={"Precept-Deadline": bad}).status_code == 400
        )


def test_moderating_needs_the_permission_and_goes_into_the_journal(
    with_key: Callable[..., TestClient], client: TestClient, office: Office
) -> None:
    assert client.post(PATH, json={"input": KIND}).status_code == 401
    assert with_key("metrics").post(PATH, json={"input": KIND}).status_code == 403
    made = with_key("moderate").post(PATH, json={"input": [KIND, KIND]}).json()["id"]
    (line,) = journal.lines(office.store, subject=made)
    assert (line.act, line.detail) == ("content.judge", {"count": "2"})


def test_a_request_that_is_sent_again_with_its_key_is_decided_once(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    sender, before = with_key("moderate"), office.ledger.head().count
    sent, key = {"input": ["One keyed text.", "Another keyed text."]}, {"Idempotency-Key": "m-1"}
    first, again = (sender.post("/v1/moderations", json=sent, headers=key) for _ in range(2))
    ids = [[r["precept"]["decision_id"] for r in answer.json()["results"]] for answer in (first, again)]
    assert ids[0] == ids[1] and office.ledger.head().count == before + 2
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    other = sender.post("/v1/moderations", json={"input": "Another."}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")
    fresh = sender.post("/v1/moderations", json=sent).json()["results"]
    assert fresh[0]["precept"]["decision_id"] not in ids[0]
