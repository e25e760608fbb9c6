"""The graph on a LangGraph server whose roles are language models: how many cases are in work at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from graphs import served  # noqa: E402
from tests.tools.fault_server import KEY, MODEL, Fault, FaultServer, Say  # noqa: E402

PLACES = 3
SURE = Say({"content": "Yes"}, first=-0.001)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    served._opened.cache_clear()
    yield
    served._opened.cache_clear()


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A server that plays the ranker of the graph, which has PLACES for cases."""
    with FaultServer() as opened:
        for name, value in {
            "PRECEPT_HOME": str(home), "RANKER": f"vllm/{MODEL}", "PRECEPT_VLLM_URL": opened.url,
            "PRECEPT_VLLM_KEY": KEY, "PRECEPT_IN_FLIGHT": str(PLACES),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        opened.speak = lambda body: SURE
        yield opened


def decided(numbers: range) -> dict[str, str]:
    """Return the outcome of cases that are sent at once, each in a thread."""
    graph = served.make_graph({})
    lines = [{"id": f"c{n}", "text": f"I know your bus, Dana, and I wait at stop {n}."} for n in numbers]
    with ThreadPoolExecutor(len(lines)) as pool:
        found = list(pool.map(lambda line: graph.invoke({"case": line})["decision"], lines))
    return {decision["case_id"]: decision["outcome"] for decision in found}


def stop(body: dict[str, Any]) -> str:
    """Return which case a request is about."""
    return str(body["messages"][-1]["content"]).partition("I wait at stop ")[2][:1]


def test_as_many_cases_as_there_are_places_are_in_work_at_once(server: FaultServer) -> None:
    met, lock = Barrier(PLACES, timeout=20), Lock()
    asked: set[str] = set()

    def speak(body: dict[str, Any]) -> Fault:
        with lock:
            first = stop(body) not in asked
            asked.add(stop(body))
        if first:
            met.wait()
        return SURE

    server.speak = speak
    found = decided(range(PLACES))
    assert set(found) == {"c0", "c1", "c2"} and "allow" not in found.values()
    assert asked == {"0", "1", "2"} and not met.broken


def test_a_case_beyond_the_places_waits_for_one(server: FaultServer) -> None:
    places = served.counter().places
    for _ in range(PLACES):
        assert places.acquire(blocking=False)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(decided, range(1))
        assert not server.reached.wait(0.5)
        places.release()
        assert waiting.result(30) == {"c0": "act"} and server.reached.is_set()
    for _ in range(PLACES - 1):
        places.release()


def test_embedded_roles_have_one_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECEPT_HOME", str(home))
    places = served.counter().places
    assert places.acquire(blocking=False) and not places.acquire(blocking=False)
