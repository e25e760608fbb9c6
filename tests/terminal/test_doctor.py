import json
from pathlib import Path

from terminal.doctor import EXTRAS
from tests.terminal.commands import Invoke


def looks(stdout: str) -> dict[str, dict[str, str]]:
    return {look["what"]: look for look in json.loads(stdout)["looks"]}


def test_a_sound_home_is_found_sound(precept: Invoke) -> None:
    done = precept("doctor", "--json")
    found = looks(done.stdout)
    assert done.exit_code == 0 and json.loads(done.stdout)["sound"] is True
    assert {"home", "disk", "ledger", "cache", "policy", "model", "encoder", "index", "roles"} <= set(found)
    assert {f"extra {extra}" for extra in EXTRAS} <= set(found)
    assert "entries" in found["index"]["told"] and found["index"]["state"] == "ok"
    assert "texts a second" in found["encoder"]["told"]


def test_an_empty_home_is_no_fault_and_missing_extras_name_their_command(precept: Invoke, tmp_path: Path) -> None:
    done = precept("--home", tmp_path / "new", "doctor", "--json")
    found = looks(done.stdout)
    assert done.exit_code == 0 and found["index"]["state"] == "note"
    assert all(look["state"] == "ok" or "precept[" in look["told"] for name, look in found.items() if "extra" in name)


def test_what_is_broken_is_named_and_the_rest_is_still_looked_at(precept: Invoke, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    done = precept("--home", blocked, "doctor", "--policy", "comunity")
    assert done.exit_code == 1
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line[:4].strip() in ("ok", "note", "bad")}
    assert lines["home"].startswith("bad") and lines["policy"].startswith("bad") and lines["model"].startswith("ok")
    assert "did you mean 'community'?" in done.stdout
