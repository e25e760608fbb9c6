from pathlib import Path

import pytest

from graphs.published import in_force, keep, load_live, located, put_in_force, versions
from graphs.settings import Settings, SettingsError
from policy_store.loader import SHELF, load_pack
from policy_store.pack import Pack


def files(version: str) -> dict[str, str]:
    folder = SHELF / "community"
    found = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.yaml")}
    found["policy.yaml"] = found["policy.yaml"].replace("version: 1.0.0", f"version: {version}")
    return found


def published(home: Path, version: str) -> Pack:
    pack = load_pack("community").model_copy(update={"version": version})
    keep(home, Pack.model_validate(pack.model_dump()), files(version))
    return pack


def test_a_policy_is_the_shipped_one_until_a_version_is_put_in_force(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert load_live(settings).version == "1.0.0"
    published(tmp_path, "1.1.0")
    assert load_live(settings).version == "1.0.0"
    put_in_force(tmp_path, "community", "1.1.0")
    assert load_live(settings).version == "1.1.0"
    put_in_force(tmp_path, "community", "shipped")
    assert (load_live(settings).version, in_force(tmp_path)) == ("1.0.0", {})


def test_a_version_can_be_named_and_the_shipped_one_stays_within_reach(tmp_path: Path) -> None:
    published(tmp_path, "1.1.0")
    published(tmp_path, "1.2.0")
    put_in_force(tmp_path, "community", "1.2.0")
    assert versions(tmp_path, "community") == ("1.1.0", "1.2.0")
    assert load_pack(located(tmp_path, "community@1.1.0")).version == "1.1.0"
    assert load_pack(located(tmp_path, "community@shipped")).version == "1.0.0"
    assert located(tmp_path, "some/folder@home") == "some/folder@home"


def test_a_version_is_never_written_over(tmp_path: Path) -> None:
    pack = published(tmp_path, "1.1.0")
    assert keep(tmp_path, load_pack(located(tmp_path, "community@1.1.0")), files("1.1.0")).name == "1.1.0"
    other = pack.model_copy(update={"title": "Another"})
    with pytest.raises(SettingsError, match="was published with another text; raise `version:`"):
        keep(tmp_path, Pack.model_validate(other.model_dump()), files("1.1.0"))


@pytest.mark.parametrize("version", ["../../outside", "", ".hidden", "1/2"])
def test_a_version_that_is_no_name_of_a_folder_is_refused(tmp_path: Path, version: str) -> None:
    pack = load_pack("community").model_copy(update={"version": version})
    with pytest.raises(SettingsError, match="digits, letters, dots and dashes"):
        keep(tmp_path, pack, {})
    with pytest.raises(SettingsError, match="no such version"):
        put_in_force(tmp_path, "community", version)


def test_a_version_that_is_gone_and_a_broken_pointer_are_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such version here"):
        located(tmp_path, "community@9.9.9")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "live.json").write_text("[1")
    with pytest.raises(SettingsError, match="publish a version again"):
        load_live(Settings(home=tmp_path))
