"""A small invented folder of sets: harmless words alone, shaped as the authored and the public sets are."""

import gzip
import json
from pathlib import Path

from evals.sets import Sets

THREAT = "I know where you live, Tom, and tonight I will break your legs."
CAKE = "Four eggs, some flour, and forty minutes in the oven make a fine cake."
# Rows that cuts are chosen on.
OTHERS = {"edos_sexism": ("dev",), "toxic_spans_semeval2021": ("trial",)}
RULE = "No selling of bicycles. Any offer of a bicycle for money is removed."


def line(number: int, label: str, text: str, rule: str | None, **more: object) -> dict[str, object]:
    sev = 70 + number % 7 if label == "violating" else 0
    return {"id": f"s-{number:03}", "label": label, "text": text, "rule": rule, "sev": sev, "surface": "post",
            "evidence": ["break your legs"] if text.startswith(THREAT) else [], **more}  # fmt: skip


def authored(count: int = 12, start: int = 0) -> list[dict[str, object]]:
    found = []
    for n in range(start, start + count):
        threat = n % 2 == 0
        rule = "HR2" if threat or n % 3 == 0 else None
        text = f"{THREAT if threat else CAKE} Number {n}."
        found.append(line(n, "violating" if threat else "allowed", text, rule))
    return found


def public(name: str, count: int = 8) -> list[dict[str, object]]:
    return [
        {"id": f"{name}:{split}-{n}", "text": THREAT if n % 2 else CAKE, "violation": bool(n % 2), "split": split,
         "labels": {"functionality": f"kind_{n % 3}"}, "rationale_spans": [[3, 12]] if n % 2 else []}
        for split in ("test", *OTHERS.get(name, ()))
        for n in range(count)
    ]  # fmt: skip


def custom(families: int) -> list[dict[str, object]]:
    found = []
    for family in range(families):
        for group, wrong in ((f"r{family:02}-1a", "violating"), (f"r{family:02}-1b", "allowed")):
            for n, text in enumerate(("Bicycle for sale, 40 pounds.", "Who wants to walk in the park?")):
                label = wrong if n == 0 else "allowed"
                found.append({"id": f"{group}-{n}", "group": group, "rule_text": RULE, "text": text, "label": label,
                              "sev": 20})  # fmt: skip
    return found


def write(folder: Path, families: int = 1) -> Path:
    """Write every set that suites read; return the folder. Of many families of custom rules training leaves some out."""
    (folder / "authored").mkdir(parents=True)
    sets = {"dev_other_author": authored(), "illicit": authored(6, 100), "clean_stream": authored(6, 200)}
    sets |= {"custom_rules_products": custom(families), "custom_rules_communities": []}
    for name in ("adult_regulated_misinfo", "harassment_threats", "hate_extremism", "long_hate_harassment_violence",
                 "long_illicit_scams_ads", "long_selfharm_adult_regulated_misinfo", "scams_ads",
                 "selfharm_gore_stunts", "short_adult_illicit_scams_ads",
                 "short_hate_harassment_violence_selfharm"):  # fmt: skip
        sets[name] = []
    for name, rows in sets.items():
        body = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "authored" / f"{name}.jsonl").write_text(body, encoding="utf-8")
    for name in ("openai_moderation", "hatecheck", "edos_sexism", "toxic_spans_semeval2021", "cyberseceval_frr"):
        body = "".join(json.dumps(row) + "\n" for row in public(name))
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(body.encode()))
    return folder


def everything_held(folder: Path) -> Sets:
    """Return the sets of a folder as if training had seen none of them."""
    ids = {json.loads(raw)["id"] for p in (folder / "authored").glob("*.jsonl") for raw in p.read_text().splitlines()}
    return Sets(folder, lambda _: ids)
