"""Public sets as their authors publish them, turned into lines of one form (evals/sets.py reads them).

A line is {"id", "text", "labels", "violation", "rationale_spans", "split"}. A converter takes the bytes of one file.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

Line = dict[str, Any]
Convert = Callable[[bytes, str], Iterator[Line]]
CATEGORIES = {
    "S": "sexual", "H": "hate", "V": "violence", "HR": "harassment", "SH": "self-harm", "S3": "sexual/minors",
    "H2": "hate/threatening", "V2": "violence/graphic",
}  # fmt: skip


def hatecheck(raw: bytes, split: str) -> Iterator[Line]:
    """Yield the functional tests of HateCheck (Röttger et al., ACL 2021); a violation is what is labelled hateful."""
    for row in _table(raw):
        labels: Line = {k: row[k] for k in ("label_gold", "functionality", "target_ident", "direction") if k in row}
        hateful = row["label_gold"] == "hateful"
        yield _line("hatecheck", row["case_id"], row["test_case"], labels, hateful, split)


def edos_sexism(raw: bytes, split: str) -> Iterator[Line]:
    """Yield the posts of EDOS (Kirk et al., SemEval 2023 task 10); the file names the split of each."""
    for row in _table(raw):
        labels: Line = {k: row[k] for k in ("label_sexist", "label_category", "label_vector") if k in row}
        sexist = row["label_sexist"] == "sexist"
        yield _line("edos_sexism", row["rewire_id"], row["text"], labels, sexist, row["split"])


def toxic_spans_semeval2021(raw: bytes, split: str) -> Iterator[Line]:
    """Yield the posts of Toxic Spans (Pavlopoulos et al., SemEval 2021 task 5): offsets become [start, end) runs."""
    for number, row in enumerate(_table(raw)):
        offsets = sorted({int(n) for n in json.loads(row["spans"])})
        line = _line("toxic_spans_semeval2021", f"{split}-{number}", row["text"], {}, True, split)
        yield line | {"rationale_spans": runs(offsets)}


def openai_moderation(raw: bytes, split: str) -> Iterator[Line]:
    """Yield the samples of Markov et al. (AAAI 2023); those about minors (S3) are left out, as in our copy."""
    for number, told in enumerate(gzip.decompress(raw).decode("utf-8").splitlines()):
        row = json.loads(told)
        if row.get("S3"):
            continue
        labels = {name: row[key] for key, name in CATEGORIES.items() if row.get(key) is not None}
        yield _line("openai_moderation", number, row["prompt"], labels, any(labels.values()), split)


def cyberseceval_frr(raw: bytes, split: str) -> Iterator[Line]:
    """Yield the benign requests of CyberSecEval 2 that look malicious (Bhatt et al., 2024)."""
    for number, row in enumerate(json.loads(raw)):
        labels = {k: row[k] for k in ("is_malicious", "attack_type") if k in row}
        text = row.get("mutated_prompt") or row["base_prompt"]
        yield _line("cyberseceval_frr", number, text, labels, bool(row.get("is_malicious")), split)


CONVERTERS: dict[str, Convert] = {
    f.__name__: f for f in (hatecheck, edos_sexism, toxic_spans_semeval2021, openai_moderation, cyberseceval_frr)
}


def runs(offsets: list[int]) -> list[list[int]]:
    """Return runs [start, end) of rising character offsets.

    >>> runs([3, 4, 5, 9])
    [[3, 6], [9, 10]]
    """
    out: list[list[int]] = []
    for n in offsets:
        if out and out[-1][1] == n:
            out[-1][1] = n + 1
        else:
            out.append([n, n + 1])
    return out


def _table(raw: bytes) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))


def _line(name: str, key: object, text: str, labels: Line, violation: bool, split: str) -> Line:
    return {
        "id": f"{name}:{key}", "text": text, "labels": labels, "violation": violation, "rationale_spans": None,
        "split": split,
    }  # fmt: skip
