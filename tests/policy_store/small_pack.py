"""A pack small enough to read, one of any size, and an encoder that needs no weights: a hashed bag of words."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy_store.pack import Dimension, Pack, Precedence, Profile, Rubric, Scene, Tier
from policy_store.rule import Band, Clause, Dsa, Example, Examples, Maps, Rule

WIDTH = 256


def bag_of_words(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors [n, 256]; texts that share words are near."""
    out = np.full((len(texts), WIDTH), 1e-3, np.float32)
    for row, text in zip(out, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            for place in hashlib.sha256(word.encode()).digest()[:4]:  # no two words share all four
                row[place] += 1.0
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def make_rule(rule_id: str, statement: str, violating: Sequence[str], **fields: Any) -> Rule:
    """Return a rule with one clause and one allowed example."""
    return Rule(
        id=rule_id,
        scene=fields.pop("scene", "VI"),
        type=fields.pop("type", "Type of " + rule_id),
        statement=statement,
        includes=(Clause(id=f"{rule_id}.a", text=fields.pop("clause", f"Clause that belongs to {rule_id}.")),),
        examples=Examples(
            violating=tuple(Example(id=f"{rule_id}.v{n}", text=text) for n, text in enumerate(violating, 1)),
            allowed=(Example(id=f"{rule_id}.n1", text=fields.pop("allowed", f"Harmless words about {rule_id}.")),),
        ),
        band=Band(low=10, high=90),
        maps=Maps(dsa=Dsa(category="STATEMENT_CATEGORY_VIOLENCE")),
        **fields,
    )


def make_pack(rules: Sequence[Rule], **fields: Any) -> Pack:
    """Return a pack around some rules."""
    return Pack(
        id="small",
        version="1.0.0",
        title="Small",
        scenes=(Scene(id="VI", name="Violence"), Scene(id="SC", name="Scams")),
        exceptions=(Clause(id="X-REPORT", text="News or research that reports on the matter."),),
        rules=tuple(rules),
        rubric=Rubric(dimensions=(Dimension(id="harm", name="Harm", weight=1.0, levels=("a", "b", "c", "d", "e")),)),
        tiers=(Tier(id="none", low=0, action="none"),),
        profiles=(Profile(id="adult", text="Adults.", off=("VI4",)), Profile(id="young", text="Under 13.")),
        **fields,
    )


def small_pack() -> Pack:
    """Return eleven rules: every status, a surface, a modality, a profile switch, a modifier and precedence."""
    return make_pack(
        (
            make_rule(
                "VI1",
                "Threatens a person with death or injury.",
                ("i will kill you tomorrow", "watch your back or we break your legs"),
                keywords=("kill you", "watch your back"),
                exceptions=(Clause(id="VI1-GAME", text="Boasting inside a video game match."),),
            ),
            make_rule(
                "VI2",
                "Tells a person to take their own life.",
                ("go and kill yourself", "nobody would miss you"),
                keywords=("kill yourself", "kys", "go die"),
            ),
            make_rule("VI3", "Plans an attack on a building or crowd.", ("the bomb goes off at the station at noon",)),
            make_rule("VI4", "Shows graphic wounds of animals.", ("the dog lay bleeding with open wounds",)),
            make_rule("VI5", "Praises a mass murderer by name.", ("that shooter is a hero",), status="shadow"),
            make_rule("VI6", "Praises knives and swords of any kind.", ("lovely sharp knives",), status="draft"),
            make_rule("VI7", "Mentions an old weapon of war.", ("that cannon is rusty",), status="retired"),
            make_rule("VI8", "The victim of the act is a child.", ("she is only nine years old",), raises=10),
            make_rule(
                "SC1",
                "Asks for passwords or card numbers.",
                ("send me your card number and the password",),
                scene="SC",
                keywords=("card number", "seed phrase"),
            ),
            make_rule(
                "SC2",
                "An advert promises guaranteed profit.",
                ("guaranteed profit of ten percent daily",),
                scene="SC",
                surfaces=("ad", "listing"),
                keywords=("guaranteed profit",),
            ),
            make_rule(
                "SC3", "A picture shows forged papers.", ("passport scan with a false name",), scene="SC",
                modalities=("image",),
            ),
        ),
        precedence=(
            Precedence(winner="VI2", losers=("VI1", "SC1"), why="A person is told to."),
            Precedence(winner="VI3", losers=("VI2", "VI6", "VI8"), why="A plan leads."),
        ),
    )  # fmt: skip


def wide_pack(rules: int) -> Pack:
    """Return a pack of that many rules, four entries each, every rule with a word of its own ("topic7")."""
    return make_pack(
        [
            make_rule(
                f"R{n}",
                f"Speaks about topic{n} in a forbidden way.",
                (f"topic{n} example words",),
                clause=f"Clause about topic{n}.",
                allowed=f"Harmless topic{n}.",
            )
            for n in range(rules)
        ]
    )
