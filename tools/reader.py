"""The embedded cross-encoder: reads a text together with the words of a rule. Not a judge.

Its lower layers are the bi-encoder's (decision 0010): a rule's states are computed once and kept, a text's once for
all rules that it meets, and a further pair costs about half an encoding. One pair a run, as for the encoder: what is
said of a pair depends on that pair alone (decision 0002).
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.encoder import OnnxEncoder, States, Work
from tools.session import WeightsError, digest, opened

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).parent / "weights" / "cross-encoder.onnx"
MAX_TEXT_TOKENS, MAX_LAW_TOKENS = 256, 128
KEPT_LAWS, KEPT_TEXTS, KEPT_ANSWERS = 512, 128, 4096  # 0.6, 0.4 and 0.01 MB each at most


class Answer(NamedTuple):
    """What is said of one (text, law): log-odds of a violation, severity in [0, 1], (start, end, share) by token."""

    hit: float
    severity: float
    marks: tuple[tuple[int, int, float], ...]


class OnnxReader:
    """Read texts with laws on the CPU with the shipped weights, on the threads of the encoder that it stands on."""

    def __init__(self, encoder: OnnxEncoder, model: Path = WEIGHTS) -> None:
        self.encoder, self.model = encoder, model
        if not model.is_file():
            raise FileNotFoundError(f"{model}: reader weights are missing; reinstall precept or export them again")
        self.pairs = 0
        # Half of one text for a text's lower layers or a pair, all of one for a law.
        self._work = Work()
        self._laws: OrderedDict[str, States] = OrderedDict()
        self._texts: OrderedDict[str, States] = OrderedDict()
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self._lock = Lock()

    @property
    def cost(self) -> float:
        """Return what the calling thread had read, in texts encoded."""
        return self._work.done

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the weights file."""
        return digest(self.model)

    @cached_property
    def session(self) -> "InferenceSession":
        """Return the ONNX session, built on first use; raise WeightsError where it was made for another encoder."""
        session = opened(self.model)
        made_for = session.get_modelmeta().custom_metadata_map.get("lower")
        if made_for != self.encoder.lower_digest:
            raise WeightsError(
                f"{self.model}: made for other lower layers than those of {self.encoder.model}; export both again"
            )
        return session

    def read(self, text: str, laws: Sequence[str]) -> list[Answer]:
        """Return the answers to a text and each of some laws, in their order."""
        _ = self.session
        with self._lock:  # graphs may run in threads, and what is kept is shared
            return self._read(text, laws)

    def _read(self, text: str, laws: Sequence[str]) -> list[Answer]:
        wanted = [law for law in dict.fromkeys(laws) if (text, law) not in self._answers]
        if wanted:
            case = _kept(self._texts, text, KEPT_TEXTS, self._case)
            ruled = [_kept(self._laws, law, KEPT_LAWS, self._law) for law in wanted]
            found = list(self.encoder.pool.map(lambda law: self._answer(case, law), ruled))
            self._answers.update(((text, law), answer) for law, answer in zip(wanted, found, strict=True))
            self.pairs += len(wanted)
            self._work.done += 0.5 * len(wanted)
        out = [self._answers[(text, law)] for law in laws]
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)
        return out

    def _case(self, text: str) -> States:
        self._work.done += 0.5
        return self.encoder.lower(text, MAX_TEXT_TOKENS)

    def _law(self, text: str) -> States:
        self._work.done += 1.0
        return self.encoder.upper(text, MAX_LAW_TOKENS)

    def _answer(self, case: States, law: States) -> Answer:
        hit, severity, evidence = self.session.run(
            ["hit", "severity", "evidence"], {"case": case.values[None], "law": law.values[None]}
        )
        shares = _sigmoid(evidence[0])
        marks = tuple(
            (start, end, float(share)) for (start, end), share in zip(case.offsets, shares, strict=True) if end > start
        )
        return Answer(float(hit[0]), float(_sigmoid(severity)[0]), marks)


def _kept(store: OrderedDict[str, States], text: str, most: int, made: Callable[[str], States]) -> States:
    if text not in store:
        store[text] = made(text)
        while len(store) > most:
            store.popitem(last=False)
    store.move_to_end(text)
    return store[text]


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, np.float64))))
