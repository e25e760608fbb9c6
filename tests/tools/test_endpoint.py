import pytest

from tools.endpoint import Endpoint


def test_a_backend_is_named_by_provider_and_model() -> None:
    assert Endpoint("vllm", "Qwen/Qwen3-8B").name == "vllm/Qwen/Qwen3-8B"


def test_neither_key_nor_password_is_shown() -> None:
    made = Endpoint("vllm", "m", "http://me:secret1@127.0.0.1:9/v1?token=secret2", "sk-secret3")
    for text in (repr(made), str(made), f"{[made]}", made.place):
        assert "secret" not in text
    assert repr(made) == "Endpoint('vllm/m' at 'http://127.0.0.1:9/v1')"


def test_a_provider_has_its_usual_place() -> None:
    assert Endpoint("vllm", "m").base == "http://127.0.0.1:8000/v1"
    assert Endpoint("openai", "m").base.startswith("https://")


@pytest.mark.parametrize("url", ["http://h:1/v1", "http://h:1/v1/", "http://h:1"])
def test_the_server_is_found_above_its_api(url: str) -> None:
    assert Endpoint("vllm", "m", url).root == "http://h:1"


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://h/v1", "http:///v1"])
def test_a_url_that_is_none_is_refused_with_the_setting_to_mend(url: str) -> None:
    with pytest.raises(ValueError, match="is no http URL; mend PRECEPT_VLLM_URL"):
        Endpoint("vllm", "m", url)


def test_limits_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="in_flight=0, attempts=4; give 1 or more"):
        Endpoint("vllm", "m", in_flight=0)
