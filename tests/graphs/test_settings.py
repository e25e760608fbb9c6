"""Settings come from the environment, and a bad one is named with its value and the fix."""

from pathlib import Path

import pytest

from graphs.settings import SettingsError, read_settings


def test_the_default_is_embedded_and_under_the_home_of_the_user() -> None:
    settings = read_settings({})
    assert (settings.ranker, settings.policy, settings.audit_rate) == ("embedded", "community", 0.005)
    assert settings.home == Path.home() / ".precept"
    assert settings.ledger_url == str(settings.home / "ledger.db")


def test_variables_set_what_they_name(tmp_path: Path) -> None:
    settings = read_settings({"PRECEPT_HOME": str(tmp_path), "PRECEPT_ASSEMBLY": "union", "RANKER": "embedded"})
    assert (settings.home, settings.assembly) == (tmp_path, "union")


def test_a_bad_value_is_named_with_the_variable_and_the_fix() -> None:
    with pytest.raises(SettingsError, match=r"PRECEPT_AUDIT_RATE='2'.*unset it"):
        read_settings({"PRECEPT_AUDIT_RATE": "2"})


def test_a_backend_that_is_not_here_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"REASONER='vllm/some-model'.*embedded"):
        read_settings({"REASONER": "vllm/some-model"})
