import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.tools.ledger_samples import edit, pair
from tools.audit import LISTED, Report, audit
from tools.chain import GENESIS, link, sha256
from tools.ledger import Ledger, LedgerError

PACK = '{"id":"community","version":"1.0.0"}'
TABLES = ("entries", "cases", "head", "decisions", "edits", "packs")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of six entries: decisions a, b, c, d, an edit of c, a policy."""
    path = tmp_path_factory.mktemp("audit") / "sound.db"
    with Ledger.open(path) as ledger:
        pairs = [pair(name, outcome="review" if name == "c" else "act") for name in "abcd"]
        ledger.record(pairs)
        ledger.edit(edit(pairs[2][1], "e1", "allow"))
        ledger.policy("community", "1.0.0", sha256(PACK), PACK)
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "ledger.db"))


@pytest.fixture
def forger(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody with the file in hand, who has switched off its triggers and keys."""
    connection = forging(path)
    yield connection
    connection.close()


def forging(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def verify(path: Path, expected_head: str | None = None) -> Report:
    with Ledger.open(path, readonly=True) as ledger:
        return ledger.verify(expected_head)


def faults(path: Path, expected_head: str | None = None) -> list[tuple[int, str]]:
    return [(fault.seq, fault.what) for fault in verify(path, expected_head).faults]


def rehash(forger: sqlite3.Connection, *, start: int = 1, head: bool = True) -> None:
    """Write the chain anew from an entry on, as a forger who knows the form would."""
    (prev,) = forger.execute("SELECT hash FROM entries WHERE seq = ?", (start - 1,)).fetchone() or (GENESIS,)
    rows = forger.execute(
        "SELECT seq, kind, id, at, body FROM entries WHERE seq >= ? ORDER BY seq", (start,)
    ).fetchall()
    for row in rows:
        found = link(prev, *row)
        forger.execute("UPDATE entries SET prev = ?, hash = ? WHERE seq = ?", (prev, found, row[0]))
        prev = found
    if head:
        forger.execute("UPDATE head SET length = (SELECT count(*) FROM entries), hash = ?", (prev,))


def test_a_sound_ledger_has_no_fault(path: Path) -> None:
    report = verify(path)
    assert report.intact
    assert (report.entries, report.unlisted) == (6, 0)
    assert verify(path, report.head).intact


@pytest.mark.parametrize(
    ("forgery", "expected"),
    [
        ("UPDATE entries SET body = replace(body, 'remove', 'ignore') WHERE seq = 2", [(2, "altered")]),
        ("UPDATE entries SET at = '2020-01-01T00:00:00+00:00' WHERE seq = 5", [(5, "altered")]),
        ("UPDATE entries SET hash = 'f' || substr(hash, 2) || 'f' WHERE seq = 6", [(6, "altered")]),
        ("UPDATE entries SET body = CAST(x'ff00' AS TEXT) WHERE seq = 2", [(2, "altered")]),
        ("UPDATE entries SET body = CAST(body AS BLOB) WHERE seq = 2", [(2, "altered")]),
        ("DELETE FROM entries WHERE seq = 2", [(2, "missing"), (5 + 1, "head"), (2, "lookup")]),
        ("DELETE FROM entries WHERE seq = 6", [(5, "head"), (6, "lookup")]),
        ("DELETE FROM entries", [(0, "head"), *((seq, "lookup") for seq in range(1, 7))]),
        ("UPDATE entries SET seq = seq - 10 WHERE seq = 1", [(1, "missing"), (-9, "altered"), (-8, "missing")]),
        ("UPDATE cases SET body = replace(body, 'case-b', 'case-B')", [(2, "case")]),
        ("DELETE FROM cases WHERE body LIKE '%case-b%'", [(2, "case")]),
        ("UPDATE decisions SET outcome = 'allow' WHERE seq = 3", [(3, "lookup")]),
        ("UPDATE decisions SET rule_id = NULL WHERE seq = 3", [(3, "lookup")]),
        ("UPDATE edits SET decision_id = 'decision-a'", [(5, "lookup")]),
        ("UPDATE packs SET version = '9'", [(6, "lookup")]),
        ("DELETE FROM decisions WHERE seq = 4", [(4, "lookup"), (0, "case")]),
        ("INSERT INTO edits VALUES (1, 'e9', 'decision-a')", [(1, "lookup")]),
        ("INSERT INTO edits VALUES (9, 'e9', 'decision-a')", [(9, "lookup")]),
        ("DELETE FROM head", [(6, "head")]),
        ("UPDATE head SET length = 5", [(6, "head")]),
    ],
)
def test_a_forgery_is_named_at_its_entry(
    path: Path, forger: sqlite3.Connection, forgery: str, expected: list[tuple[int, str]]
) -> None:
    forger.execute(forgery)
    found = faults(path)
    assert found[: len(expected)] == expected


def test_no_value_of_any_row_can_be_changed_unseen(forger: sqlite3.Connection, path: Path) -> None:
    forger.close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        cells = [
            (table, row, column)
            for table in TABLES
            for row in connection.exec_driver_sql(f"SELECT rowid FROM {table}").scalars().all()
            for column in sa.inspect(engine).get_columns(table)
        ]
        unseen = []
        for table, row, column in cells:
            name = column["name"]
            connection.exec_driver_sql(f"UPDATE {table} SET {name} = 77 WHERE rowid = ?", (row,))
            if audit(connection).intact:
                unseen.append((table, row, name))
            connection.rollback()
        assert audit(connection).intact
    engine.dispose()
    assert len(cells) > 80
    assert unseen == [("head", 1, "id")]  # the key of the one row, which says nothing


def test_no_row_can_be_removed_unseen(forger: sqlite3.Connection, path: Path) -> None:
    forger.close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        for table in TABLES:
            for row in connection.exec_driver_sql(f"SELECT rowid FROM {table}").scalars().all():
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", (row,))
                assert not audit(connection).intact, (table, row)
                connection.rollback()
        assert audit(connection).intact
    engine.dispose()


def test_two_entries_that_changed_places_are_found(path: Path, forger: sqlite3.Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        forger.execute("UPDATE entries SET seq = ? WHERE seq = ?", (new, old))
    assert faults(path) == [(2, "order"), (2, "altered"), (3, "order"), (3, "altered"), (4, "order")]


def test_an_entry_slipped_in_with_a_right_hash_is_found_at_the_end(path: Path, forger: sqlite3.Connection) -> None:
    prev = verify(path).head
    found = link(prev, 7, "edit", "e2", "noon", '{"id":"e2","decision_id":"decision-a"}')
    row = (7, "edit", "e2", '{"id":"e2","decision_id":"decision-a"}', "noon", prev, found)
    forger.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    forger.execute("INSERT INTO edits VALUES (7, 'e2', 'decision-a')")
    assert faults(path) == [(7, "head")]


def test_an_entry_altered_with_a_right_hash_breaks_the_next_link(path: Path, forger: sqlite3.Connection) -> None:
    forger.execute("UPDATE entries SET body = replace(body, 'remove', 'ignore') WHERE seq = 2")
    row = forger.execute("SELECT prev, seq, kind, id, at, body FROM entries WHERE seq = 2").fetchone()
    forger.execute("UPDATE entries SET hash = ? WHERE seq = 2", (link(*row),))
    assert faults(path) == [(3, "order")]


def test_a_chain_forged_from_one_entry_on_still_differs_from_its_lookup_and_its_head(
    path: Path, forger: sqlite3.Connection
) -> None:
    forger.execute("""UPDATE entries SET body = replace(body, '"outcome":"act"', '"outcome":"allow"') WHERE seq = 2""")
    rehash(forger, start=2, head=False)
    assert faults(path) == [(2, "lookup"), (6, "head")]


def test_a_ledger_forged_in_every_table_is_shown_only_by_a_head_from_outside(
    path: Path, forger: sqlite3.Connection
) -> None:
    noted = verify(path).head
    forger.execute("""UPDATE entries SET body = replace(body, '"outcome":"act"', '"outcome":"allow"') WHERE seq = 2""")
    forger.execute("UPDATE decisions SET outcome = 'allow' WHERE seq = 2")
    rehash(forger)
    assert verify(path).intact
    assert faults(path, noted) == [(6, "anchor")]


def test_a_truncated_ledger_with_a_forged_head_is_shown_by_a_head_from_outside(
    path: Path, forger: sqlite3.Connection
) -> None:
    noted = verify(path).head
    forger.execute("DELETE FROM entries WHERE seq = 6")
    forger.execute("DELETE FROM packs")
    rehash(forger)
    assert verify(path).intact
    report = verify(path, noted)
    assert [(fault.what, fault.expected) for fault in report.faults] == [("anchor", noted)]


def test_a_forged_body_that_is_no_decision_is_found_though_its_hash_is_right(
    path: Path, forger: sqlite3.Connection
) -> None:
    for body in ("not json", "[]", "{}", '{"id":"decision-z"}'):
        forger.execute("UPDATE entries SET body = ? WHERE seq = 2", (body,))
        rehash(forger)
        assert faults(path) == [(2, "altered")], body


def test_reading_a_forged_entry_or_case_says_to_verify(path: Path, forger: sqlite3.Connection) -> None:
    about, made = pair("b")
    forger.execute("UPDATE entries SET body = '{}' WHERE seq = 2")
    forger.execute("UPDATE cases SET body = '[]' WHERE digest = ?", (about.digest,))
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerError, match="decision 'decision-b' cannot be read: Field required at .* run verify"):
            ledger.decision(made.id)
        with pytest.raises(LedgerError, match="case 'case-b' cannot be read: .*; run verify"):
            ledger.case(about.digest)


def test_a_ledger_that_only_grew_holds_to_the_head_noted_before(path: Path) -> None:
    noted = verify(path).head
    with Ledger.open(path) as ledger:
        ledger.record([pair("later")])
    report = verify(path, noted)
    assert report.intact
    assert report.head != noted


def test_a_fault_says_what_was_expected_and_what_was_found(path: Path, forger: sqlite3.Connection) -> None:
    forger.execute("UPDATE decisions SET severity = 5 WHERE seq = 3")
    (fault,) = verify(path).faults
    assert (fault.seq, fault.what, fault.expected, fault.found) == (3, "lookup", "severity=60", "severity=5")


def test_a_ledger_with_very_many_faults_lists_the_first_and_counts_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Ledger.open(path) as ledger:
        ledger.record([pair(str(n)) for n in range(LISTED + 5)])
    forger = forging(path)
    forger.execute("UPDATE decisions SET severity = 5")
    forger.close()
    report = verify(path)
    assert (len(report.faults), report.unlisted, report.entries) == (LISTED, 5, LISTED + 5)
