"""Numbers for Prometheus: decisions counted as they go on record, the queue and appeals as they stand.

Contract: no label names a case, a person, a key or a text; what is counted starts at 0 with the process, as Prometheus
expects of a counter, and counts what other processes record in the same ledger as well.
"""

from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cases.decision import Decision
from web.office import Office
from web.store.appeals import APPEALS, DECIDED
from web.store.database import moment
from web.store.docket import DOCKET

if TYPE_CHECKING:
    from prometheus_client import Metric

QUEUES = ("waiting", "escalated", "second")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
PAGE = 500


class Tally:
    """The numbers of one running service."""

    def __init__(self, office: Office) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.office = office
        self.registry = CollectorRegistry()
        self._reached = office.ledger.head().count
        self._lock = Lock()
        self._decisions = Counter(
            "precept_decisions", "Decisions on record since the start.", ("outcome", "policy", "automation"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "precept_decision_duration_seconds", "What a case took alone in its stages; less in a batch.", ("stage",),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.registry.register(_Standing(office))

    def catch_up(self) -> None:
        """Count what went on record since the last time."""
        with self._lock:
            while found := self.office.ledger.since(self._reached, PAGE):
                for _, one in found:
                    if isinstance(one, Decision):
                        self._decisions.labels(one.outcome, one.pack.id, one.automation).inc()
                        self._seconds.labels(one.stage).observe(sum(s.seconds for s in one.spent))
                self._reached = found[-1][0]

    def text(self) -> bytes:
        """Return every number in Prometheus' text form."""
        from prometheus_client import generate_latest

        self.catch_up()
        return generate_latest(self.registry)


class _Standing:
    """What is read from the store as it stands, at each look."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def collect(self) -> "Iterator[Metric]":
        """Yield the families of metrics."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        self.office.catch_up()
        jobs = GaugeMetricFamily("precept_queue_jobs", "Cases that wait for a person.", labels=["queue"])
        ages = GaugeMetricFamily("precept_queue_oldest_job_age_seconds", "Age of the oldest of them.", labels=["queue"])
        for queue, (count, oldest) in self._queues().items():
            jobs.add_metric([queue], count)
            ages.add_metric([queue], oldest)
        yield from (jobs, ages)
        appeals = CounterMetricFamily("precept_appeals", "Appeals by what came of them.", labels=["outcome"])
        states = self._appeals()
        for state, count in states.items():
            appeals.add_metric([state], count)
        yield appeals
        decided = sum(states.get(s, 0) for s in DECIDED)
        ratio = GaugeMetricFamily("precept_overturn_ratio", "Share of decided appeals that changed the decision.")
        ratio.add_metric([], (decided - states.get("upheld", 0)) / decided if decided else 0.0)
        yield ratio
        pack = self.office.pack
        info = InfoMetricFamily("precept_policy", "The policy in force.")
        info.add_metric([], {"policy": pack.id, "version": pack.version, "digest": pack.digest})
        yield info

    def _queues(self) -> dict[str, tuple[int, float]]:
        query = sa.select(DOCKET.c.state, sa.func.count(), sa.func.min(DOCKET.c.at)).where(DOCKET.c.state.in_(QUEUES))
        with self.office.store.reading("count the queue") as connection:
            rows = connection.execute(query.group_by(DOCKET.c.state)).all()
        at = self.office.clock()
        found = {r[0]: (int(r[1]), max(0.0, (at - moment(r[2])).total_seconds())) for r in rows}
        return {queue: found.get(queue, (0, 0.0)) for queue in QUEUES}

    def _appeals(self) -> dict[str, int]:
        with self.office.store.reading("count the appeals") as connection:
            rows = connection.execute(sa.select(APPEALS.c.state, sa.func.count()).group_by(APPEALS.c.state)).all()
        return {str(state): int(count) for state, count in rows}


__all__ = ["BUCKETS", "QUEUES", "Tally"]
