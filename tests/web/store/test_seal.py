from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from web.store.database import StoreError
from web.store.seal import Seal


def test_what_is_sealed_is_read_again_with_its_key_and_not_without(tmp_path: Path) -> None:
    place = tmp_path / "web.key"
    sealed = Seal(place).close("a secret, é")
    assert "secret" not in sealed and Seal(place).open(sealed) == "a secret, é"
    assert Seal(place).close("a secret, é") != sealed
    place.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is gone; put the file back"):
        Seal(place).open(sealed)
    Seal(place).close("another")
    with pytest.raises(StoreError, match="not the one that this was sealed with"):
        Seal(place).open(sealed)


def test_nothing_is_made_before_it_is_needed_and_then_for_its_owner_alone(tmp_path: Path) -> None:
    seal = Seal(tmp_path / "home" / "web.key")
    assert not seal.place.exists()
    seal.close("x")
    assert seal.place.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in seal.place.parent.iterdir()] == ["web.key"]


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    seal = Seal(tmp_path / "web.key")
    sealed = seal.close("x")
    seal.place.chmod(0o640)
    with pytest.raises(StoreError, match=r"can be read by others \(mode 640\); chmod 600 it"):
        seal.open(sealed)


@pytest.mark.parametrize("body", [b"", b"short", b"\xff" * 44])
def test_a_damaged_key_is_told(tmp_path: Path, body: bytes) -> None:
    seal = Seal(tmp_path / "web.key")
    sealed = seal.close("x")
    seal.place.write_bytes(body)
    with pytest.raises(StoreError, match="is damaged"):
        seal.open(sealed)


def test_many_who_need_a_key_at_once_make_one(tmp_path: Path) -> None:
    place = tmp_path / "web.key"
    with ThreadPoolExecutor(16) as pool:
        sealed = list(pool.map(lambda n: Seal(place).close(str(n)), range(64)))
    assert [Seal(place).open(one) for one in sealed] == [str(n) for n in range(64)]
