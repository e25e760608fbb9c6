"""A disk that fills up in the middle of a batch: an error, nothing given out that is not on record, and a run that can go on."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cases.decision import Decision
from graphs.settings import Settings
from graphs.wiring import open_desk
from tests.graphs.conftest import CAKE, make_case
from tools.ledger import Ledger, LedgerError


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_nothing_that_was_given_out(settings: Settings, tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    cases = [make_case(f"{CAKE} Batch {n}.", id=f"c{n}") for n in range(200)]
    given: list[Decision] = []
    with Ledger.open(path) as ledger, open_desk(settings, waits=False, ledger=ledger) as desk:
        with ledger.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        ledger.engine.dispose()
        sa.event.listen(ledger.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages + 30}"))
        with pytest.raises(LedgerError, match="disk is full"):
            given.extend(desk.decide_many(cases, chunk=10))
    assert 0 < len(given) < 200
    with Ledger.open(path) as ledger:
        recorded = {d.id: d for d in ledger.decisions()}
        assert all(recorded[d.id] == d for d in given)
        assert len(recorded) - len(given) < 10
        assert ledger.verify().intact
        done = {d.case_id for d in recorded.values()}
        with open_desk(settings, waits=False, ledger=ledger) as desk:
            rest = list(desk.decide_many([case for case in cases if case.id not in done]))
        assert sorted([*done, *(d.case_id for d in rest)]) == sorted(case.id for case in cases)
        assert ledger.verify().intact
