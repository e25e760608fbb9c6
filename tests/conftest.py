"""The flag for tests that talk to a real model server: they cost minutes and gigabytes, so they run when asked for."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vllm", action="store_true", help="run the tests that need a real vLLM on the CPU; install it once"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--vllm"):
        return
    why = pytest.mark.skip(reason="needs a real vLLM; run `pytest --vllm`, which installs it on the CPU once (minutes)")
    for item in items:
        if item.get_closest_marker("vllm"):
            item.add_marker(why)
