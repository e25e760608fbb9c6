import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from web.serving import Unsafe, check_address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_neither_accounts_nor_tls(host: str) -> None:
    check_address(host, tls=False, proxy=False, people=0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "10.0.0.1", "127.0.0.1.example.org"])
def test_any_other_address_needs_accounts_and_then_tls_or_a_named_proxy(host: str) -> None:
    with pytest.raises(Unsafe, match="--add-admin"):
        check_address(host, tls=True, proxy=True, people=0)
    with pytest.raises(Unsafe, match="--tls-cert"):
        check_address(host, tls=False, proxy=False, people=3)
    check_address(host, tls=True, proxy=False, people=1)
    check_address(host, tls=False, proxy=True, people=1)


def test_serving_to_others_is_refused_at_the_command_line_too(tmp_path: Path) -> None:
    done = _run(tmp_path, "serve", "--host", "0.0.0.0", "--no-examples")
    assert done.returncode == 2
    assert "nobody has a password yet" in done.stderr


def test_a_key_can_be_made_at_the_command_line(tmp_path: Path) -> None:
    done = _run(tmp_path, "serve", "--key", "intake")
    assert done.returncode == 0 and re.fullmatch(r"pk-\S{43}\n", done.stdout)


@pytest.mark.slow
def test_a_fresh_install_opens_by_its_link_with_example_cases_and_ends_when_told(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--home", str(tmp_path), "serve", "--port", "0"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        place = process.stdout.readline()
        base = re.findall(r"http://127.0.0.1:\d+", place)[0]
        link = process.stdout.readline().rsplit("/link/", 1)[1].strip()
        with httpx.Client(base_url=base, follow_redirects=False) as client:
            for _ in range(100):
                try:
                    client.get("/status/live")
                    break
                except httpx.ConnectError:
                    continue
            assert client.post("/link", data={"secret": link}).status_code == 303
            queue = client.get("/queue")
            assert queue.status_code == 200 and "SH3" in queue.text
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130  # interrupted, as the help says


def _run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)
