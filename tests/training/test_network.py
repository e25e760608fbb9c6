"""The network on a tiny checkpoint: what it says of a pair depends on that pair, and its losses are numbers."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sklearn")

from tests.policy_store.small_pack import small_pack  # noqa: E402
from training.joint import (  # noqa: E402
    MAX_CASE_TOKENS,
    SHARES,
    TERMS,
    Pair,
    Trainer,
    pairs_of,
    reader_terms,
    tower_terms,
)
from training.mixture import OVERALL, Item, apart, batches  # noqa: E402
from training.network import SHARED, WIDTH, Answers, Dropout, Network, through  # noqa: E402
from training.public import UNGRADED  # noqa: E402

RULES = {r.id: r for r in small_pack().rules if r.raises is None}
TEXTS = ["i will kill you tomorrow", "send me a pin", "a lemon cake and rain, and then much more of the rain"]
LAWS = ["VI1", OVERALL, "No pictures of cats, and none of dogs."]
ITEMS = [
    Item(TEXTS[0], {OVERALL: 1.0, "VI1": 1.0}, 70, "direct", ("kill you",), "a", "VI", True),
    Item("watch your back", {OVERALL: 1.0, "VI1": 1.0}, 40, "joke", ("back",), "a", "VI", True),
    Item(TEXTS[1], {OVERALL: 0.5, "SC1": 0.5}, 30, "request", (), "b", "SC", True),
    Item(TEXTS[2], {OVERALL: 0.0}, 0, "neutral", (), "c", "no", True),
    Item("look at my cat", {"No pictures of cats.": 1.0}, 10, None, ("cat",), "d", "custom", False),
    Item(
        "fools all", {"set:surge_toxicity": 1.0, "HR1": 1.0, OVERALL: 1.0}, UNGRADED, None, (), "e", "set", False, 0.6
    ),
]


@pytest.fixture(scope="module")
def trainer(base: Path) -> Trainer:
    torch.manual_seed(2)
    found = Trainer(str(base), RULES, SHARES)
    torch.nn.init.normal_(found.network.reader.side, std=0.1)
    found.network.eval()
    return found


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        yield
    torch.set_num_threads(threads)


def answers(trainer: Trainer, texts: list[str], laws: list[str], pairs: list[tuple[int, int]]) -> Answers:
    with torch.inference_mode():
        t = trainer.tokens(texts, MAX_CASE_TOKENS)
        x = trainer.network.lower(t["input_ids"], t["attention_mask"])
        return trainer.read(
            x, t["attention_mask"], trainer.laws(laws, None), [Pair(i, j, 0, 0, True) for i, j in pairs]
        )


def length(trainer: Trainer, text: str) -> int:
    return len(trainer.tokens([text], MAX_CASE_TOKENS)["input_ids"][0])


def same(a: "torch.Tensor", b: "torch.Tensor") -> bool:
    return torch.allclose(a, b, atol=1e-3)


def test_the_tokenizer_of_the_tiny_checkpoint_knows_the_letters(trainer: Trainer) -> None:
    ids = trainer.tokens(TEXTS, MAX_CASE_TOKENS)["input_ids"]
    assert trainer.tokenizer.unk_token_id not in ids
    assert len({length(trainer, t) for t in TEXTS}) == len(TEXTS)


def test_an_answer_does_not_depend_on_padding_or_on_the_other_pairs(trainer: Trainer) -> None:
    every = [(i, j) for i in range(len(TEXTS)) for j in range(len(LAWS))]
    together = answers(trainer, TEXTS, LAWS, every)
    assert len({round(h, 3) for h in together.hit.tolist()}) == len(every)
    for n, (i, j) in enumerate(every):
        alone = answers(trainer, [TEXTS[i]], [LAWS[j]], [(0, 0)])
        assert same(alone.hit[0], together.hit[n]) and same(alone.severity[0], together.severity[n])
        assert same(alone.stance[0], together.stance[n])
        assert same(alone.evidence[0], together.evidence[n, : length(trainer, TEXTS[i])])


def test_the_order_of_pairs_is_the_order_of_answers(trainer: Trainer) -> None:
    there = answers(trainer, TEXTS, LAWS, [(0, 0), (1, 2), (2, 1)])
    back = answers(trainer, TEXTS, LAWS, [(2, 1), (1, 2), (0, 0)])
    assert same(there.hit, back.hit.flip(0))


def test_the_states_of_a_law_depend_on_neither_case_nor_other_laws(trainer: Trainer) -> None:
    with torch.inference_mode():
        together = trainer.laws(LAWS, None)
        alone = trainer.laws(LAWS[:1], None)
        size = int(alone.mask.sum())
        assert together.states.shape[:2] == (len(LAWS), 6 - SHARED)
        assert same(alone.states[0], together.states[0, :, :size])
        assert same(alone.vectors[0], together.vectors[0])
        before = together.states.clone()
        answers(trainer, TEXTS, LAWS, [(0, 0), (1, 1)])
        assert torch.equal(before, trainer.laws(LAWS, None).states)


def test_without_a_law_the_layers_are_those_of_the_plain_model(trainer: Trainer) -> None:
    net = trainer.network
    t = trainer.tokens(TEXTS, MAX_CASE_TOKENS)
    ids, mask = t["input_ids"], t["attention_mask"]
    with torch.inference_mode():
        x = net.lower(ids, mask)
        vectors, states = net.tower(x, mask)
        whole = net.body(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        for n in range(6 - SHARED):
            plain = whole.hidden_states[SHARED + n]
            assert same(states[:, n][mask.bool()], plain[mask.bool()])
        last = whole.last_hidden_state
        assert same(through(net.body.encoder.layer[-1], states[:, -1], mask)[mask.bool()], last[mask.bool()])
        share = mask.unsqueeze(-1).float()
        mean = torch.nn.functional.normalize((last * share).sum(1) / share.sum(1), dim=-1)
        assert same(vectors, mean) and same(vectors.norm(dim=-1), torch.ones(len(TEXTS)))


def test_a_law_that_is_masked_out_is_no_law(trainer: Trainer) -> None:
    net = trainer.network
    t = trainer.tokens(TEXTS, MAX_CASE_TOKENS)
    mask = t["attention_mask"]
    with torch.inference_mode():
        x = net.lower(t["input_ids"], mask)
        layer = net.reader.layers[0]
        hidden = torch.randn(len(TEXTS), 5, WIDTH)
        blank = torch.cat([mask, torch.zeros(len(TEXTS), 5, dtype=mask.dtype)], 1)
        seen = torch.cat([mask, torch.ones(len(TEXTS), 5, dtype=mask.dtype)], 1)
        assert same(through(layer, x, blank, (hidden, hidden)), through(layer, x, mask))
        assert not same(through(layer, x, seen, (hidden, hidden)), through(layer, x, mask))


def test_the_reader_starts_as_the_upper_layers_and_goes_its_own_way(base: Path) -> None:
    net = Network(str(base))
    for mine, upper in zip(net.reader.layers, net.body.encoder.layer[SHARED:], strict=True):
        for a, b in zip(mine.parameters(), upper.parameters(), strict=True):
            assert torch.equal(a, b) and a is not b


def test_a_step_of_training_lowers_the_loss_and_leaves_no_nan(base: Path) -> None:
    torch.manual_seed(3)
    learner = Trainer(str(base), RULES, SHARES)
    learner.network.train()
    weights = [p for p in learner.network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=1e-3)
    batch = [i for i in ITEMS if "HR1" not in i.truths]
    loss, terms = learner.loss(batch, 6, random.Random(1))
    assert len(terms) == len(TERMS)
    assert all(torch.isfinite(t) and t >= 0 for t in (loss, *terms))
    assert all(float(t.detach()) > 0 for t in terms)
    loss.backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in weights)
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
    assert all(torch.isfinite(p).all() for p in weights)
    after, _ = learner.loss(batch, 6, random.Random(1))
    assert after < loss


def test_narrow_products_change_little_and_leave_losses_in_full_width(base: Path) -> None:
    said = []
    for narrow in (False, True):
        torch.manual_seed(3)
        learner = Trainer(str(base), RULES, SHARES, narrow)
        learner.network.eval()
        laws, t = learner.laws(LAWS, None), learner.tokens(TEXTS, MAX_CASE_TOKENS)
        x, vectors = learner.vectors(t["input_ids"], t["attention_mask"])
        answers = learner.read(x, t["attention_mask"], laws, [Pair(i, i, 0, 0, True) for i in range(3)])
        loss, terms = learner.loss(ITEMS, 6, random.Random(1))
        assert all(n.dtype == torch.float32 for n in (vectors, *answers, loss, *terms))
        said.append((vectors, answers.hit, answers.severity))
    (wide, hit, severity), (narrow_vectors, *narrow_said) = said
    assert not torch.equal(wide, narrow_vectors)
    assert (
        float((wide * narrow_vectors).sum(1).min().detach()) > 0.95
    )  # random weights, so more than in a trained network
    for a, b in zip((hit, severity), narrow_said, strict=True):
        torch.testing.assert_close(a, b, atol=0.2, rtol=0.0)


def test_a_share_is_dropped_while_training_and_the_mean_stays() -> None:
    torch.manual_seed(5)
    drop, ones = Dropout(0.1), torch.ones(403, 501)
    kept = drop(ones)
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.005)
    for column in range(8):  # no byte of a word is another's copy, nor less random
        assert float((kept.flatten()[column::8] == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert torch.equal(drop.eval()(ones), ones) and torch.equal(Dropout(0.0)(ones), ones)


def test_a_network_has_no_dropout_but_ours(base: Path) -> None:
    assert not [m for m in Network(str(base)).modules() if isinstance(m, torch.nn.Dropout)]


def test_a_scene_that_is_held_out_leaves_no_rule_and_no_line() -> None:
    sets = {"one": [ITEMS[0], ITEMS[3]], "two": [ITEMS[1]]}
    rules, own, left = apart("VI", RULES, ITEMS, sets)
    assert {r.scene for r in rules.values()} == {r.scene for r in RULES.values()} - {"VI"}
    assert own == [i for i in ITEMS if i.topic != "VI" and not {"VI1", "VI2"} & i.truths.keys()] and 0 < len(own)
    assert left == {"one": [ITEMS[3]]}
    with pytest.raises(ValueError, match="no rule of scene 'ZZ'; scenes are"):
        apart("ZZ", RULES, ITEMS, sets)


def test_a_term_that_is_left_out_adds_nothing(base: Path, trainer: Trainer) -> None:
    shares, rng = trainer.shares, random.Random
    try:
        trainer.shares = dict.fromkeys(TERMS, 0.0)
        assert float(trainer.loss(ITEMS[:4], 4, rng(1))[0].detach()) == 0.0
        trainer.shares = dict.fromkeys(TERMS, 0.0) | {"hit": 2.0}
        loss, terms = trainer.loss(ITEMS[:4], 4, rng(1))
        assert float(loss.detach()) == pytest.approx(2 * float(terms[TERMS.index("hit")].detach()))
    finally:
        trainer.shares = shares


def test_a_batch_with_nothing_broken_has_a_finite_loss(trainer: Trainer) -> None:
    clean = [ITEMS[3]._replace(text=text) for text in TEXTS]
    loss, terms = trainer.loss(clean, 3, random.Random(1))
    assert torch.isfinite(loss) and all(torch.isfinite(t) for t in terms)
    assert [float(t.detach()) for t in terms[1:2]] == [0.0]


def test_scores_that_agree_with_what_is_known_cost_less() -> None:
    keys = ["VI1", "SC1", OVERALL]
    good = torch.tensor([[4.0, -4.0, 0.0], [-4.0, 4.0, 0.0]])
    items = [ITEMS[0], Item("pin", {OVERALL: 1.0, "SC1": 1.0}, 30, None, (), "z", "SC", True)]
    right, wrong = tower_terms(good, items, keys, RULES), tower_terms(-good, items, keys, RULES)
    assert right[0] < wrong[0] and right[1] < wrong[1]
    # The overall question is the reader's: what the tower says of it costs nothing.
    off = good + torch.tensor([0.0, 0.0, 9.0])
    assert [float(t) for t in tower_terms(off, items, keys, RULES)] == pytest.approx([float(t) for t in right])


def test_pairs_are_the_own_laws_and_one_rule_that_is_not_broken() -> None:
    keys = ["VI1", "SC1", "VI2", OVERALL, "No pictures of cats."]
    logits = torch.zeros(len(ITEMS[:5]), len(keys))
    for seed in range(20):
        pairs = pairs_of(ITEMS[:5], keys, logits, RULES, random.Random(seed))
        for p in pairs:
            truths = ITEMS[p.case].truths
            assert p.own == (keys[p.law] in truths)
            assert p.truth == truths.get(keys[p.law], 0.0) and p.weight > 0
        assert {(p.case, keys[p.law]) for p in pairs} >= {(0, "VI1"), (1, "VI1"), (4, "No pictures of cats.")}
        assert sum(not p.own for p in pairs if p.case == 0) <= 1
        assert all(keys[p.law] in RULES for p in pairs if not p.own and p.case < 4)


def test_words_that_are_evidence_are_to_be_marked() -> None:
    item = ITEMS[1]
    offsets = [[(0, 0), (0, 5), (6, 10), (11, 15), (0, 0)]]
    pairs = [Pair(0, 0, 1.0, 1.0, True)]

    def cost(evidence: list[float]) -> float:
        said = Answers(
            torch.zeros(1), torch.zeros(1), torch.zeros(1, 10), torch.tensor([evidence], dtype=torch.float32)
        )
        return float(reader_terms(said, pairs, [item], offsets)[-1])

    assert cost([0, -4, -4, 4, 0]) < cost([0, 4, 4, -4, 0])
    assert cost([9, -4, -4, 4, -9]) == cost([0, -4, -4, 4, 0])  # tokens without words do not count


def test_batches_hold_every_line_once_with_families_side_by_side() -> None:
    rng = random.Random(4)
    data = [ITEMS[n % 4]._replace(text=f"text {n} " * (1 + n % 9), family=f"f{n // 2}") for n in range(120)]
    found = batches(data, 12, rng)
    texts = [item.text for b in found for item in b]
    assert len(texts) == len(set(texts)) and len(texts) >= len(data) - 3
    assert all(3 < len(b) <= 12 for b in found)
    together = sum(len({i.family for i in b}) < len(b) for b in found)
    assert together == len(found)
