"""`precept ask`: a question about a recorded decision. The answer is made by agents.questions from the record.

Only a question that needs a fresh measurement loads the model, so most answers come at once.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.explain import DecisionId

if TYPE_CHECKING:
    from agents.conversation import Answer
    from cases.decision import Precedent
    from graphs.deps import Deps
    from graphs.record import Record
    from graphs.settings import Settings
    from tools.ledger import Adopted


class Bench:
    """What measures anew, under the policy of the record; opened by the first question that needs it."""

    def __init__(self, settings: "Settings", found: "Record", stack: ExitStack) -> None:
        self.settings = settings
        self.found = found
        self.stack = stack

    @cached_property
    def deps(self) -> "Deps":
        """Return the clients; say so when the model is not the one that decided."""
        from graphs.wiring import open_deps

        deps = self.stack.enter_context(open_deps(self.settings, self.found.pack))
        then, now = self.found.decision.model_digest, deps.frame.model_digest
        if then != now:
            typer.echo(
                f"precept: measured anew with the model {now[:8]}; the decision was made with {then[:8]}", err=True
            )
        return deps

    def rescore(self, texts: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """Return for each text the calibrated probability of every rule."""
        from graphs.bench import rescored

        return rescored(self.deps, texts)

    def similar(self, text: str, count: int) -> "Sequence[Precedent]":
        """Return the examples of the policy nearest to a text, of every rule and both sides."""
        from graphs.bench import nearest

        return nearest(self.deps, text, count)


def ask(
    decision: DecisionId,
    question: Annotated[str, typer.Argument(help='Such as "why not HS3?" or "what would change the outcome?"')],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Ask about a decision: why, why not, what would change it, similar cases, what was considered.

    Where EXPLAINER is a language model it looks things up and answers; what of it does not hold is not shown.
    """
    from terminal import paint
    from terminal.line import written
    from terminal.opening import ledger, read, record

    settings = read()
    with ledger(settings) as opened:
        found = record(opened, decision)
        versions = tuple(opened.policies(found.pack.id))
    with ExitStack() as stack:
        made = _answer(question, settings, found, Bench(settings, found, stack), versions)
    if made.fallback:
        typer.echo(
            f"precept: answered from the record, as the model gave nothing that holds: {made.fallback}", err=True
        )
    if json:
        told = {"decision_id": found.decision.id, "question": question, **made.reply.model_dump(mode="json")}
        if settings.explainer != "embedded":
            told |= {"by": made.by, "usage": made.usage.model_dump(mode="json"), "fallback": made.fallback}
        typer.echo(written(told))
    else:
        typer.echo(paint.harmless(made.reply.text))


def _answer(
    question: str, settings: "Settings", found: "Record", bench: Bench, versions: "Sequence[Adopted]"
) -> "Answer":
    """Return the first answer of a model that holds, else the embedded one with why the last did not."""
    from graphs.wiring import speakers

    record = (found.decision, found.case, found.pack, found.edits)
    spoken = speakers(settings)
    if not spoken:
        if settings.explainer != "embedded":
            typer.echo("precept: answered from the record, as EXPLAINER names no server that can call tools", err=True)
        from agents.conversation import Answer
        from agents.questions import answer

        reply = answer(question, *record, rescore=bench.rescore, similar=bench.similar)
        return Answer(reply=reply, by="embedded")
    from agents.conversation import converse
    from agents.lookup import Version
    from cases.exchange import Usage

    def history(pack_id: str) -> list[Version]:
        return [Version(version=v, digest=d, at=at) for v, d, at in versions]

    spent = Usage()
    for speaker in spoken:
        made = converse(
            question, *record, speaker=speaker, allowance=settings.allowance.less(spent), rescore=bench.rescore,
            similar=bench.similar, history=history,
        )  # fmt: skip
        spent += made.usage
        if made.fallback is None:
            break
    return made.model_copy(update={"usage": spent})
