"""Going on from what ships, and the mean of networks."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from training.export import export  # noqa: E402
from training.mean import mean  # noqa: E402
from training.network import Network  # noqa: E402
from training.warm import weights  # noqa: E402


@pytest.fixture(scope="module")
def shipped(base: Path, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Network, Path]":
    from transformers import AutoTokenizer

    run, out = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("weights")
    torch.manual_seed(4)
    network = Network(str(base))
    with torch.no_grad():  # rows of zeros alone would be one row in the file
        for row in network.parameters():
            row += torch.randn_like(row) * 0.05 if row.dim() == 1 or row is network.reader.side else 0.0
    torch.save(network.state_dict(), run / "network.pt")
    AutoTokenizer.from_pretrained(base).save_pretrained(run)
    export(run, str(base), out)
    return network, out


def test_every_weight_comes_back_from_the_int8_files_within_a_step(shipped: "tuple[Network, Path]") -> None:
    network, out = shipped
    found = weights(out / "bi-encoder.onnx", out / "cross-encoder.onnx")
    missing = set(network.state_dict()) - set(found)
    assert not [name for name in missing if name.startswith(("reader.", "body.encoder.", "body.embeddings.word"))]
    for name, exact in network.state_dict().items():
        if name in found:
            step = float(exact.abs().max()) / 127
            torch.testing.assert_close(found[name], exact, atol=step, rtol=0.0, msg=lambda m, n=name: f"{n}: {m}")


def test_the_sides_of_a_law_come_back_exactly(shipped: "tuple[Network, Path]") -> None:
    network, out = shipped
    assert torch.equal(weights(out / "cross-encoder.onnx")["reader.side"], network.reader.side)


def test_the_mean_weighs_networks_by_their_shares() -> None:
    one, two = {"a": torch.tensor([1.0, 3.0]), "n": torch.tensor(5)}, {"a": torch.tensor([3.0, 7.0])}
    found = mean([one, two], [0.25, 0.75])
    assert found["a"].tolist() == [2.5, 6.0] and int(found["n"]) == 5


def test_what_one_network_alone_holds_is_taken_as_it_is() -> None:
    found = mean([{"a": torch.ones(2)}, {"a": torch.zeros(2), "scale": torch.tensor(12.0)}], [0.7, 0.3])
    assert float(found["scale"]) == pytest.approx(12.0) and found["a"].tolist() == pytest.approx([0.7, 0.7])


@pytest.mark.parametrize("shares", [[0.5], [0.5, 0.6], [1.5, -0.5], []])
def test_shares_that_are_not_shares_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="of 2 networks; pass one each, adding up to 1"):
        mean([{}, {}], shares)
