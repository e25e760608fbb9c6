"""The language models that play roles: joins backends of tools to what agents and the graph ask for.

Beside graphs.wiring the only file that names backends. Roles that name the same one share its connection.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from cases.exchange import Misbound
from graphs.binding import EMBEDDED, Binding, Role
from graphs.roles import DECIDING
from graphs.settings import Settings
from policy_store.pack import Pack

LOOKING: tuple[Role, ...] = ("ranker", "reasoner")  # whose backends are asked what they see, in this order

if TYPE_CHECKING:
    from agents.ask import Chat, Odds
    from agents.bounds import Speaker
    from agents.exhibit import Eyes, Wanted
    from agents.guards.guard import Guard
    from cases.case import Case
    from graphs.deps import Models
    from tools.connection import Connection
    from tools.endpoint import Endpoint, Provider
    from tools.local import LocalModel
    from tools.probe import Probe


@contextmanager
def open_models(settings: Settings, pack: Pack) -> "Iterator[Models]":
    """Open the language models that the settings bind to the deciding roles; nothing is asked of them yet.

    Raise Misbound where a library that a backend needs is not installed.
    """
    from graphs.deps import Models

    if settings.bare:
        yield Models()
        return
    from agents.chain import Writer
    from graphs.ranking import Asking, Ranker

    with ExitStack() as stack:
        backends = Backends(settings, stack)
        bound = {role: [b for b in settings.bound(role) if b != EMBEDDED] for role in DECIDING}
        eyes = eyes_of(settings, [b for bs in bound.values() for b in bs])
        rankers = tuple(Asking(backends.odds(b), backends.chat(b), guard_of(b)) for b in bound["ranker"])
        writers = tuple(backends.chat(b) for b in bound["reasoner"])
        seers = {b.name: b for role in LOOKING for b in bound[role] if b.sees}
        yield Models(
            rank=Ranker(pack, rankers, settings.template, settings.assembly, eyes) if rankers else None,
            writer=Writer(writers, backends.odds(bound["reasoner"][0])) if writers else None,
            critic=tuple(backends.chat(b) for b in bound["critic"]),
            spare=frozenset(r for r in DECIDING if bound[r] and settings.bound(r)[-1] == EMBEDDED),
            allowance=settings.allowance,
            in_flight=settings.in_flight,
            eyes=eyes,
            witnesses=tuple(backends.odds(b) for b in seers.values()),
        )


def eyes_of(settings: Settings, bound: list[Binding]) -> "Eyes | None":
    """Return how the backends that see are shown pictures, None where none does; raise Misbound without the tools."""
    from agents.exhibit import Eyes, Shots
    from tools.album import Album
    from tools.sight import VISION, missing

    names = frozenset(b.name for b in bound if b.sees)
    if not names:
        return None
    if gone := missing():
        raise Misbound(f"{', '.join(sorted(names))} is to see, and {', '.join(gone)} is not installed: {VISION}")
    album = Album(settings.media_root)

    def show(case: "Case", media: str, wanted: "Sequence[Wanted]") -> Shots:
        return Shots(*album(case, media, wanted))

    return Eyes(show, names)


class Backends:
    """The backends of one process: roles that name the same one share its connection and its limit."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.stack = stack
        self.opened: dict[str, Connection | LocalModel] = {}
        self.asked: dict[str, Odds] = {}

    def chat(self, binding: Binding) -> "Chat":
        """Return a backend that answers in words; one that fails again and again is skipped for a while."""
        from tools.chat import ServedChat
        from tools.connection import Connection
        from tools.local import LocalChat
        from tools.resting import RestingChat

        opened = self._open(binding)
        return RestingChat(ServedChat(opened) if isinstance(opened, Connection) else LocalChat(opened))

    def odds(self, binding: Binding) -> "Odds":
        """Return a backend that gives the odds of first tokens."""
        from tools.connection import Connection
        from tools.gathered import GatheredOdds
        from tools.local import LocalOdds
        from tools.odds import ServedOdds
        from tools.resting import RestingOdds

        if binding.name not in self.asked:
            opened = self._open(binding)
            if isinstance(opened, Connection):
                self.asked[binding.name] = RestingOdds(ServedOdds(opened))
            else:
                gathered = GatheredOdds(LocalOdds(opened))
                self.stack.callback(gathered.close)
                self.asked[binding.name] = RestingOdds(gathered)
        return self.asked[binding.name]

    def _open(self, binding: Binding) -> "Connection | LocalModel":
        from tools.connection import Connection

        if binding.name not in self.opened:
            if binding.backend == "transformers":
                from tools.local import LocalModel

                local = LocalModel(binding.model, sees=binding.sees)
                local.load()  # minutes, perhaps: not on the first case's time
                self.opened[binding.name] = local
            else:
                connection = Connection(endpoint(self.settings, binding))
                self.stack.callback(connection.close)
                self.opened[binding.name] = connection
        return self.opened[binding.name]


@contextmanager
def open_explainer(settings: Settings) -> "Iterator[tuple[Chat, ...]]":
    """Open the backends of the explainer that write words, in their order; none where it is embedded."""
    with ExitStack() as stack:
        backends = Backends(settings, stack)
        yield tuple(backends.chat(b) for b in settings.bound("explainer") if b != EMBEDDED)


def speakers(settings: Settings) -> "tuple[Speaker, ...]":
    """Return the backends of the explainer that can call tools, in their order; none where it is embedded."""
    from tools.speaker import ServedSpeaker

    served = [b for b in settings.bound("explainer") if b.backend in ("vllm", "openai")]
    return tuple(ServedSpeaker(endpoint(settings, b)) for b in served)


def guard_of(binding: Binding) -> "Guard | None":
    """Return the guard format that a backend speaks, None where it is none; raise Misbound where it cannot."""
    from agents.guards.choice import guard_for

    guard = guard_for(binding.model, binding.adapter)
    if guard is not None and binding.sees:
        raise Misbound(f"{binding.written}: {guard.name} has no place for pictures; write {binding.name!r}")
    if guard is not None and guard.template and binding.backend == "transformers":
        raise Misbound(
            f"{binding.name}: {guard.name} needs a chat template of ours; serve the model, with --chat-template"
        )
    return guard


def endpoint(settings: Settings, binding: Binding) -> "Endpoint":
    """Return where a served backend is, as the settings say."""
    from tools.endpoint import Endpoint

    provider: Provider = "vllm" if binding.backend == "vllm" else "openai"
    key = settings.vllm_key if provider == "vllm" else settings.openai_key
    url = settings.vllm_url if provider == "vllm" else settings.openai_url
    secret, wait = key.get_secret_value() if key else None, max(120.0, settings.case_seconds)
    return Endpoint(provider, binding.model, url, secret, settings.in_flight, attempt_seconds=wait)


def probed(settings: Settings, binding: Binding) -> "Probe":
    """Reach a backend that is not embedded, and say what it can do."""
    from tools.probe import Probe, probe

    if binding.backend != "transformers":
        return probe(endpoint(settings, binding), sees=binding.sees)
    from tools.local import LocalModel

    LocalModel(binding.model, sees=binding.sees).load()
    return Probe(True, (binding.model,), logprobs=True, told="loaded in this process")
