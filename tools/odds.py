"""The odds of a first token from a served model, through openai. Not yet p(yes): which spellings count is for agents.

It fits agents.ask.Odds. One request a prompt, for one token, all in flight at once under the endpoint's limit; turns
go out in the order given, so that prompts with the same beginning share the server's prefix cache. vLLM is asked for
the exact ids of the wanted spellings, and then returns these and the sampled token alone; other servers, and prompts
without wanted spellings, return the TOP likeliest.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from cases.exchange import Allowance, First, Message, Oddless, Token, Unanswered, Usage
from tools.budget import SHORTEN, guessed
from tools.chat import asked, content
from tools.connection import Connection
from tools.effort import effort, hidden
from tools.loop import together
from tools.resilience import Ask
from tools.spelling import found
from tools.trouble import Overlong, Refused

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion

TOP = 20
COUNTS = frozenset({"logprobs", "top_logprobs"})


class Countless(Oddless):
    """A backend that never gives token probabilities."""


class ServedOdds:
    """Ask a served model for the probabilities of its first token. Many threads may call at once."""

    def __init__(self, connection: Connection) -> None:
        self.name = connection.endpoint.name
        self._connection = connection

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt, likeliest token first; see agents.ask.Odds for the contract.

        The seconds of a call are shared out evenly, so that usages add up to what was waited.
        """
        if not prompts:
            return ()
        client = self._connection.client  # before the clock starts: its import takes a second, once
        texts = [asked(prompt) for prompt in prompts]
        whole = Ask(self._connection, allowance.seconds, [text for prompt in texts for text in prompt])
        if (size := sum(map(guessed, prompts)) + len(prompts)) > allowance.tokens:
            told = f"{len(prompts)} prompts are about {size} tokens and {allowance.tokens} are left"
            raise whole.failed("out_of_budget", f"{self.name} was not asked: {told}")
        asks = [Ask(self._connection, allowance.seconds, text) for text in texts]
        try:
            answers = whole.wait(self._answered(client, whole, asks, prompts, tuple(tokens)))
            share = whole.spent / len(prompts)
            return tuple(self._first(ask, answer, share) for ask, answer in zip(asks, answers, strict=True))
        except Unanswered as unanswered:
            # All prompts that were sent cost, not only the one that failed.
            cost = sum((ask.cost for ask in asks), Usage())
            unanswered.usage = cost.model_copy(update={"seconds": whole.spent})
            raise

    async def _answered(
        self, client: "AsyncOpenAI", whole: Ask, asks: Sequence[Ask], prompts: Sequence[Sequence[Message]],
        tokens: tuple[str, ...],
    ) -> "list[ChatCompletion]":  # fmt: skip
        ids = await found(self._connection, client, tokens, whole.left)
        return await together(self._one(client, *pair, ids) for pair in zip(asks, prompts, strict=True))

    async def _one(
        self, client: "AsyncOpenAI", ask: Ask, prompt: Sequence[Message], ids: Sequence[int]
    ) -> "ChatCompletion":
        from openai.types.chat import ChatCompletion

        while True:  # every turn but the last takes a parameter away
            parameters, optional = self._parameters(ids)
            turns: Any = [{"role": m.author, "content": content(m)} for m in prompt]
            body = {"model": self._connection.endpoint.model, "messages": turns, **parameters}
            # Past the method that checks the arguments: with a token an answer, that is a good part of all our work.
            act = partial(client.post, "/chat/completions", cast_to=ChatCompletion, body=body)
            try:
                answer = await ask.answer(partial(_whole, act), optional | COUNTS)
                ask.counted = _counted(answer)
                return answer
            except Refused as refusal:
                if refusal.parameter in COUNTS:
                    self._countless(refusal.words)
                self._connection.refused.add(refusal.parameter)
            except Overlong as overlong:
                raise ask.failed("out_of_budget", f"{overlong}; {SHORTEN}") from None

    def _parameters(self, ids: Sequence[int]) -> tuple[dict[str, Any], frozenset[str]]:
        endpoint, refused = self._connection.endpoint, self._connection.refused
        wanted = effort(endpoint, "none")
        plain: dict[str, Any] = {"temperature": 0.0} if not hidden(endpoint) else {}
        if wanted.reasoning:
            plain["reasoning_effort"] = wanted.reasoning
        extra: dict[str, Any] = {}
        if wanted.template:
            extra["chat_template_kwargs"] = wanted.template
        if ids:
            extra["logprob_token_ids"] = list(ids)
        plain = {name: value for name, value in plain.items() if name not in refused}
        extra = {name: value for name, value in extra.items() if name not in refused}
        fixed = {"logprobs": True, "top_logprobs": TOP}
        fixed["max_completion_tokens" if hidden(endpoint) else "max_tokens"] = 1
        return plain | fixed | extra, frozenset(plain) | frozenset(extra)

    def _first(self, ask: Ask, answer: "ChatCompletion", seconds: float) -> First:
        logprobs = answer.choices[0].logprobs
        if logprobs is None and not self._connection.counted:
            self._countless("its answer holds no logprobs")
        if logprobs is None or not logprobs.content:
            raise ask.failed("malformed_answer", f"{self.name} gave an answer without token probabilities")
        self._connection.counted = True
        step = logprobs.content[0]
        listed = [(t.token, t.logprob) for t in step.top_logprobs]
        if (step.token, step.logprob) not in listed:
            listed.append((step.token, step.logprob))
        tokens = tuple(Token(text=text, logprob=logprob) for text, logprob in sorted(listed, key=lambda t: -t[1]))
        usage = ask.cost.model_copy(update={"seconds": seconds, "backends": (self.name,)})
        return First(tokens=tokens, usage=usage)

    def _countless(self, why: str) -> NoReturn:
        fix = "bind RANKER to a backend that does, such as vllm/MODEL"
        where = f"{self.name} at {self._connection.endpoint.place}"
        raise Countless(f"{where} offers no token probabilities ({why}); {fix}")


async def _whole(act: "partial[Any]") -> "ChatCompletion":
    answer: ChatCompletion = await act()
    if not answer.choices or answer.choices[0].message is None:
        raise ValueError("an answer without choices")
    return answer


def _counted(answer: "ChatCompletion") -> Usage:
    if answer.usage is None:
        return Usage(completion_tokens=1)
    details = answer.usage.prompt_tokens_details
    return Usage(
        prompt_tokens=answer.usage.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        completion_tokens=answer.usage.completion_tokens,
    )
