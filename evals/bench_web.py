"""How the API holds under load: `python -m evals.bench_web`. Many clients ask the fast path of a real server at once.

Not a quality measure: answers are only checked for being whole. The server is a process of its own over a folder of its
own, so that what asks and what answers share no interpreter; clients are threads with a connection each, asking anew as
soon as they are answered. Rates are lifted, as all clients are one machine and one key. It ends with 1 on any error.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import numpy as np

from evals.bench import EVERYDAY, texts, traffic

MANY = 2000
HEADERS = {"Content-Type": "application/json"}
SERVE = """
import sys
from pathlib import Path
import uvicorn
from graphs.settings import Settings
from web.application import create_app
from web.guard import Limits
from web.office import open_office
from web.store import keys
from contextlib import nullcontext

with open_office(Settings(home=Path(sys.argv[1]), audit_rate=0)) as office:
    secret = keys.make(office.store, "load", ("moderate",))[1]
    app = create_app(nullcontext(office), Limits(requests=10**9, per_actor=10**9))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    sock = config.bind_socket()
    print(sock.getsockname()[1], secret, flush=True)
    uvicorn.Server(config).run(sockets=[sock])
"""


class Asked(NamedTuple):
    """One request: seconds until its answer was read, and what came ("200", or what went wrong)."""

    seconds: float
    told: str


class Load(NamedTuple):
    """What came of a run: requests answered a second, seconds at each share of them, and every error with its count."""

    requests: int
    rate: float
    half: float
    p95: float
    p99: float
    most: float
    errors: dict[str, int]


def summed(asked: Sequence[Asked], seconds: float) -> Load:
    """Return what came of the requests of a run that lasted so long.

    >>> summed([Asked(0.1, "200"), Asked(0.3, "200"), Asked(0.2, "503")], 2.0)
    Load(requests=3, rate=1.0, half=0.2, p95=0.29, p99=0.298, most=0.3, errors={'503': 1})
    """
    errors = Counter(a.told for a in asked if a.told != "200")
    times = [a.seconds for a in asked] or [0.0]
    half, p95, p99 = (round(float(np.percentile(times, share)), 4) for share in (50, 95, 99))
    good = len(asked) - sum(errors.values())
    return Load(len(asked), round(good / seconds, 1), half, p95, p99, round(max(times), 4), dict(errors))


@contextmanager
def server(home: Path) -> Iterator[tuple[int, str]]:
    """Serve in a process of its own; give its port and a key."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p) or "."}
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(home)], stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        if len(said) != 2:
            raise RuntimeError("the server did not start; what it said stands above")
        yield int(said[0]), said[1]
    finally:
        process.terminate()
        process.wait(30)


def load(port: int, secret: str, clients: int, seconds: float, contents: Sequence[str]) -> Load:
    """Return what came of so many clients asking for so long, each from its own place in the contents on."""
    asked: list[list[Asked]] = [[] for _ in range(clients)]
    until = time.monotonic() + seconds

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {**HEADERS, "Authorization": f"Bearer {secret}"}
        at = number * 7919
        while time.monotonic() < until:
            at += 1
            # A number of its own makes every content one that was not seen before.
            body = json.dumps({"input": f"{contents[at % len(contents)]} [{number}.{at}]"})
            begun = time.perf_counter()
            asked[number].append(Asked(*_answer(connection, body, headers, begun)))
        connection.close()

    threads = [Thread(target=ask, args=(n,)) for n in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summed([a for own in asked for a in own], time.perf_counter() - begun)


def _answer(
    connection: http.client.HTTPConnection, body: str, headers: dict[str, str], begun: float
) -> tuple[float, str]:
    try:
        connection.request("POST", "/v1/moderations", body, headers)
        answer = connection.getresponse()
        read = answer.read()
        told = str(answer.status)
        if answer.status == 200 and len(json.loads(read)["results"]) != 1:
            told = "an answer that is not whole"
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        connection.close()
        told = type(error).__name__
    return time.perf_counter() - begun, told


def main(argv: Sequence[str] | None = None) -> int:
    """Run the load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--warm", type=float, default=3.0, help="seconds before, which do not count")
    parser.add_argument("--mixed", action="store_true", help="as traffic has it, with some that is reasoned about")
    given = parser.parse_args(argv)
    contents = traffic(MANY) if given.mixed else texts(MANY, EVERYDAY)
    with tempfile.TemporaryDirectory(prefix="bench-web-") as home, server(Path(home)) as (port, secret):
        load(port, secret, 2, given.warm, contents)
        found = load(port, secret, given.clients, given.seconds, contents)
    print(
        json.dumps(
            {"clients": given.clients, "seconds": given.seconds, "mixed": given.mixed, **found._asdict()}, indent=2
        )
    )
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
