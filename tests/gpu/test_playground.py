"""Programs of the playground on the GPU, through the runner: a card's, and everywhere the stand-in's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from playground.protocol import Detail, Graph, Inspect, Live, LiveResult, Started
from playground.runner import doctor
from playground.runner.client import GPU_WORKER, Runner
from playground.runner.limits import Limits
from tests.gpu.conftest import REAL
from tests.playground.runner.watch import Watch, run, until

STAND_IN = "tests.gpu.processes:serve"
PATIENT = {"wall_soft_s": 60.0, "wall_hard_s": 61.0, "cpu_soft_s": 60, "cpu_hard_s": 62}
"""The stand-in reads the text of every kernel."""
PORTABLE = """\
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
print(device, torch.ones(2).device)
x = torch.linspace(0.0, 1.0, 5, device=device, requires_grad=True)
y = (x * x).sum()
y.backward()
print(x.grad.cpu())
"""
TRAINED = """\
import torch
model = torch.nn.Linear(3, 2).cuda()
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = (model(torch.ones(4, 3, device="cuda")) ** 2).mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(losses[-1] < losses[0] / 2, torch.linalg.inv(torch.eye(2, device="cuda")).sum().item())
"""


@pytest.fixture(
    scope="module",
    params=[
        STAND_IN,
        pytest.param(
            GPU_WORKER,
            marks=[
                pytest.mark.gpu,
                pytest.mark.skipif(REAL is None, reason="there is no CuPy or no CUDA device here"),
            ],
        ),
    ],
)
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """One for all, for it takes seconds until the engine is loaded and warm."""
    limits = Limits(slots=1, gpu="direct", gpu_memory_bytes=2**26, queue_wait_s=60, **PATIENT)
    made = Runner(limits, gpu_entry=request.param)
    made.start()
    try:
        until(lambda: made.health().gpu_warm > 0, f"the card is there: {made.no_gpu()}", 90)
        yield made
    finally:
        made.close()


def ok(watch: Watch) -> Watch:
    assert watch.finished().status == "ok", (watch.errors, watch.finished())
    return watch


def test_a_program_finds_the_card_and_only_what_it_moves_there_is_there(runner: Runner) -> None:
    watch = ok(run(runner, PORTABLE, device="cuda"))
    assert watch.text == "cuda cpu\ntensor([0.0000, 0.5000, 1.0000, 1.5000, 2.0000])\n"
    started = watch.events[0]
    assert isinstance(started, Started)
    assert started.device == "cuda"
    assert not watch.notices
    places = {
        (output.device, node.op)
        for event in watch.events
        if isinstance(event, Graph)
        for node in event.nodes
        for output in node.outputs
    }
    assert ("cuda", "aten::mul") in places


def test_in_a_run_on_the_cpu_there_is_no_card(runner: Runner) -> None:
    watch = ok(run(runner, PORTABLE, device="cpu"))
    assert watch.text.startswith("cpu cpu\n")


def test_a_training_on_the_card(runner: Runner) -> None:
    assert ok(run(runner, TRAINED, device="cuda")).text == "True 2.0\n"


def test_questions_about_a_run_on_the_card(runner: Runner) -> None:
    watch = ok(run(runner, PORTABLE, client="asking", device="cuda"))
    (mul,) = (
        node
        for event in watch.events
        if isinstance(event, Graph)
        for node in event.nodes
        if node.op == "aten::mul"
    )
    runner.send("asking", Inspect(run="r", node=mul.id))
    detail = watch.wait(lambda event: isinstance(event, Detail))
    assert isinstance(detail, Detail)
    assert detail.values[0].data == [0.0, 0.0625, 0.25, 0.5625, 1.0]
    runner.send("asking", Live(run="r", number=1, code=PORTABLE.replace("x * x", "x * 3")))
    assert watch.wait(lambda event: isinstance(event, LiveResult) and event.number == 1)


def test_more_than_a_program_may_hold_is_pytorchs_error(runner: Runner) -> None:
    """Also where it has asked for all there is."""
    code = (
        "import torch\ntorch.cuda.set_per_process_memory_fraction(1.0)\ntorch.ones(5000, 5000, device='cuda')"
    )
    watch = run(runner, code, device="cuda")
    assert watch.finished().status == "error"
    assert watch.errors[0].message.startswith("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate")
    assert "64.00 MiB are allowed here" in watch.errors[0].message
    assert watch.errors[0].line == code.count("\n") + 1


def test_the_doctor_says_what_there_is() -> None:
    served = doctor.find_gpu(Limits(gpu="served", gpu_library="numpy"))
    assert " ".join(served.split()) == "there a GPU for programs NumPy"
    assert " ".join(doctor.find_gpu(Limits(), STAND_IN).split()) == "there a GPU for programs stand-in"


def test_without_cupy_the_program_runs_on_the_cpu_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", "missing")
    runner = Runner(Limits(slots=1, gpu="direct", queue_wait_s=60), gpu_entry=STAND_IN)
    runner.start()
    try:
        watch = ok(run(runner, PORTABLE, device="cuda"))
        assert watch.text.startswith("cpu cpu\n")
        assert [notice.message for notice in watch.notices] == [
            "There is no GPU here; the program runs on the CPU."
        ]
        assert runner.no_gpu().startswith("Programs cannot use a GPU here: cupy is not installed (`make gpu`")
    finally:
        runner.close()
