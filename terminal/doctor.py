"""`precept doctor`: is what a decision needs there, whole and fast? It looks and measures; it repairs nothing."""

import shutil
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from graphs.binding import ROLES
from terminal.errors import BROKEN, explained

if TYPE_CHECKING:
    from graphs.binding import Binding
    from graphs.settings import Settings
    from policy_store.pack import Pack

State = Literal["ok", "note", "bad"]
NEEDED_BYTES, WANTED_BYTES = 50_000_000, 1_000_000_000
TEXTS = 64
EXTRAS = {
    "vision": ("PIL", "av", "cv2", "lxml", "nudenet", "pdqhash", "rapidocr", "trafilatura"),
    "models": ("openai", "langchain", "langchain_openai"),
    "gpu": ("vllm", "torch", "transformers"),
    "train": ("torch", "transformers", "sentence_transformers", "sklearn", "onnx"),
    "postgres": ("psycopg",),
    "scale": ("ray",),
}


UNUSED = ("scale",)


class Look(NamedTuple):
    """What one look found: `bad` keeps decisions from being made, a `note` does not."""

    what: str
    state: State
    told: str


def doctor(
    policy: Annotated[str | None, typer.Option("--policy", "-p", metavar="PACK", help="Another policy.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check the home, the ledger, the policy and its index, the model and its speed; exit with 1 if one is broken."""
    from terminal.line import written
    from terminal.opening import read

    settings = read(policy)
    looks = []
    for look in _looks(settings):
        looks.append(look)
        if not json:
            _print(look)
    sound = all(look.state != "bad" for look in looks)
    if json:
        typer.echo(written({"sound": sound, "looks": [look._asdict() for look in looks]}))
    raise typer.Exit(0 if sound else BROKEN)


def _print(look: Look) -> None:
    from terminal import paint

    style = {"ok": "green", "note": "yellow", "bad": "bold red"}[look.state]
    paint.screen().print(paint.fact(look.state, style, look.what, look.told))


def _looks(settings: "Settings") -> Iterator[Look]:
    yield _look("home", lambda: _home(settings))
    yield _look("disk", lambda: _disk(settings))
    yield _look("ledger", lambda: _ledger(settings))
    yield _look("cache", lambda: _cache(settings))
    pack: list[Pack] = []
    yield _look("policy", lambda: _policy(settings, pack))
    digest: list[str] = []
    yield _look("model", lambda: _model(digest))
    yield _look("encoder", lambda: _speed(settings))
    if pack and digest:
        yield _look("thresholds", lambda: _thresholds(settings, pack[0], digest[1]))
        yield _look("index", lambda: _index(settings, pack[0], digest[0]))
    yield Look("roles", "ok", ", ".join(f"{role} {getattr(settings, role)}" for role in ROLES))
    for binding, roles in _bound(settings).items():
        yield _look(binding.name, lambda binding=binding, roles=roles: _backend(settings, binding, roles))  # type: ignore[misc]
    for extra, modules in EXTRAS.items():
        yield _extra(extra, modules)


def _look(what: str, look: Callable[[], tuple[State, str]]) -> Look:
    try:
        return Look(what, *look())
    except Exception as error:
        # A look that fails is what the doctor is for: it is told, and the next look goes on.
        known = explained(error)
        return Look(what, "bad", known.message if known else f"{type(error).__name__}: {error}")


def _home(settings: "Settings") -> tuple[State, str]:
    import tempfile

    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.home):
        return "ok", f"{settings.home} can be written"


def _disk(settings: "Settings") -> tuple[State, str]:
    free = shutil.disk_usage(settings.home).free
    state: State = "bad" if free < NEEDED_BYTES else "note" if free < WANTED_BYTES else "ok"
    return state, f"{free / 1e9:.1f} GB free{'; make room' if state != 'ok' else ''}"


def _ledger(settings: "Settings") -> tuple[State, str]:
    from tools.ledger import Ledger

    url = settings.ledger_url
    if "://" not in url and not Path(url).exists():
        return "ok", f"none yet at {url}; the first decision makes it"
    with Ledger.open(url, readonly=True) as opened:
        report = opened.verify()
        waiting = sum(1 for _ in opened.pending())
    if not report.intact:
        return "bad", f"{len(report.faults) + report.unlisted} faults; see precept ledger verify, restore a backup"
    return "ok", f"{report.entries:,} entries, intact; {waiting:,} wait for a person"


def _cache(settings: "Settings") -> tuple[State, str]:
    from tools.cache import Cache

    path = settings.home / "cache.db"
    if not path.exists():
        return "ok", "none yet; the first decision makes it"
    with Cache.open(path) as cache:
        on = cache.on
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    return ("ok", size) if on else ("note", f"{path} cannot be used, so every text is encoded anew; delete it")


def _policy(settings: "Settings", found: "list[Pack]") -> tuple[State, str]:
    from graphs.published import load_live

    pack = load_live(settings)
    found.append(pack)
    profiles = ", ".join(profile.id for profile in pack.profiles)
    return "ok", f"{pack.id} {pack.version} ({pack.digest[:8]}), {len(pack.rules)} rules, profiles {profiles}"


def _model(digest: list[str]) -> tuple[State, str]:
    from agents.calibration import Calibration
    from graphs.wiring import digest_of, open_lexicon, open_reader
    from tools.encoder import OnnxEncoder

    encoder = OnnxEncoder()
    calibration = Calibration.model_validate_json(encoder.calibration)
    reader = open_reader(encoder, calibration)
    digest += [encoder.digest, digest_of(encoder, reader)]
    cuts = calibration.thresholds
    second = f" and {reader.model.name} ({reader.digest[:8]})" if reader else ""
    open_lexicon(encoder, calibration)
    second += f" and lexicon.npz ({calibration.lexicon[:8]})" if calibration.lexicon else ""
    told = f"{encoder.model.name} ({encoder.digest[:8]}){second}, {calibration.template} with {calibration.assembly}"
    return "ok", f"{told}, cuts router {cuts.router:.2f}, allow {cuts.allow:.2f}, act {cuts.act:.2f}"


def _thresholds(settings: "Settings", pack: "Pack", model_digest: str) -> tuple[State, str]:
    from agents.calibration import Calibration
    from graphs.saved import basis, force
    from tools.encoder import OnnxEncoder

    calibration = Calibration.model_validate_json(OnnxEncoder().calibration)
    found = force(settings, basis(settings, pack, model_digest, calibration))
    if found.saved is None:
        return ("note", found.why) if found.why else ("ok", "shipped ones; precept calibrate fits them to your traffic")
    saved, cuts = found.saved, found.saved.thresholds
    sides = [name for name, side in (("allow", saved.choice.allow), ("act", saved.choice.act)) if side.level]
    told = f"your own of {saved.made:%Y-%m-%d} from {saved.count.cases:,} cases ({saved.digest[:8]})"
    limit = f"at most {saved.choice.max_error:.1%} errors at {saved.choice.confidence:.0%} on {' and '.join(sides)}"
    ranker = ", ".join(f"{side} {getattr(cuts, side):.2f}" for side in sides)
    return "ok", f"{told}, {limit}; the ranker's cuts {ranker}"


def _speed(settings: "Settings") -> tuple[State, str]:
    from tools.encoder import OnnxEncoder

    encoder = OnnxEncoder(threads=settings.threads)
    texts = [f"A short text number {i} about the weather, a recipe and a trip to the lake." for i in range(TEXTS)]
    encoder.encode(texts[:4])
    begun = time.perf_counter()
    encoder.encode(texts)
    rate = TEXTS / (time.perf_counter() - begun)
    return "ok", f"{rate:.0f} short texts a second, {encoder.threads} threads"


def _index(settings: "Settings", pack: "Pack", model_digest: str) -> tuple[State, str]:
    from policy_store.index import RuleIndex, collection_name

    where = settings.chroma or settings.home / "chroma"
    not_built = "not built yet for this policy and model; the first decision that needs it builds it"
    if settings.chroma is None and not Path(where).exists():
        return "note", not_built
    index = RuleIndex.open(where)
    try:
        name = collection_name(pack, model_digest)
        found = next((c for c in index.client.list_collections() if c.name == name), None)
        if found is None or not (found.metadata or {}).get("complete"):
            return "note", not_built
        return "ok", f"{found.count():,} entries at {where}"
    finally:
        index.close()


def _bound(settings: "Settings") -> "dict[Binding, tuple[str, ...]]":
    """Return the backends that are not embedded, each with the roles that it plays."""
    out: dict[Binding, tuple[str, ...]] = {}
    for role in ROLES:
        for binding in settings.bound(role):
            if binding.backend != "embedded":
                out[binding] = (*out.get(binding, ()), role)
    return out


def _backend(settings: "Settings", binding: "Binding", roles: tuple[str, ...]) -> tuple[State, str]:
    """Reach a backend; what a role cannot do without and the backend does not offer keeps that role from its work."""
    from graphs.wiring import guard_of, probed

    guard = guard_of(binding) if "ranker" in roles else None
    found = probed(settings, binding)
    told = [f"plays {', '.join(roles)}"]
    if guard is not None:
        told.append(f"spoken to as {guard.name}")
        told += [f"its server needs --chat-template {guard.template!r}"] if guard.template else []
    if found.latency_ms is not None:
        told.append(f"one token in {found.latency_ms:.0f} ms")
    if found.reachable:
        told += [f"token probabilities {'yes' if found.logprobs else 'no'}",
                 f"JSON held to a schema {'yes' if found.structured else 'no, asked for in words'}"]  # fmt: skip
    told += [found.told] if found.told else []
    by_odds = guard is None or guard.template is not None  # guards under a template of ours answer by one token
    lame = not found.logprobs and "ranker" in roles and by_odds
    state: State = "bad" if not found.reachable or lame else "ok" if found.structured else "note"
    return state, "; ".join(told)


def _extra(extra: str, modules: tuple[str, ...]) -> Look:
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return Look(f"extra {extra}", "ok", "present")
    told = f"missing {', '.join(missing)}: pip install 'precept[{extra}]'"
    return Look(f"extra {extra}", "note", f"{told}{' (this release does not use it yet)' if extra in UNUSED else ''}")
