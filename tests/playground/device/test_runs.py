"""A sealed child whose CUDA tensors are served: through the whole runner, with NumPy behind the server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from playground.protocol import Profile, Started
from playground.runner.client import Runner
from playground.runner.device import DeviceServer
from playground.runner.limits import Limits
from tests.playground.device.serving import device_servers
from tests.playground.runner.watch import Watch, start, until, until_ready

TRAINING = """
import torch
from torch import nn
torch.manual_seed(0)
where = WHERE
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)).to(where)
x = torch.randn(64, 2).to(where)
y = (x[:, :1] * x[:, 1:]).sign().clamp(min=0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        print(step, f"{loss.item():.5f}")
print(next(model.parameters()).is_cuda, ((model(x) > 0) == (y > 0.5)).float().mean().item())
"""


PATIENT: dict[str, Any] = {"wall_soft_s": 60.0, "wall_hard_s": 61.0, "cpu_soft_s": 60, "cpu_hard_s": 62}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner(
        Limits(
            slots=2, lingering=20, gpu="served", gpu_library="numpy", gpu_memory_bytes=230 << 20, **PATIENT
        )
    )
    made.start()
    until_ready(made)
    _with_gpu(made)
    yield made
    made.close()


def _with_gpu(runner: Runner) -> None:
    until = time.monotonic() + 60
    while runner.no_gpu():
        assert time.monotonic() < until, runner.no_gpu()
        time.sleep(0.01)


def _run(runner: Runner, code: str, client: str = "c", *, device: str = "cuda") -> Watch:
    watch = start(runner, code, client=client, device=device)  # type: ignore[arg-type]
    watch.finished()
    return watch


def test_a_training_prints_what_the_cpu_prints(runner: Runner) -> None:
    there = _run(runner, TRAINING.replace("WHERE", "'cuda'"))
    assert there.finished().status == "ok", there.events
    assert any(isinstance(e, Started) and e.device == "cuda" for e in there.events)
    here = _run(runner, TRAINING.replace("WHERE", "'cpu'"), device="cpu")
    assert here.finished().status == "ok", here.events
    assert there.text.count("\n") == 7
    assert "True" in there.text
    assert there.text.replace("True", "False") == here.text
    profile, on_cpu = _profile(there), _profile(here)
    times = {row.name: row.cuda for row in profile.by_op}
    assert times["aten::linear"] == times["aten::addmm"] > 0
    assert times["TanhBackward0"] > 0
    assert times["Optimizer.step#Adam.step"] > 0
    assert len(profile.kernels) > 60
    assert all(kernel.start + kernel.duration > kernel.launched for kernel in profile.kernels)
    assert on_cpu.kernels == []
    assert not any(row.cuda for row in on_cpu.by_op)


def _profile(watch: Watch) -> Profile:
    return next(event for event in watch.events if isinstance(event, Profile))


def test_a_run_on_the_cpu_has_no_device(runner: Runner) -> None:
    assert _run(runner, "import torch\nprint(torch.cuda.is_available())", device="cpu").text == "False\n"


def test_the_card_is_named_and_the_child_sealed(runner: Runner) -> None:
    code = """
import torch, os
print(torch.cuda.get_device_name(), torch.cuda.device_count())
kept = torch.ones(2, device="cuda")
print(torch.cuda.memory_allocated(), kept.sum())
try:
    os.open("/etc/passwd", 0)
except OSError as problem:
    print(type(problem).__name__)
import socket
try:
    socket.socket()
except OSError as problem:
    print(type(problem).__name__)
"""
    watch = _run(runner, code)
    expected = "NumPy 1\n512 tensor(2., device='cuda:0')\nPermissionError\nPermissionError\n"
    assert watch.text == expected, (watch.text, watch.errors)


def test_who_takes_too_much_memory_is_told_in_pytorchs_words(runner: Runner) -> None:
    code = """
import torch
kept = []
try:
    while True:
        kept.append(torch.ones((1 << 20) - 1024, device="cuda"))
        torch.cuda.synchronize()
except torch.OutOfMemoryError as error:
    print(len(kept), str(error)[:35])
kept.clear()
print(torch.ones(3, device="cuda").sum().item())
"""
    watch = _run(runner, code)
    assert watch.text.endswith("CUDA out of memory. Tried to alloca\n3.0\n"), (watch.text, watch.errors)


def test_who_comes_next_finds_room_on_the_card(runner: Runner) -> None:
    """Runs that are over keep their arrays for questions about them, but not where others need them."""
    keep = """
import torch
kept = torch.empty(55, 1 << 20, device="cuda", requires_grad=True)
taken = kept[0, :2].sum()
print(len(kept), taken.item())
"""
    clients = ["first", "second", "third", "fourth", "fifth"]  # more than there is room for
    for client in clients:
        until(lambda client=client: _run(runner, keep, client).text == "55 0.0\n", "there is room")  # type: ignore[misc]
    for client in clients:
        runner.disconnect(client)


def test_one_operation_is_over_before_a_server_is_thought_to_hang(runner: Runner) -> None:
    code = """
import torch
try:
    print(torch.ones(1, device="cuda").expand(1 << 33).sum())
except RuntimeError as error:
    print(type(error).__name__)
"""
    assert _run(runner, code).text == "OutOfMemoryError\n"


def test_a_server_that_no_signal_ends_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one in a driver that hangs: it is reaped when it is dead, and nobody waits until then."""

    async def lose_it() -> None:
        ready = asyncio.Event()
        server = DeviceServer(Limits(gpu="served", gpu_library="numpy"), ready.set)
        server.start()
        await asyncio.wait_for(ready.wait(), 60)
        pid, reaped = server.pid, asyncio.Event()
        really_wait = subprocess.Popen.wait

        def wait(process: subprocess.Popen[bytes]) -> None:
            dead = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            assert dead, "this would be waited for for ever"
            really_wait(process)
            reaped.set()

        with monkeypatch.context() as patch:
            patch.setattr(subprocess.Popen, "kill", lambda _: None)
            patch.setattr(subprocess.Popen, "wait", wait)
            server.close()
            assert not reaped.is_set()
            os.kill(pid, signal.SIGKILL)
            await asyncio.wait_for(reaped.wait(), 60)
        assert not os.path.exists(f"/proc/{pid}")

    asyncio.run(lose_it())


def test_arbitrary_bytes_on_the_socket_end_that_run_alone(runner: Runner) -> None:
    """As machine code in a child would: past every library of ours."""
    other = start(runner, TRAINING.replace("WHERE", "'cuda'"), client="other", device="cuda")
    code = """
import os, torch
torch.ones(2, device="cuda").sum().item()
os.write(6, b"\\xff" * 64)
print(torch.ones(2, device="cuda").sum())
"""
    watch = _run(runner, code, client="hostile")
    assert watch.finished().status == "error"
    assert "the GPU has ended this run" in str(watch.events)
    assert other.finished().status == "ok", other.events
    assert "True" in other.text


def test_a_server_that_dies_is_told_to_its_runs_and_replaced(runner: Runner) -> None:
    code = """
import torch, time
a = torch.ones(3, device="cuda")
print(a.sum().item(), flush=True)
while True:
    a = (a + 1).clamp(max=5.0)
    a.sum().item()
"""
    watch = start(runner, code, device="cuda")
    watch.wait(lambda event: "3.0" in watch.text, "its first line")
    servers = device_servers(os.getpid())
    assert servers
    for process in servers:
        os.kill(process, signal.SIGKILL)
    assert watch.finished().status == "error"
    assert "CUDA error" in str(watch.events)
    profile = _profile(watch)  # without the times that nobody has any more
    assert profile.by_op
    assert profile.kernels == []
    _with_gpu(runner)
    again = _run(runner, "import torch\nprint(torch.ones(4, device='cuda').sum().item())")
    assert again.text == "4.0\n"
