"""A PostgreSQL server of the tests' own, on a socket in a folder that goes with it, and empty databases on it.

Contract: nothing stays behind, also where the tests are killed: a keeper ends the server and takes its folder away as
soon as the pipe to it closes. PRECEPT_TEST_POSTGRES may name a server instead, by the URL of a database on which the
user may create others.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

NAMED = "PRECEPT_TEST_POSTGRES"
PORT = 5432
# fsync off: it only guards against a machine that loses power.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB")
KEEPER = """
bin=$1 folder=$2; shift 2
"$bin/postgres" -D "$folder/data" "$@" >> "$folder/log" 2>&1 < /dev/null &
read -r stays
kill -INT $!
wait $!
[ "$stays" = stays ] || rm -rf "$folder"
"""


class Missing(RuntimeError):
    """Say what a server of our own lacks on this machine."""


class Place(Protocol):
    """A server, by the URL of any database on it."""

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        ...


class Named:
    """A server that somebody else runs."""

    def __init__(self, url: str) -> None:
        self.own = sa.make_url(url)

    def url(self, database: str = "") -> str:
        """Return the URL of a database; without a name that of the one that was named."""
        own = self.own.set(database=database) if database else self.own
        return own.render_as_string(hide_password=False)


class Server:
    """A server of our own. It runs once it is made; `stop` and `start` it, and `end` it for good."""

    def __init__(self) -> None:
        self.bin = programs()
        self.user = _user()
        # Below /tmp itself: the path of a socket may have 107 bytes, and another user has to get in.
        self.folder = Path(tempfile.mkdtemp(prefix="precept-postgres-", dir="/tmp"))
        self.keeper: subprocess.Popen[bytes] | None = None
        try:
            (self.folder / "log").touch()
            if self.user is not None:
                for path in (self.folder, self.folder / "log"):
                    shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)
            made = self._run([
                str(self.bin / "initdb"), "-D", str(self.folder / "data"), "-U", "precept", "-A", "trust", "-E", "UTF8",
                "--no-locale", "--no-sync",
            ])  # fmt: skip
            if made.wait() != 0:
                raise Missing(f"initdb failed: {self._log()}")
            self.start()
        except BaseException:
            self.end()
            raise

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://precept@/{database}?host={self.folder}&port={PORT}"

    def start(self, seconds: float = 120) -> None:
        """Start it, and wait until it answers."""
        socket = ("-k", str(self.folder), "-p", str(PORT), "-c", "listen_addresses=")
        options = [word for option in OPTIONS for word in ("-c", option)]
        words = ["sh", "-c", KEEPER, "sh", str(self.bin), str(self.folder), *socket, *options]
        self.keeper = self._run(words, stdin=subprocess.PIPE)
        limit, engine = time.monotonic() + seconds, sa.create_engine(self.url(), poolclass=sa.NullPool)
        while True:
            try:
                engine.connect().close()
                return
            except sa.exc.OperationalError as error:
                if self.keeper.poll() is not None or time.monotonic() > limit:
                    raise Missing(f"the server does not answer: {error.orig}; {self._log()}") from error
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as an operator does who is in a hurry: whoever is connected is thrown out."""
        self._close(b"stays\n")

    def end(self) -> None:
        """End it and take everything of it away. Harmless to repeat."""
        self._close(b"\n")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self, word: bytes) -> None:
        if self.keeper is None:
            return
        self.keeper.communicate(word, timeout=120)
        self.keeper = None

    def _run(self, words: list[str], stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            # A session of its own: what the terminal sends to the tests is not for the server.
            return subprocess.Popen(
                words, stdin=stdin, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                user=self.user, group=None if self.user is None else pwd.getpwnam(self.user).pw_gid,
                extra_groups=None if self.user is None else [],
            )  # fmt: skip

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


def programs() -> Path:
    """Return the folder of the server's programs, of the newest version; raise Missing where there is none."""
    found = [Path(path).resolve().parent for name in ("initdb",) if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Missing("no initdb and no postgres; apt-get install postgresql")


@contextmanager
def emptied(place: Place | Server | Named) -> Iterator[str]:
    """Give the URL of a new, empty database, which goes afterwards.

    It sorts text as a language does where the server can, as servers in the field do: not byte by byte.
    """
    name = f"precept_{secrets.token_hex(6)}"
    main = sa.create_engine(place.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with main.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        sorts = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" if int(version) >= 150000 else ""
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {sorts}")
    try:
        yield place.url(name)
    finally:
        with main.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server | Named]:
    """The server of the session."""
    pytest.importorskip("psycopg", reason="NO POSTGRESQL: nothing was tested on it; pip install 'precept[postgres]'")
    if NAMED in os.environ:
        yield Named(os.environ[NAMED])
        return
    server = _server()
    yield server
    server.end()


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A server for one test, which may stop and start it."""
    pytest.importorskip("psycopg", reason="NO POSTGRESQL: nothing was tested on it; pip install 'precept[postgres]'")
    server = _server()
    yield server
    server.end()


@pytest.fixture
def database(postgres: Server | Named) -> Iterator[str]:
    """The URL of an empty database on the server of the session."""
    with emptied(postgres) as url:
        yield url


def _server() -> Server:
    try:
        return Server()
    except Missing as error:
        pytest.skip(f"NO POSTGRESQL: nothing was tested on it: {error}")


def _user() -> str | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Missing("it does not run as root, and there is no other user here")
