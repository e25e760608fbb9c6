"""A small pack in a folder of its own, for tests that break or change it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from policy_store.fault import PackError
from policy_store.loader import load_pack
from policy_store.pack import Pack

POLICY = """\
id: shop
version: 1.0.0
title: Shop policy
scenes:
  - {id: HR, name: Harassment}
exceptions:
  - {id: X-REPORT, text: News and research.}
  - {id: X-FIGURE, text: A figure of speech.}
tiers:
  - {id: none, low: 0, action: none}
  - {id: high, low: 50, action: remove}
profiles:
  - {id: adult, text: General audience., off: []}
  - {id: R1, text: Under 13.}
precedence:
  - {winner: HR2, losers: [HR1], why: A threat is worse than an insult.}
"""

RULES = """\
- id: HR1
  scene: HR
  type: Insult
  statement: Insults or humiliates a person.
  includes:
    - {id: HR1.a, text: Calling a person stupid or worthless.}
    - {id: HR1.b, text: Mocking the looks of a person.}
  exceptions:
    - {id: HR1-BANTER, text: Clearly mutual banter.}
  examples:
    violating:
      - {id: HR1.v1, text: You are a useless clown, severity: 20}
    allowed:
      - {id: HR1.n1, text: you clown I love you, exception: HR1-BANTER}
  band: {low: 5, high: 55}
  priors: {harm: 1}
  keywords: [useless clown]
  maps:
    openai: [harassment]
    dsa: {category: STATEMENT_CATEGORY_CYBER_VIOLENCE}
- id: HR2
  scene: HR
  type: Threat
  statement: Threatens a person with harm.
  includes:
    - {id: HR2.a, text: Saying that a person will be hurt.}
  borrows: [HR1-BANTER]
  common: [X-FIGURE]
  examples:
    violating:
      - {id: HR2.v1, text: I will hurt you, severity: 80, golden: true}
    allowed:
      - {id: HR2.n1, text: my mum will kill me, exception: X-FIGURE}
  band: {low: 60, high: 100}
  priors: {harm: 4}
  keywords: [will hurt you]
  maps:
    openai: [harassment/threatening]
    mlcommons: [vcr]
    dsa: {category: STATEMENT_CATEGORY_CYBER_VIOLENCE}
"""

RUBRIC = """\
dimensions:
  - {id: harm, name: Harm, weight: 1.0, levels: [nothing, a nuisance, distress, injury, death]}
"""


@dataclass
class Folder:
    """A pack on disk that a test edits."""

    path: Path

    def write(self, name: str, text: str) -> "Folder":
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")
        return self

    def edit(self, name: str, old: str, new: str) -> "Folder":
        text = (self.path / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        return self.write(name, text.replace(old, new))

    def head(self, old: str, new: str) -> "Folder":
        return self.edit("policy.yaml", old, new)

    def rules(self, old: str, new: str) -> "Folder":
        return self.edit("rules/HR.yaml", old, new)

    def load(self) -> Pack:
        return load_pack(self.path)

    def complaint(self) -> str:
        with pytest.raises(PackError) as raised:
            self.load()
        return str(raised.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A sound pack in `shop/` under the working folder, so that messages show short paths."""
    monkeypatch.chdir(tmp_path)
    shop = Folder(tmp_path / "shop")
    return shop.write("policy.yaml", POLICY).write("rules/HR.yaml", RULES).write("rubric.yaml", RUBRIC)
