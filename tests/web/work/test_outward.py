import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from web.work.outward import Refused, Unreached, post, public, resolved, target


@pytest.fixture
def place() -> Iterator[tuple[str, list[tuple[str, bytes, dict[str, str]]]]]:
    """A receiver on this machine, and what it got; a path /CODE answers with that code."""
    got: list[tuple[str, bytes, dict[str, str]]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, body, {k.lower(): v for k, v in self.headers.items()}))
            code = self.path.strip("/")
            self.send_response(int(code) if code.isdigit() else 200)
            self.send_header("Location", "/200")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("url", ["ftp://example.org/", "https://", "https:///x", "//example.org", "javascript:alert(1)",
                                 "http://a b/", "https://u:p@example.org/", "https://example.org/#x", "https://[::1",
                                 "https://example.org:22/", "https://example.org:99999/", "https://exämple.org/",
                                 "http://example.org/\r\nX: y"])  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        target(url)


def test_an_address_is_taken_apart() -> None:
    assert target("https://example.org/a?b=c") == (True, "example.org", 443, "/a?b=c")
    assert target("http://example.org:8080") == (False, "example.org", 8080, "/")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
                                     "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0",
                                     "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "x"])  # fmt: skip
def test_an_address_of_the_own_network_is_not_public(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_this_machine_is_found_out_however_it_is_written(host: str) -> None:
    with pytest.raises((Refused, Unreached)):
        resolved(target(f"http://{host}:8080/"), private=False)


def test_a_call_arrives_with_its_headers_where_private_targets_are_allowed(
    place: tuple[str, list[tuple[str, bytes, dict[str, str]]]],
) -> None:
    url, got = place
    assert post(f"{url}/a?b=1", b"{}", {"X-Own": "1"}, private=True) == 200
    path, body, headers = got[0]
    assert (path, body, headers["x-own"], headers["host"]) == ("/a?b=1", b"{}", "1", url.removeprefix("http://"))


def test_a_call_to_this_machine_is_not_made(place: tuple[str, list[tuple[str, bytes, dict[str, str]]]]) -> None:
    url, got = place
    with pytest.raises(Refused, match="own network"):
        post(url, b"{}", {}, private=False)
    assert got == []


def test_a_redirect_is_not_followed(place: tuple[str, list[tuple[str, bytes, dict[str, str]]]]) -> None:
    url, got = place
    assert post(f"{url}/302", b"{}", {}, private=True) == 302
    assert len(got) == 1


def test_what_cannot_be_reached_is_told_without_what_it_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(Unreached, match="ConnectionRefusedError"):
            post(f"http://127.0.0.1:{free.getsockname()[1]}/", b"", {}, private=True)


def test_a_receiver_that_does_not_answer_is_given_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(Unreached, match="did not answer within"):
            post(f"http://127.0.0.1:{deaf.getsockname()[1]}/", b"", {}, private=True, timeout=0.1)
