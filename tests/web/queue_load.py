"""How long the server takes for the queue with many cases: `python -m tests.web.queue_load [CASES] [ROUNDS]`.

It fills the docket of a fresh home, asks for pages through the application (no network), and prints medians and the
95th percentile in milliseconds.
"""

import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from graphs.settings import Settings
from web.application import create_app
from web.guard import Limits
from web.identity import COOKIE
from web.office import Office, open_office
from web.store import accounts, sessions
from web.store.docket import DOCKET

WORDS = (
    "the bus stop tonight parcel code card people money week coach cake street group town friend never always".split()
)
PAGES = {
    "first page": "/queue", "all": "/queue?state=all", "settled by rule": "/queue?state=settled&sort=rule",
    "filtered": "/queue?state=all&q=rule:HR2+severity:%3E60", "words": "/queue?state=all&q=%22bus+stop%22",
    "words that are nowhere": "/queue?state=all&q=zzz", "search": "/search?q=surface:chat", "counts": "/queue/tabs",
}  # fmt: skip


def fill(office: Office, count: int) -> None:
    """Put rows into the docket as if so many cases had been decided, a fifth of them waiting."""
    dice = random.Random(7)
    tiers, rules = office.pack.tiers, [r.id for r in office.pack.rules]
    rows = []
    for n in range(1, count + 1):
        severity, waits = dice.randint(0, 100), n % 5 == 0
        text = " ".join(dice.choices(WORDS, k=dice.randint(8, 120)))
        rows.append({
            "decision_id": f"d-{n:016x}", "seq": 1000 + n, "case_id": f"load-{n}", "case_digest": f"{n:064x}",
            "at": (datetime.now(UTC) - timedelta(seconds=count - n)).isoformat(), "outcome": "review" if waits else "act",
            "held": "review" if waits else "act", "rule_id": dice.choice(rules), "severity": severity,
            "tier": max((t for t in tiers if t.low <= severity), key=lambda t: t.low).id, "score": dice.random(),
            "stage": "reasoner", "causes": "ambiguous" if waits else "", "surface": dice.choice(("chat", "post", "ad")),
            "locale": "en", "profile": None, "policy": "community 1.0.0", "media": 0, "by": None, "edited": None,
            "state": "waiting" if waits else "settled", "version": 1, "words": text, "vector": None,
        })  # fmt: skip
    with office.store.writing("fill") as connection:
        connection.execute(DOCKET.insert(), rows)


def main(count: int, rounds: int) -> None:
    """Measure, and print one line for each kind of page."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(open_office(Settings(home=Path(home))), Limits(requests=10**9, per_actor=10**9))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            office: Office = app.state.office
            fill(office, count)
            made = accounts.add(office.store, "load", ("moderator",))
            client.cookies[COOKIE] = sessions.begin(office.store, made.id)
            last = client.get("/queue?state=all").text
            deep = last.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
            for name, path in {**PAGES, "second page": deep}.items():
                took = []
                for _ in range(rounds):
                    begun = time.perf_counter()
                    answer = client.get(path)
                    took.append(1000 * (time.perf_counter() - begun))
                    assert answer.status_code == 200, (path, answer.status_code)
                p95 = sorted(took)[int(0.95 * (len(took) - 1))]
                print(
                    f"{name:24} p50 {statistics.median(took):7.1f} ms   p95 {p95:7.1f} ms   {len(answer.content):,} bytes"
                )


if __name__ == "__main__":
    main(*(int(a) for a in (sys.argv[1:] + ["10000", "40"][len(sys.argv) - 1 :])))
