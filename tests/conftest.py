"""The flags for tests that cost minutes: they run when asked for, as `.ci/run` does."""

import pytest

from tests.postgres import database, own_postgres, postgres

FLAGS = {
    "vllm": "needs a real vLLM; run `pytest --vllm`, which installs it on the CPU once (minutes)",
    "slow": "takes long; run `pytest --slow`",
    "chromium": "needs a browser; run `pytest --chromium tests/browser` with precept[browser] and Debian's chromium",
    "postgres": "needs a server of PostgreSQL; run `pytest --postgres` with precept[postgres] and Debian's postgresql",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vllm", action="store_true", help="run the tests that need a real vLLM on the CPU; install it once"
    )
    parser.addoption("--chromium", action="store_true", help="run the tests of the console in a real Chromium")
    parser.addoption(
        "--postgres", action="store_true",
        help="run the tests on PostgreSQL, on a server of their own; the tests of the web are all run on it, too",
    )  # fmt: skip
    parser.addoption("--slow", action="store_true", help="run the tests that take more than a few seconds each, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for flag, reason in FLAGS.items():
        if config.getoption(f"--{flag}"):
            continue
        for item in items:
            if item.get_closest_marker(flag):
                item.add_marker(pytest.mark.skip(reason=reason))


__all__ = ["database", "own_postgres", "postgres"]
