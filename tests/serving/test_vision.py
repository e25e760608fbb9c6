"""Pictures over a real vLLM that serves a tiny random model with eyes: they arrive, count, and decide nothing by noise.

What such a model says of a picture is noise as well, so these tests are about what holds whatever it says.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")
pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")

from agents.critic import measure  # noqa: E402
from agents.critique import criticise_by_model  # noqa: E402
from agents.exhibit import Exhibits, Eyes, Shots, exhibited  # noqa: E402
from agents.icm import read_pictures  # noqa: E402
from agents.opinion import parse, schema  # noqa: E402
from agents.reasoner import reason  # noqa: E402
from agents.region import citable  # noqa: E402
from agents.yesno import VARIANTS, weigh_tokens  # noqa: E402
from cases.case import Case, Media, Part  # noqa: E402
from cases.decision import Decision  # noqa: E402
from cases.exchange import Allowance, Message, Picture, Placed  # noqa: E402
from cases.observation import Locator, Observation  # noqa: E402
from graphs.desk import Desk  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.wiring import open_desk, open_models  # noqa: E402
from policy_store.loader import load_pack  # noqa: E402
from tests.agents.shown import SEEN, seeing_bench  # noqa: E402
from tests.media.pictures import encoded as png  # noqa: E402
from tests.media.pictures import meme  # noqa: E402
from tests.serving.vllm_server import Server  # noqa: E402
from tools.album import Album, encoded  # noqa: E402
from tools.chat import ServedChat  # noqa: E402
from tools.connection import Connection  # noqa: E402
from tools.endpoint import Endpoint  # noqa: E402
from tools.odds import ServedOdds  # noqa: E402

pytestmark = pytest.mark.vllm

AMPLE = Allowance(seconds=120, tokens=10**6)
PACK = load_pack("community")
WORDS = ("I know which bus you take", "and I will be at the stop")


@pytest.fixture
def connection(vision: Server) -> Iterator[Connection]:
    made = Connection(Endpoint("vllm", vision.model, vision.url, None, 8, attempt_seconds=120))
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("media")
    (made / "meme.png").write_bytes(png(meme(*WORDS)))
    return made


def plain(*colour: int) -> Picture:
    return encoded(np.full((200, 300, 3), colour, np.uint8), f"image-{colour}")


def pictures() -> list[Picture]:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    return [plain(255, 0, 0), plain(0, 0, 255), plain(255, 255, 255), plain(0, 0, 0), encoded(noise, "noise")]


def prompt(*shown: Picture, words: str = "Look: is it a threat?") -> tuple[Message, ...]:
    placed = tuple(Placed(at=6, picture=p) for p in shown)
    return Message(author="system", text="Answer Yes or No."), Message(author="user", text=words, pictures=placed)


def pictured(words: bool = True) -> Case:
    """Return a case whose picture was looked at, so that the server's tests need no reader of words."""
    parts = (Part(id="text", kind="text", text="Keep talking, Dana."),) if words else ()
    seen = tuple(o for o in SEEN if o.kind != "tag")
    return Case(id="seen", parts=parts, media=(Media(type="image", path="meme.png"),), observations=seen)


def shown(case: Case, folder: Path) -> Exhibits:
    album = Album(folder)
    return exhibited(case, lambda c, media, wanted: Shots(*album(c, media, wanted)))


def test_what_is_likely_hangs_on_the_picture_and_on_how_many_there_are(connection: Connection) -> None:
    asked = [prompt(), *(prompt(p) for p in pictures()), prompt(*pictures())]
    firsts = ServedOdds(connection)(asked, AMPLE, tokens=VARIANTS)
    found = [weigh_tokens(first).p for first in firsts]
    assert len({round(p, 3) for p in found}) == len(found) and max(found) - min(found) > 0.2
    sizes = [first.usage.prompt_tokens for first in firsts]
    assert sizes[0] < sizes[1] == sizes[2] < sizes[-1]


def test_a_model_that_sees_is_one_in_this_process_and_on_the_server(vision: Server, connection: Connection) -> None:
    pytest.importorskip("torch", reason="needs torch: pip install 'precept[train]'")
    pytest.importorskip("transformers", reason="needs transformers: pip install 'precept[train]'")
    from tools.local import LocalModel, LocalOdds

    asked = [prompt(), *(prompt(p) for p in pictures()), prompt(*pictures())]
    theirs = ServedOdds(connection)(asked, AMPLE, tokens=VARIANTS)
    mine = LocalOdds(LocalModel(str(vision.folder), sees=True))(asked, AMPLE, tokens=VARIANTS)
    for one, other in zip(mine, theirs, strict=True):
        assert one.usage.prompt_tokens == other.usage.prompt_tokens
        assert weigh_tokens(one).p == pytest.approx(weigh_tokens(other).p, abs=1e-2)


def test_questions_about_one_picture_share_it_in_the_cache_of_the_server(connection: Connection) -> None:
    shot = plain(10, 200, 10)
    told = "Look: what is said here is long enough to fill a block of the cache. " * 4
    first, second = (
        ServedOdds(connection)([prompt(shot, words=f"{told}{ask}")], AMPLE, tokens=VARIANTS)[0]
        for ask in ("Is it a threat?", "Is it an advertisement?")
    )
    assert second.usage.cached_tokens > 0.5 * second.usage.prompt_tokens
    other = ServedOdds(connection)([prompt(plain(9, 9, 9), words=f"{told}Is it?")], AMPLE, tokens=VARIANTS)[0]
    assert other.usage.cached_tokens < 0.5 * other.usage.prompt_tokens, "another picture is not the same prefix"


def test_the_server_holds_an_answer_to_regions_that_exist(connection: Connection, folder: Path) -> None:
    case = pictured()
    exhibits = shown(case, folder)
    form = schema(case, PACK.rules[:2], PACK, "none", exhibits)
    asked = prompt(*(e.picture for e in exhibits.items), words="Look: fill in the fields.")
    said = ServedChat(connection)(asked, AMPLE, schema=form, depth="none", most=6000)
    if said.cut:
        pytest.skip("the noise did not come to an end within its limit")
    opinion = parse(said.text)
    assert opinion.seen and {g.region for g in opinion.seen} <= set(citable(case, exhibits))


def test_every_value_of_an_attribute_is_scored_from_the_picture(connection: Connection, folder: Path) -> None:
    case = pictured()
    rule = next(r for r in PACK.rules if r.products)
    looked = read_pictures(case, shown(case, folder), rule, PACK, ServedOdds(connection), AMPLE)
    (reading,) = looked.readings.values()
    assert {a.id for a in rule.attributes} == set(reading)
    assert all(sum(values.values()) == pytest.approx(1.0) for values in reading.values())
    assert looked.usage.calls == sum(len(a.values) for a in rule.attributes)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("graph")
    with open_desk(Settings(home=home, audit_rate=0.0), PACK, waits=False) as desk:
        yield desk


def decided(vision: Server, embedded: Desk, folder: Path, backend: str, *roles: str) -> Decision:
    bound = {role: f"{backend}/{vision.model}" for role in roles}
    settings = Settings(
        home=Path("unused"), vllm_url=vision.url, media_root=folder, case_seconds=90, case_tokens=40_000,
        **bound,  # type: ignore[arg-type]
    )  # fmt: skip
    with open_models(settings, PACK) as models:
        return Desk(replace(embedded.deps, models=models)).decide(pictured())


def test_pictures_reach_the_ranker_where_it_is_bound_as_one_that_sees(
    vision: Server, embedded: Desk, folder: Path
) -> None:
    tokens = []
    for backend in ("vllm+vision", "vllm"):
        decision = decided(vision, embedded, folder, backend, "ranker")
        line = next(s.models for s in decision.spent if s.stage == "rank_rules")
        assert line is not None and line.backends == (f"vllm/{vision.model}",)
        tokens.append(line.prompt_tokens)
    assert tokens[0] > tokens[1]


def test_noise_of_a_reasoner_and_a_critic_about_a_picture_never_decides(
    vision: Server, embedded: Desk, folder: Path
) -> None:
    decision = decided(vision, embedded, folder, "vllm+vision", "reasoner", "critic")
    models = next(s.models for s in decision.spent if s.stage == "reason_about")
    assert models is not None and models.calls >= 1 and models.prompt_tokens > 1000
    assert decision.outcome == "review" and decision.stage == "reasoner", decision.causes


def test_noise_about_the_attributes_of_a_picture_is_read_and_never_acts(
    vision: Server, folder: Path, tmp_path: Path
) -> None:
    tag = Observation(
        id="image-1.t1", media="image-1", kind="tag", label="png", locator=Locator(frame=0), tool="t", version="1"
    )
    case = Case(id="seen", parts=(), media=(Media(type="image", path="meme.png"),), observations=(tag,), profile="R1")
    settings = Settings(
        home=tmp_path, vllm_url=vision.url, media_root=folder, reasoner=f"vllm+vision/{vision.model}", audit_rate=0.0,
        case_seconds=200,
    )  # fmt: skip
    with open_desk(settings, load_pack("image-child-safety"), waits=False) as desk:
        decision = desk.decide(case)
    line = next(s.models for s in decision.spent if s.stage == "rank_rules")
    assert line is not None and line.calls == 12 and line.notes == ()
    assert decision.outcome != "act" and f"read by vllm/{vision.model}" in decision.chain[2].text


def test_a_critic_that_sees_is_shown_the_picture_and_one_that_does_not_is_not(
    vision: Server, embedded: Desk, folder: Path, connection: Connection
) -> None:
    tokens, album = [], Album(folder)
    for names in (frozenset({connection.endpoint.name}), frozenset()):
        desk, ranking = seeing_bench(pictured())
        desk = replace(desk, eyes=Eyes(lambda c, media, wanted: Shots(*album(c, media, wanted)), names))
        draft, retrieved = reason(desk, ranking, (), "full"), frozenset(s.rule_id for s in ranking.scores)
        measured = measure(desk, draft.findings[0])
        made, usage = criticise_by_model(desk, draft, retrieved, 1, [ServedChat(connection)], AMPLE, measured)
        assert made.ruling in ("veto", "revise", "accept") and usage.calls >= 1
        tokens.append(usage.prompt_tokens / usage.calls)
    assert tokens[0] > tokens[1] + 100
