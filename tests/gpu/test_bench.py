"""The benchmarks on a GPU, without one: that each runs on a device and copies nothing, and what the table says."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

import engine
from bench import gpu, worker
from engine import backend
from tests.gpu import standin

SMALL = {"copy": gpu.copying(64), "matmul": gpu.matmul(8)}
ELEMENTS = 40_000
"""More than gradients that are filled instead of expanded."""
SMALL |= {name: gpu.elementwise(ELEMENTS) for name in ("elementwise-1m", "elementwise-100m")}
WORKLOADS = {**gpu.WORKLOADS, **SMALL}
TRAINING = ("tiny-model", "cnn", "transformer")
CARD = gpu.Card("a card", 2e12, 5e13)


@pytest.mark.parametrize("name", [n for n in WORKLOADS if n != "tiny-model-captured"])
def test_a_step_is_the_host_s_and_copies_nothing(cupy: Any, name: str) -> None:
    expected = [worker.number(step()) for step in [WORKLOADS[name].build(engine)] for _ in range(3)]
    with engine.device("cuda"):
        step = WORKLOADS[name].build(engine)
    made = []
    for _ in range(3):
        with standin.watched() as transfers:
            value = step()
            assert not transfers.down
        assert value.is_cuda
        made.append(worker.number(value))
    np.testing.assert_allclose(made, expected, rtol=1e-3)
    assert all(map(math.isfinite, made))
    if name in TRAINING:
        assert made[2] < made[1] < made[0]


def test_a_captured_step_is_the_step(cupy: Any) -> None:
    engine.cuda.graph.default_capture_stream = None
    with engine.device("cuda"):
        step, captured = gpu.WORKLOADS["tiny-model"].build(engine), gpu.captured(engine)
        losses = [worker.number(step()) for _ in range(6)]
        assert [worker.number(captured()) for _ in range(3)] == pytest.approx(losses[3:], rel=1e-3)


def test_bytes_are_those_that_are_moved(stand_in: Any) -> None:
    for name in ("copy", "elementwise-1m", "matmul"):
        with engine.device("cuda"):
            step = WORKLOADS[name].build(engine)
        step()
        with standin.watched() as transfers:
            step()
            assert transfers.moved == pytest.approx(WORKLOADS[name].moved, rel=0.01), name


def test_operations_of_a_product() -> None:
    assert gpu.matmul(4096).flops == 137_438_953_472
    assert gpu.WORKLOADS["matmul"].moved == 3 * 4 * 4096 * 4096


def test_limits_of_a_card() -> None:
    """Of an A100 with 40 GB, whose data sheet says 1,555 GB/s and 19.5 TFLOP/s."""
    a100 = {"MultiProcessorCount": 108, "ClockRate": 1_410_000, "MemoryClockRate": 1_215_000}
    card = gpu.card_of("A100", "80", {**a100, "GlobalMemoryBusWidth": 5120})
    assert card.bandwidth == pytest.approx(1555e9, rel=1e-3)
    assert card.arithmetic == pytest.approx(19.5e12, rel=1e-2)
    assert gpu.card_of("", "89", {**a100, "GlobalMemoryBusWidth": 1}).arithmetic == 2 * card.arithmetic


RESULTS: dict[str, dict[str, float]] = {
    "copy": {"engine-cuda": 0.8e-3, "torch-cuda": 0.8e-3},  # 1 TB/s
    "chain": {"engine-cuda": 15e-3, "torch-cuda": 20e-3},
    "elementwise-100m": {"engine-cuda": 5.5e-3, "torch-cuda": 5.5e-3},  # 4.4 GB, 0.8 TB/s
    "matmul": {"engine-cuda": 5.49755813888e-3, "torch-cuda": 2.74877906944e-3},  # 25 TFLOP/s
}


def test_the_table_says_what_was_reached() -> None:
    header, copy, chain, elementwise, matmul = gpu.rows(RESULTS, CARD)
    assert {len(row) for row in (copy, chain, elementwise, matmul)} == {len(header)}
    assert copy[1:] == ["800", "800", "1.00", "1.1", "1,000", "100%", "", ""]
    assert chain[1:] == ["15,000", "20,000", "0.75", "1.5", "", "", "", ""]
    assert elementwise[1:] == ["5,500", "5,500", "1.00", "1.1", "800", "80%", "", ""]
    assert matmul[1:] == ["5,498", "2,749", "2.00", "1.1", "37", "", "25.0", "50%"]
    assert gpu.missed(RESULTS) == ["- matmul 4,096: 2.00 of PyTorch; the target is 1.1."]
    slow = {**RESULTS, "elementwise-100m": {"engine-cuda": 6e-3}}
    assert any("73% of a copy's bandwidth" in line for line in gpu.missed(slow))


def test_the_report_names_the_card_and_what_is_missing() -> None:
    text = gpu.report(RESULTS, CARD, "CuPy 14", "")
    assert "Measured on a card (at most 2,000 GB/s and 50.0 TFLOP/s of float32); CuPy 14." in text
    assert "Nothing to compare" not in text
    alone = {name: {"engine-cuda": times["engine-cuda"]} for name, times in RESULTS.items()}
    text = gpu.report(alone, CARD, "CuPy 14", "PyTorch is not installed beside the engine")
    assert "Nothing to compare with: PyTorch is not installed beside the engine." in text
    assert [row[2:4] for row in gpu.rows(alone, CARD)[1:]] == [["n/a", "n/a"]] * len(alone)
    assert "- none." in text


def test_without_a_device_it_says_so_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "cupy", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bench.gpu", "--write"])
    before = gpu.RESULTS.exists()
    with pytest.raises(
        SystemExit, match=r"^bench-gpu: there is no CUDA device here, .*nothing was measured\.$"
    ):
        gpu.main()
    assert gpu.RESULTS.exists() == before


def test_a_worker_without_pytorch_s_cuda_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    build, version = worker.builder("torch-cuda")
    with pytest.raises(Exception, match="PyTorch is not installed"):
        build("chain")
    assert not version


def test_the_clock_starts_and_stops_on_an_idle_card(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []
    monkeypatch.setattr(engine.cuda, "synchronize", lambda: waited.append(True))
    assert worker.timed(lambda: None, 3, worker.clock_of("engine-cuda")) > 0
    assert len(waited) == 2
