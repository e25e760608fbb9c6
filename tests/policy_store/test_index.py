import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from policy_store.entry import entries
from policy_store.index import BATCH, RuleIndex, RuleVectors, collection_name
from policy_store.pack import Pack
from policy_store.rule import Rule
from tests.policy_store.small_pack import bag_of_words, make_pack, make_rule, small_pack, wide_pack

ROOT = Path(__file__).parents[2]
MODEL = "5ee" * 21
Vectors = NDArray[np.float32]


class Counting:
    """An encoder that counts the texts it was given."""

    def __init__(self) -> None:
        self.texts = 0

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return bag_of_words(texts)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[RuleIndex]:
    opened = RuleIndex.open(tmp_path / "index")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuleVectors]:
    opened = RuleIndex.open(tmp_path_factory.mktemp("small"))
    yield opened.ensure(small_pack(), bag_of_words, MODEL)
    opened.close()


def found(vectors: RuleVectors, text: str, k: int = 3, allowed: frozenset[str] | None = None) -> list[str]:
    return [hit.rule_id for hit in vectors.search(bag_of_words([text]), k, allowed)[0]]


def python(code: str, *args: str) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", code, *args]
    return subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)})


def test_the_nearest_rules_come_first_with_the_entry_that_found_them(small: RuleVectors) -> None:
    first, second = small.search(bag_of_words(["i will kill you tomorrow", "that shooter is a hero"]), 3)
    assert (first[0].rule_id, first[0].entry_id, first[0].kind) == ("VI1", "VI1/violating/VI1.v1", "violating")
    assert first[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert second[0].rule_id == "VI5"
    assert [hit.similarity for hit in first] == sorted((hit.similarity for hit in first), reverse=True)
    assert len({hit.rule_id for hit in first}) == 3


def test_similarity_is_the_cosine_of_the_two_texts(small: RuleVectors) -> None:
    texts = {entry.id: entry.text for entry in entries(small_pack())}
    asked = bag_of_words(["send the password tomorrow"])
    for hit in small.search(asked, 5)[0]:
        assert hit.similarity == pytest.approx(float(asked[0] @ bag_of_words([texts[hit.entry_id]])[0]), abs=1e-5)


def test_a_whole_collection_is_not_built_again(index: RuleIndex) -> None:
    encode = Counting()
    first = index.ensure(small_pack(), encode, MODEL)
    second = index.ensure(small_pack(), encode, MODEL)
    assert encode.texts == first.count == len(entries(small_pack()))
    assert found(second, "go and kill yourself") == found(first, "go and kill yourself")


def test_another_policy_and_another_model_are_other_collections(index: RuleIndex) -> None:
    pack = small_pack()
    other = pack.model_copy(update={"version": "1.0.1"}).model_validate(pack.model_dump() | {"version": "1.0.1"})
    names = {index.ensure(p, bag_of_words, m).name for p in (pack, other) for m in (MODEL, "0" * 64)}
    assert len(names) == 4


def test_an_exception_does_not_stand_for_its_rule(small: RuleVectors) -> None:
    hits = small.search(bag_of_words(["Boasting inside a video game match."]), 11)[0]
    assert all(hit.kind != "exception" for hit in hits)
    assert next(hit for hit in hits if hit.rule_id == "VI1").similarity < 0.9
    assert "" not in {hit.rule_id for hit in hits}


def test_only_allowed_rules_are_found_however_far_they_are(index: RuleIndex) -> None:
    vectors = index.ensure(wide_pack(260), bag_of_words, MODEL)
    allowed = frozenset({"R3", "R151", "R259", "NOT-IN-THE-PACK"})
    assert set(found(vectors, "topic42 example words", 5, allowed)) == {"R3", "R151", "R259"}
    assert found(vectors, "topic151 example words", 2, allowed)[0] == "R151"
    assert found(vectors, "topic42 example words", 1)[0] == "R42"


def test_one_rule_with_many_near_examples_does_not_crowd_out_the_others(index: RuleIndex) -> None:
    crowd = make_rule("R1", "Speaks of apples badly.", [f"apples are bad {n}" for n in range(400)])
    others = [make_rule(f"R{n}", f"Speaks of matter{n}.", (f"matter{n} is bad",)) for n in range(2, 8)]
    hits = index.ensure(make_pack([crowd, *others]), bag_of_words, MODEL).search(bag_of_words(["apples are bad"]), 7)
    assert len(hits[0]) == 7
    assert hits[0][0].rule_id == "R1"


def test_many_rows_give_what_each_gives_alone(small: RuleVectors) -> None:
    asked = bag_of_words([entry.text for entry in entries(small_pack())])
    assert small.search(asked, 4) == [small.search(asked[n : n + 1], 4)[0] for n in range(len(asked))]


@pytest.mark.parametrize(("k", "allowed"), [(0, None), (3, frozenset[str]()), (3, frozenset({"VI6"}))])
def test_nothing_wanted_or_allowed_gives_nothing(small: RuleVectors, k: int, allowed: frozenset[str] | None) -> None:
    assert small.search(bag_of_words(["kill you", "a"]), k, allowed) == [(), ()]


def test_no_rows_give_no_answers(small: RuleVectors) -> None:
    assert small.search(bag_of_words([]), 3) == []


def test_a_single_vector_without_its_row_is_refused(small: RuleVectors) -> None:
    with pytest.raises(ValueError, match=r"shape \(256,\); pass \[n, d\]"):
        small.search(bag_of_words(["a"])[0], 3)


@pytest.mark.parametrize(
    ("encode", "message"),
    [
        (lambda texts: bag_of_words(texts) * 2, "a vector of length 2.0000"),
        (lambda texts: bag_of_words(texts)[1:], "must give one row a text"),
    ],
)
def test_a_wrong_encoder_is_named_and_leaves_nothing_that_counts_as_built(
    index: RuleIndex, encode: Callable[[Sequence[str]], Vectors], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        index.ensure(small_pack(), encode, MODEL)
    assert found(index.ensure(small_pack(), bag_of_words, MODEL), "go and kill yourself")[0] == "VI2"


def test_a_build_that_was_killed_half_way_is_built_again(tmp_path: Path) -> None:
    pack = wide_pack(260)
    child = python(_SLOW, str(tmp_path), MODEL)
    assert child.stdout is not None and child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    index = RuleIndex.open(tmp_path)
    left = index.client.get_collection(collection_name(pack, MODEL), embedding_function=None)
    assert left.count() == BATCH < len(entries(pack))
    vectors = index.ensure(pack, bag_of_words, MODEL)
    assert vectors.collection.count() == len(entries(pack))
    assert all(found(vectors, f"topic{n} example words", 1) == [f"R{n}"] for n in (0, 249, 250, 259))
    index.close()


def test_a_collection_that_lost_entries_is_built_again(index: RuleIndex) -> None:
    index.ensure(small_pack(), bag_of_words, MODEL).collection.delete(ids=["VI2/violating/VI2.v1"])
    vectors = index.ensure(small_pack(), bag_of_words, MODEL)
    assert vectors.search(bag_of_words(["go and kill yourself"]), 1)[0][0].entry_id == "VI2/violating/VI2.v1"


def test_without_the_marker_that_is_written_last_a_full_collection_is_built_again(index: RuleIndex) -> None:
    encode = Counting()
    first = index.ensure(small_pack(), encode, MODEL)
    first.collection.modify(metadata={"entries": first.count})
    second = index.ensure(small_pack(), encode, MODEL)
    assert encode.texts == 2 * first.count
    assert second.collection.metadata["complete"] is True


def test_of_two_processes_at_once_one_builds_and_the_other_waits_for_it(tmp_path: Path) -> None:
    started = [python(_REPORT, str(tmp_path / "index"), MODEL) for _ in range(2)]
    said = [child.communicate(timeout=60)[0].split() for child in started]
    assert sorted(int(texts) for texts, *_ in said) == [0, len(entries(wide_pack(260)))]
    assert [rules for _, *rules in said] == [["R7", "R255"]] * 2


def test_stale_collections_go_oldest_first(index: RuleIndex) -> None:
    names = [index.ensure(pack_of(n), bag_of_words, MODEL).name for n in range(4)]
    index.client.create_collection("somebody-elses", embedding_function=None)
    assert index.drop_stale(2) == tuple(names[:2])
    assert {c.name for c in index.client.list_collections()} == {*names[2:], "somebody-elses"}
    assert index.drop_stale(2) == ()
    with pytest.raises(ValueError, match="keep is -1"):
        index.drop_stale(-1)


def test_dropping_a_collection_frees_its_disk_space(tmp_path: Path) -> None:
    index = RuleIndex.open(tmp_path)
    folders = []
    for pack in (wide_pack(251), wide_pack(252)):
        vectors = index.ensure(pack, bag_of_words, MODEL)
        folders.append({path for path in tmp_path.iterdir() if path.is_dir()})
    index.drop_stale(1)
    assert {path for path in tmp_path.iterdir() if path.is_dir()} == folders[1] - folders[0] != set()
    assert found(vectors, "topic251 example words", 1) == ["R251"]
    index.close()


def test_an_address_with_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="write http://host:port"):
        RuleIndex.open("http://localhost:8000/rules")


@pytest.mark.enable_socket
def test_on_a_server_builders_at_once_finish_what_a_killed_one_began(tmp_path: Path, server: str) -> None:
    pack = wide_pack(260)
    killed = python(_SLOW, server, MODEL)
    assert killed.stdout is not None and killed.stdout.readline() == "half\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    killed.stdout.close()
    clients = [RuleIndex.open(server) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda client: client.ensure(pack, bag_of_words, MODEL), clients))
    assert [found(vectors, "topic255 example words", 1) for vectors in built] == [["R255"]] * 2
    remote, local = clients[0], RuleIndex.open(tmp_path / "local")
    encode = Counting()
    there, here = remote.ensure(pack, encode, MODEL), local.ensure(pack, bag_of_words, MODEL)
    assert encode.texts == 0 and there.collection.count() == len(entries(pack))
    assert found(there, "topic99 example words", 1) == found(here, "topic99 example words", 1) == ["R99"]
    assert remote.drop_stale(0) == (there.name,)
    for index in (*clients, local):
        index.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    import socket
    import urllib.error
    import urllib.request

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [str(chroma), "run", "--path", str(tmp_path / "server"), "--port", str(port)]
    with open(tmp_path / "server.log", "w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


def pack_of(n: int) -> Pack:
    rule: Rule = make_rule("R1", f"Statement number {n} of them.", ("words",))
    return make_pack([rule])


_SLOW = """
import sys, time
from policy_store.index import RuleIndex
from tests.policy_store.small_pack import bag_of_words, wide_pack
calls = []
def slow(texts):
    calls.append(1)
    if len(calls) == 2:
        print("half", flush=True)
        time.sleep(60)
    return bag_of_words(texts)
RuleIndex.open(sys.argv[1]).ensure(wide_pack(260), slow, sys.argv[2])
"""

_REPORT = """
import sys
from policy_store.index import RuleIndex
from tests.policy_store.small_pack import bag_of_words, wide_pack
seen = []
def encode(texts):
    seen.extend(texts)
    return bag_of_words(texts)
vectors = RuleIndex.open(sys.argv[1]).ensure(wide_pack(260), encode, sys.argv[2])
rows = vectors.search(bag_of_words(["topic7 example words", "topic255 example words"]), 1)
print(len(seen), *(row[0].rule_id for row in rows))
"""
