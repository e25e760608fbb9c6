"""Calls to addresses that others gave us: one POST to a public machine, without following where it points. No judge.

Contract: the name is looked up when the call is made, every address that it has must be public (unless private ones
are allowed), and the connection goes to the very address that was checked, so that a name cannot change in between.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 10.0
PORTS = frozenset({80, 443, *range(1024, 65_536)})
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Refused(ValueError):
    """An address that is not called; the text says why and the fix."""


class Unreached(RuntimeError):
    """A call that came to nothing; the text says why, without anything of the answer."""


class Target(NamedTuple):
    """An address, taken apart."""

    secure: bool
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Return an address taken apart; raise Refused where it is no plain http(s) address."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(f"url {url[:100]!r} cannot be read; write https://host/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"url {url[:100]!r} is no http(s) address; write https://host/path")
    if parts.username is not None or parts.password is not None:
        raise Refused("url: it holds a name or password; leave them out, and check our signature instead")
    if parts.fragment or any(ord(c) <= 32 or ord(c) > 126 for c in url):
        raise Refused("url: it holds a fragment, a blank or other letters than ASCII; write them as %XX")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    if port not in PORTS:
        raise Refused(f"url: port {port} is not called; use 80, 443 or one above 1023")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, parts.hostname, port, path)


def public(address: str) -> bool:
    """Return whether an IP address is one of the open internet.

    >>> public("8.8.8.8"), public("127.0.0.1"), public("::ffff:10.0.0.1"), public("169.254.169.254"), public("fd00::1")
    (True, False, False, False, False)
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return public(str(inner))
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def resolved(wanted: Target, *, private: bool) -> tuple[str, ...]:
    """Return the addresses of a target; raise Refused where one is not public, Unreached where there is none."""
    try:
        found = socket.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreached("its name cannot be looked up") from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private and not all(public(a) for a in addresses):
        raise Refused(
            "url: it leads to this machine or into its own network; the operator may allow that with "
            "PRECEPT_WEB_PRIVATE_HOOKS=1"
        )
    return addresses


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool, timeout: float = TIMEOUT) -> int:
    """Send one POST and return the status of the answer, whose body is not read."""
    wanted = target(url)
    addresses = resolved(wanted, private=private)
    connection = _Pinned(wanted, addresses[0], timeout)
    try:
        connection.request("POST", wanted.path, body, dict(headers))
        return connection.getresponse().status
    except TimeoutError:
        raise Unreached(f"it did not answer within {timeout:g} s") from None
    except ssl.SSLError as error:
        raise Unreached(f"its certificate or TLS failed: {error.reason or 'no reason given'}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreached(f"it could not be reached: {type(error).__name__}") from None
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its name means by now."""

    def __init__(self, wanted: Target, address: str, timeout: float) -> None:
        super().__init__(wanted.host, wanted.port, timeout=timeout)
        self._wanted = wanted
        self._address = address

    def connect(self) -> None:
        """Connect to the address that was checked; TLS is held to the name."""
        sock = socket.create_connection((self._address, self._wanted.port), self.timeout)
        if self._wanted.secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._wanted.host)
        self.sock = sock


__all__ = ["Refused", "Target", "Unreached", "post", "public", "resolved", "target"]
