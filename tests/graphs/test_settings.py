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


def test_a_role_names_its_backends_in_the_order_in_which_they_are_tried() -> None:
    settings = read_settings({"REASONER": "vllm/Qwen/Qwen3-8B, openai/gpt-5-mini,embedded"})
    assert [b.name for b in settings.bound("reasoner")] == ["vllm/Qwen/Qwen3-8B", "openai/gpt-5-mini", "embedded"]
    assert not settings.bare and settings.embedded.bare


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("gpt-5", r"RANKER='gpt-5': no backend 'gpt-5'; write embedded, vllm/MODEL"),
        ("vllm/", r"RANKER='vllm/' names no model; write vllm/MODEL"),
        ("embedded,vllm/a", r"embedded never fails.*put it last"),
        ("vllm/a,vllm/a", r"names a backend twice"),
        ("qwen3guard@embedded", r"embedded takes no adapter"),
        ("", r"no backend ''"),
    ],
)
def test_a_role_that_cannot_be_read_is_told_with_what_would_be_right(role: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings({"RANKER": role})


def test_a_guard_ranks_and_does_not_criticise() -> None:
    assert read_settings({"RANKER": "llama-guard@vllm/my/model"}).bound("ranker")[0].adapter == "llama-guard"
    with pytest.raises(SettingsError, match="only the ranker takes a guard"):
        read_settings({"CRITIC": "llama-guard@vllm/my/model"})


def test_a_backend_is_said_to_see_by_the_operator_and_keeps_its_name() -> None:
    seer, blind = read_settings({"REASONER": "vllm+vision/Qwen/Qwen3-VL-8B, openai/gpt-5-mini"}).bound("reasoner")
    assert (seer.sees, seer.name, seer.written) == (True, "vllm/Qwen/Qwen3-VL-8B", "vllm+vision/Qwen/Qwen3-VL-8B")
    assert (blind.sees, blind.written) == (False, "openai/gpt-5-mini")
    for role, told in (
        ("vllm+ears/m", r"no ability '\+ears'; write vllm\+vision/MODEL"),
        ("vllm+vision/", r"names no model; write vllm\+vision/MODEL"),
        ("vllm+vision/m,vllm/m", "names a backend twice"),
        ("llama-guard@vllm+vision/m", "has no place for pictures"),
        ("embedded+vision/m", "no backend 'embedded'"),
    ):
        with pytest.raises(SettingsError, match=told):
            read_settings({"RANKER": role})


def test_keys_are_read_and_never_shown() -> None:
    settings = read_settings({"OPENAI_API_KEY": "sk-secret", "PRECEPT_VLLM_KEY": "other-secret"})
    assert settings.openai_key and settings.openai_key.get_secret_value() == "sk-secret"
    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(SettingsError) as error:
        read_settings({"PRECEPT_VLLM_URL": "nowhere", "PRECEPT_VLLM_KEY": "other-secret"})
    assert "PRECEPT_VLLM_URL='nowhere'" in str(error.value) and "other-secret" not in str(error.value)


def test_files_are_looked_at_as_the_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"MEDIA_ROOT": "files", "FRAMES": "8", "FRAME_BINS": "3", "FRAME_TOP": "0", "OCR": "tesseract",
             "SCORER": "clip/models/clip", "SPEECH": "faster-whisper/tiny", "MEDIA_SECONDS": "20"}  # fmt: skip
    settings = read_settings({f"PRECEPT_{name}": value for name, value in given.items()})
    assert settings.media_root == tmp_path / "files"
    assert (settings.frames, settings.frame_bins, settings.frame_top, settings.ocr) == (8, 3, 0, "tesseract")
    for name, value in (
        ("FRAMES", "0"),
        ("SCORER", "clip"),
        ("SPEECH", "whisper"),
        ("OCR", "eyes"),
        ("FRAME_BINS", "0"),
    ):
        with pytest.raises(SettingsError, match=f"PRECEPT_{name}='{value}'"):
            read_settings({f"PRECEPT_{name}": value})
