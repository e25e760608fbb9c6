"""Which backend plays which role, as an operator writes it: `backend/model`, or a list of them to fall back along.

`embedded`; `vllm/MODEL` and `openai/MODEL` are servers that speak OpenAI's API; `transformers/MODEL` runs in this
process. `BACKEND+vision/MODEL` says that the model sees: no server tells, and one that does not see may well answer. A
guard model's own format is recognised by its name; `ADAPTER@backend/model` names it outright.
"""

from typing import Literal, get_args

from cases.model import Fact

Backend = Literal["embedded", "vllm", "openai", "transformers"]
Role = Literal["ranker", "reasoner", "critic", "explainer", "judge"]
ROLES: tuple[Role, ...] = get_args(Role)
VISION = "+vision"


class BindingError(ValueError):
    """A role string that cannot be read; the text says what would be right."""


class Binding(Fact):
    """One backend of a role; `adapter` names a guard model's format, where that was written; `sees` takes pictures."""

    backend: Backend
    model: str = ""
    adapter: str | None = None
    sees: bool = False

    @property
    def name(self) -> str:
        """Return the backend as records name it."""
        return "embedded" if self.backend == "embedded" else f"{self.backend}/{self.model}"

    @property
    def written(self) -> str:
        """Return the backend as an operator writes it, its adapter and its eyes with it."""
        name = f"{self.backend}{VISION}/{self.model}" if self.sees else self.name
        return f"{self.adapter}@{name}" if self.adapter else name


EMBEDDED = Binding(backend="embedded")


def bindings(role: Role, value: str) -> tuple[Binding, ...]:
    """Return the backends of a role string in order; raise BindingError for one that cannot be read.

    >>> [b.name for b in bindings("reasoner", "vllm/Qwen/Qwen3-8B, embedded")]
    ['vllm/Qwen/Qwen3-8B', 'embedded']
    """
    found = tuple(_one(role, item.strip()) for item in value.split(","))
    if len({(b.name, b.adapter) for b in found}) < len(found):
        raise BindingError(f"{role.upper()}={value!r} names a backend twice; name each once")
    if EMBEDDED in found[:-1]:
        raise BindingError(f"{role.upper()}={value!r}: embedded never fails, so nothing after it is asked; put it last")
    return found


def _one(role: Role, item: str) -> Binding:
    adapter, at, rest = item.rpartition("@")
    written, slash, model = rest.partition("/")
    backend, plus, ability = written.partition("+")
    if rest == "embedded":
        if at:
            raise BindingError(f"{role.upper()}={item!r}: embedded takes no adapter; leave {adapter + at!r} out")
        return EMBEDDED
    if backend not in get_args(Backend) or backend == "embedded":
        raise BindingError(
            f"{role.upper()}={item!r}: no backend {backend!r}; write embedded, vllm/MODEL, openai/MODEL or "
            "transformers/MODEL"
        )
    if plus + ability not in ("", VISION):
        raise BindingError(f"{role.upper()}={item!r}: no ability {plus + ability!r}; write {backend}{VISION}/MODEL")
    if not model.strip():
        raise BindingError(f"{role.upper()}={item!r} names no model; write {written}/MODEL")
    if at and plus:
        raise BindingError(
            f"{role.upper()}={item!r}: the format {adapter!r} has no place for pictures; leave {VISION!r} out"
        )
    if at and role != "ranker":
        raise BindingError(f"{role.upper()}={item!r}: only the ranker takes a guard; leave {adapter + at!r} out")
    return Binding(backend=backend, model=model, adapter=adapter or None, sees=bool(plus))  # type: ignore[arg-type]
