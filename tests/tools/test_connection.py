import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tools.served import AMPLE, TURNS
from tools.chat import ServedChat
from tools.connection import Connection, MissingLibrary
from tools.endpoint import Endpoint
from tools.loop import Loop
from tools.thought import thinking_model

ROOT = Path(__file__).parents[2]
SERVED = Endpoint("vllm", "m", "http://127.0.0.1:9/v1", "sk-secret")


def test_all_threads_get_one_client_that_tries_once() -> None:
    connection = Connection(SERVED, loop=Loop())
    with ThreadPoolExecutor(16) as threads:
        clients = list(threads.map(lambda _: connection.client, range(64)))
    assert len(set(map(id, clients))) == 1
    assert clients[0].max_retries == 0
    connection.close()


def test_a_closed_connection_takes_no_more_asks() -> None:
    connection = Connection(SERVED, loop=Loop())
    connection.close()
    connection.close()
    with pytest.raises(RuntimeError, match="the connection of vllm/m is closed; open a new one"):
        ServedChat(connection)(TURNS, AMPLE)


def test_a_key_is_not_shown() -> None:
    assert repr(Connection(SERVED)) == "Connection(Endpoint('vllm/m' at 'http://127.0.0.1:9/v1'))"


@pytest.mark.parametrize(("module", "named"), [("openai", "openai"), ("langchain_openai", "langchain-openai")])
def test_a_missing_library_is_told_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, module: str, named: str
) -> None:
    thinking_model.cache_clear()  # an earlier test may have found the library
    monkeypatch.setitem(sys.modules, module, None)
    connection = Connection(SERVED, loop=Loop())
    with pytest.raises(MissingLibrary, match=rf"^{named} is not installed, .* pip install 'precept\[models\]'$"):
        ServedChat(connection)(TURNS, AMPLE)


def test_clients_of_served_models_are_imported_with_no_library_of_theirs() -> None:
    heavy = {"openai", "langchain_core", "langchain_openai", "httpx", "httpx2", "tenacity"}
    modules = "tools.batcher, tools.chat, tools.resting, tools.odds, tools.probe"
    code = f"import sys, {modules}; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
