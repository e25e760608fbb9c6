import hashlib

from tools.chain import GENESIS, Draft, Head, extend, link, sha256


def test_the_hash_of_an_entry_is_the_sha256_of_its_framed_fields() -> None:
    framed = b"precept.ledger.1" + b"4:prev," + b"1:7," + b"4:edit," + b"2:id," + b"4:noon," + b"2:\xc3\xa9,"
    assert link("prev", 7, "edit", "id", "noon", "é") == hashlib.sha256(framed).hexdigest()


def test_a_character_moved_to_the_next_field_changes_the_hash() -> None:
    assert link(GENESIS, 1, "edit", "ab", "c", "d") != link(GENESIS, 1, "edit", "a", "bc", "d")
    assert link(GENESIS, 1, "edit", "a", "b", "1:c,") != link(GENESIS, 1, "edit", "a", "b,1:c", "")


def test_every_field_changes_the_hash() -> None:
    base = link(GENESIS, 1, "edit", "id", "at", "body")
    others = {
        link("1" * 64, 1, "edit", "id", "at", "body"),
        link(GENESIS, 2, "edit", "id", "at", "body"),
        link(GENESIS, 1, "policy", "id", "at", "body"),
        link(GENESIS, 1, "edit", "di", "at", "body"),
        link(GENESIS, 1, "edit", "id", "ta", "body"),
        link(GENESIS, 1, "edit", "id", "at", "bodY"),
    }
    assert len(others) == 6
    assert base not in others


def test_drafts_are_linked_after_the_head_in_order() -> None:
    first, second = Draft("decision", "a", "noon", "{}"), Draft("edit", "b", "one", "[]")
    links, head = extend(Head(count=4, hash="f" * 64), [first, second])
    assert [(row.seq, row.id, row.prev) for row in links] == [(5, "a", "f" * 64), (6, "b", links[0].hash)]
    assert head == Head(count=6, hash=links[1].hash)


def test_a_text_with_broken_bytes_still_has_a_hash() -> None:
    assert sha256(b"a\xff".decode("utf-8", "surrogateescape")) == hashlib.sha256(b"a\xff").hexdigest()
