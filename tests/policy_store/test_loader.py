"""From a folder to a pack: what is read, what is inherited, and that every fault is told at once."""

import random
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_store.fault import PackError
from policy_store.loader import load_pack, shipped_packs
from policy_store.source import read_source

EXTENSION = """\
id: corner-shop
version: 2.0.0
title: Corner shop
extends: ../shop
scenes:
  - {id: AD, name: Ads}
exceptions:
  - {id: X-FIGURE, text: A figure of speech in an ad.}
tiers:
  - {id: mid, low: 30, action: label}
  - {id: high, low: 60, action: remove}
profiles:
  - {id: R1, text: Under 12., off: [HR1]}
precedence:
  - {winner: HR1, losers: [HR2], why: The corner shop sees it the other way round.}
"""


def child(folder) -> Path:
    path = folder.path.parent / "corner-shop"
    (path / "rules").mkdir(parents=True)
    (path / "policy.yaml").write_text(EXTENSION)
    return path


def test_a_pack_is_read_from_its_folder(folder) -> None:
    pack = folder.load()
    assert (pack.id, pack.version, pack.default_profile) == ("shop", "1.0.0", "adult")
    assert [rule.id for rule in pack.rules] == ["HR1", "HR2"]
    assert pack.by_id["HR1"].band.high == 55
    assert [c.id for c in pack.exceptions_of(pack.by_id["HR2"])] == ["HR1-BANTER", "X-FIGURE"]


def test_a_folder_can_be_named_by_a_relative_text(folder) -> None:
    assert load_pack("shop").digest == load_pack(folder.path).digest


def test_inline_rules_come_first_then_files_by_name(folder) -> None:
    text = (folder.path / "rules/HR.yaml").read_text()
    one, two = text[: text.index("- id: HR2")], text[text.index("- id: HR2") :]
    folder.write("rules/HR.yaml", one)
    folder.write("rules/AA.yaml", one.replace("HR1", "HR7"))
    inline = "".join(f"  {line}\n" for line in two.splitlines())
    folder.write("policy.yaml", (folder.path / "policy.yaml").read_text() + "rules:\n" + inline)
    assert [rule.id for rule in folder.load().rules] == ["HR2", "HR7", "HR1"]


def test_an_unknown_pack_shows_the_nearest_and_the_known_ones() -> None:
    with pytest.raises(PackError) as raised:
        load_pack("comunity")
    assert str(raised.value) == (
        "comunity: no policy pack 'comunity'\n"
        f"    hint: did you mean 'community'? Shipped: {', '.join(shipped_packs())}."
        " Or name a folder that holds policy.yaml."
    )


def test_a_folder_without_a_head_is_no_pack(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text("id: x")
    with pytest.raises(PackError, match=r"the folder holds no policy.yaml\n    hint: rename policy.yml"):
        load_pack(tmp_path)


def test_an_extension_inherits_what_it_does_not_say(folder) -> None:
    pack = load_pack(child(folder))
    assert (pack.id, pack.title) == ("corner-shop", "Corner shop")
    assert [rule.id for rule in pack.rules] == ["HR1", "HR2"]
    assert pack.rubric.dimensions[0].id == "harm"
    assert [scene.id for scene in pack.scenes] == ["HR", "AD"]


def test_own_entries_win_in_the_place_of_the_inherited_ones(folder) -> None:
    pack = load_pack(child(folder))
    assert [(c.id, c.text) for c in pack.exceptions] == [
        ("X-REPORT", "News and research."), ("X-FIGURE", "A figure of speech in an ad."),
    ]  # fmt: skip
    assert [(t.id, t.low) for t in pack.tiers] == [("none", 0), ("mid", 30), ("high", 60)]
    assert [(p.id, p.off) for p in pack.profiles] == [("adult", ()), ("R1", ("HR1",))]
    assert [entry.winner for entry in pack.precedence] == ["HR1", "HR2"]


def test_an_own_rule_replaces_the_inherited_one(folder) -> None:
    path = child(folder)
    rule = read_source(folder.path / "rules/HR.yaml").data[0] | {"type": "Put-down"}
    (path / "rules/own.yaml").write_text(yaml.safe_dump([rule]))
    assert [(r.id, r.type) for r in load_pack(path).rules] == [("HR1", "Put-down"), ("HR2", "Threat")]


def test_an_extension_of_a_shipped_pack_has_its_rules(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("id: mine\nversion: 0.1.0\ntitle: Mine\nextends: community\n")
    assert load_pack(tmp_path).rules == load_pack("community").rules


def test_packs_that_extend_each_other_are_refused(folder) -> None:
    child(folder)
    folder.head("title: Shop policy", "title: Shop policy\nextends: ../corner-shop")
    complaint = folder.complaint()
    assert "packs extend each other in a circle: shop -> corner-shop -> shop" in complaint
    assert complaint.count("hint:") == 1


def test_an_unknown_base_is_shown_at_its_line(folder) -> None:
    folder.head("title: Shop policy", "title: Shop policy\nextends: comunity")
    complaint = folder.complaint()
    assert complaint.startswith("shop/policy.yaml:4:10: cannot extend 'comunity': there is no such pack")
    assert "did you mean 'community'?" in complaint


def test_faults_of_the_base_are_told_with_its_own_files(folder) -> None:
    path = child(folder)
    folder.rules("severity: 20", "severity: 99")
    with pytest.raises(PackError) as raised:
        load_pack(path)
    assert [fault.file for fault in raised.value.faults] == ["shop/rules/HR.yaml"]


def test_all_faults_of_all_files_come_at_once(folder) -> None:
    folder.head("off: []", "off: [HR9]")
    folder.rules("severity: 20", "severity: 99").rules("  scene: HR\n  type: Threat", "  scenes: HR\n  type: Threat")
    folder.edit("rubric.yaml", "weight: 1.0", "weight: 0")
    folder.write("rules/broken.yaml", "- {id: HR3\n")
    folder.write("rules/map.yaml", "HR4: {}\n").write("rules/empty.yaml", "# nothing yet\n")
    folder.write("rules/HR5.yml", "[]")
    with pytest.raises(PackError) as raised:
        folder.load()
    assert [(f.file, f.line, f.problem) for f in raised.value.faults] == [
        ("shop/rubric.yaml", 2, "'weight' must be more than 0, not 0"),
        ("shop/rules/HR.yaml", 12, "severity 99 of HR1.v1 lies outside the band 5-55 of HR1"),
        ("shop/rules/HR.yaml", 21, "HR2 has no 'scene'"),
        ("shop/rules/HR.yaml", 22, "unknown field 'scenes'"),
        ("shop/rules/HR5.yml", 0, "the file is not read: its name ends in .yml"),
        ("shop/rules/broken.yaml", 1, raised.value.faults[5].problem),
        ("shop/rules/empty.yaml", 1, "a file of rules is empty"),
        ("shop/rules/map.yaml", 1, "a file of rules is no list"),
    ]


def test_a_fault_carries_where_it_stands_and_the_value(folder) -> None:
    folder.rules("severity: 20", "severity: 99")
    with pytest.raises(PackError) as raised:
        folder.load()
    (fault,) = raised.value.faults
    assert (fault.where, fault.value) == ("HR1 > examples > violating > HR1.v1 > severity", "99")


def test_an_empty_head_is_refused(folder) -> None:
    folder.write("policy.yaml", "# later\n")
    assert "shop/policy.yaml:1:1: the file is empty; the pack has no head" in folder.complaint()


def shuffled(value: object, chance: random.Random) -> object:
    """Return plain data with the fields of every mapping in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], chance) for key in chance.sample(list(value), len(value))}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def rewritten(folder: Path, into: Path, chance: random.Random, change=lambda name, data: data) -> Path:
    """Write a pack again with other key order, line width, flow style and comments."""
    for path in sorted(folder.rglob("*.yaml")):
        name = str(path.relative_to(folder))
        data = shuffled(change(name, read_source(path).data), chance)
        style, width = chance.choice([None, False, True]), chance.choice([20, 80, 1000])
        text = yaml.safe_dump(
            data, sort_keys=False, default_flow_style=style, width=width, indent=chance.choice([2, 4])
        )
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(f"# {chance.random()}\n\n{text}# the end\n", encoding="utf-8")
    return into


@settings(max_examples=25, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_the_order_of_fields_layout_and_comments_leave_the_digest_alone(sound_pack: Path, chance) -> None:
    with tempfile.TemporaryDirectory() as other:
        assert load_pack(rewritten(sound_pack, Path(other), chance)).digest == load_pack(sound_pack).digest


@settings(max_examples=25, deadline=None)
@given(
    place=st.sampled_from([(0, "includes", 0), (0, "includes", 1), (0, "exceptions", 0), (1, "includes", 0)]),
    words=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20),
    chance=st.randoms(use_true_random=False),
)
def test_any_change_of_a_clause_changes_the_digest(sound_pack: Path, place, words: str, chance) -> None:
    def reword(name: str, data):
        if name == "rules/HR.yaml":
            rule, field, i = place
            data[rule][field][i]["text"] += words
        return data

    with tempfile.TemporaryDirectory() as other:
        assert load_pack(rewritten(sound_pack, Path(other), chance, reword)).digest != load_pack(sound_pack).digest


@pytest.fixture(scope="module")
def sound_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of the `folder` fixture, written once for all examples of a property."""
    path = tmp_path_factory.mktemp("sound")
    (path / "rules").mkdir()
    for name, text in texts().items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def texts() -> dict[str, str]:
    rules = []
    for number in (1, 2):
        rule_id = f"HR{number}"
        rules.append(
            {
                "id": rule_id, "scene": "HR", "type": "Insult", "statement": "Insults or humiliates a person.",
                "includes": [{"id": f"{rule_id}.a", "text": "Calling a person stupid: openly."},
                             {"id": f"{rule_id}.b", "text": "Mocking the looks of a person # of all people."}],
                "exceptions": [{"id": f"{rule_id}-BANTER", "text": "Clearly mutual banter, e.g. 'you clown'."}],
                "examples": {"violating": [{"id": f"{rule_id}.v1", "text": "You clown 🤡\nyes you", "severity": 20}],
                             "allowed": [{"id": f"{rule_id}.n1", "text": "no", "exception": f"{rule_id}-BANTER"}]},
                "band": {"low": 5, "high": 55}, "priors": {"harm": 1}, "keywords": ["off", "useless clown"],
                "maps": {"dsa": {"category": "STATEMENT_CATEGORY_CYBER_VIOLENCE"}},
            }
        )  # fmt: skip
    head = {
        "id": "shop", "version": "1.0.0", "title": "Shop", "scenes": [{"id": "HR", "name": "Harassment"}],
        "tiers": [{"id": "none", "low": 0, "action": "none"}],
        "profiles": [{"id": "adult", "text": "Adults.", "off": ["HR2"]}],
    }  # fmt: skip
    rubric = {"dimensions": [{"id": "harm", "name": "Harm", "weight": 1.5, "levels": ["a", "b", "c", "d", "e"]}]}
    data = {"policy.yaml": head, "rules/HR.yaml": rules, "rubric.yaml": rubric}
    return {name: yaml.safe_dump(value) for name, value in data.items()}
