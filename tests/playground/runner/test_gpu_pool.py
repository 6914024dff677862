"""Programs on the GPU: processes of their own, started ahead. The card is none, but everything else is real."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from playground.protocol import Detail, Event, Inspect, Output
from playground.runner import wire
from playground.runner.client import Runner
from playground.runner.limits import Limits
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import (
    SMALL_WORKER,
    Watch,
    children,
    dead,
    gone,
    printed,
    run,
    start,
    until,
)

GPU = "tests.playground.runner.small_gpu:run_program"
PID = "import os\nprint(os.getpid())"
HANG = f"{PID}\nimport cupy\ncupy.hang()"
WHERE = """\
import json, os, resource, stat
with open("/proc/self/status") as lines:
    status = dict(line.split(":", 1) for line in lines)
names = ("AS", "CORE", "CPU", "DATA")
limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
def kind(number):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return None
    return "pipe" if stat.S_ISFIFO(mode) else "device" if stat.S_ISCHR(mode) else "another"
kinds = [kind(number) for number in range(256)]
print(json.dumps({"parent": os.getppid(), "environ": dict(os.environ), "limits": limits, "kinds": kinds,
    "capabilities": status["CapEff"].strip(), "privileges": status["NoNewPrivs"].strip(), "nice": os.nice(0)}))
"""


def held(runner: Runner) -> None:
    """Wait until the card is there for programs."""
    until(lambda: runner.health().gpu_warm >= 1, "a process holds the card")


@pytest.fixture(scope="module")
def shared() -> Iterator[Runner]:
    """One runner for all tests that leave it as it was."""
    limits = Limits(slots=2, wall_soft_s=60, wall_hard_s=61, gpu="direct")
    made = Runner(limits, entry=SMALL_WORKER, gpu_entry=GPU)
    made.start()
    yield made
    made.close()


@pytest.fixture
def runner(shared: Runner) -> Runner:
    """At rest: one process is warm, and nothing is left of the tests before."""
    for client in ("c", "gpu", "waiting", "a", "b"):
        shared.disconnect(client)

    def at_rest() -> bool:
        health = shared.health()
        alone = len(children(health.supervisor) - {health.zygote}) == 1
        return (
            health.ready and health.parked > 0 and (health.gpu_workers, health.gpu_warm) == (1, 1) and alone
        )

    until(at_rest, "the runner is at rest")
    return shared


def on_gpu(runner: Runner, code: str, *, client: str = "gpu", run: str = "r") -> Watch:
    """Start a program that asks for the GPU."""
    return start(runner, code, client=client, run=run, device="cuda")


def pid_of(watch: Watch) -> int:
    event = watch.wait(printed(watch))
    assert isinstance(event, Output)
    return int(event.text)


def test_a_program_has_a_process_of_its_own_that_was_there_before(runner: Runner) -> None:
    health = runner.health()
    assert (health.no_gpu, health.gpu, health.gpu_workers, health.gpu_warm) == ("", "a card of paper", 1, 1)
    assert runner.no_gpu() == ""
    (warm,) = children(health.supervisor) - {health.zygote}
    first = run(runner, PID, device="cuda")
    assert first.finished().status == "ok"
    assert int(first.text) == warm
    until(lambda: gone(warm), "it has run one program, and ended")
    held(runner)
    assert int(run(runner, PID, device="cuda").text) not in (warm, 0)
    assert (
        "cupy" not in run(runner, "import sys\nprint([name for name in sys.modules if 'cupy' in name])").text
    )
    (parent,) = {int(run(runner, "import os\nprint(os.getppid())", device="cpu").text)}
    assert parent == health.zygote


def test_what_such_a_process_may(make_runner: MakeRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SECRET_KEY", "secret")
    runner = make_runner(gpu_entry=GPU)
    held(runner)
    watch = run(runner, WHERE, device="cuda")
    assert watch.finished().status == "ok", watch.errors
    said = json.loads(watch.text)
    assert said["parent"] == runner.health().supervisor
    assert said["environ"].pop("CUDA_VISIBLE_DEVICES") == "0"
    assert set(said["environ"]) <= {
        *("PATH", "PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"),
        *(
            "OPENBLAS_NUM_THREADS",
            "OMP_NUM_THREADS",
            "MKL_NUM_THREADS",
            "LD_LIBRARY_PATH",
            "CUPY_CACHE_IN_MEMORY",
        ),
    }
    assert said["limits"]["AS"] == [-1, -1]
    assert said["limits"]["CORE"] == [0, 0]
    assert 10 <= said["limits"]["CPU"][0] < 40
    assert 2**28 < said["limits"]["DATA"][0] < 2**32
    assert (said["capabilities"], said["privileges"], said["nice"]) == ("0" * 16, "1", 19)
    # /dev/null, output, frames, commands and faults, and nothing else of ours.
    assert said["kinds"] == ["device", *5 * ["pipe"], *250 * [None]]


def test_a_kernel_that_hangs_is_ended(make_runner: MakeRunner) -> None:
    runner = make_runner(gpu_entry=GPU)
    watch = on_gpu(runner, HANG)
    pid = pid_of(watch)
    last = watch.finished()
    assert last.status == "timeout"
    assert last.message == "The run was stopped at line 4: it took longer than 1.5 s."
    until(lambda: gone(pid), "its process is dead and reaped")


def test_stop_ends_a_kernel_that_hangs_and_the_cpu_goes_on_meanwhile(runner: Runner) -> None:
    watch = on_gpu(runner, HANG)
    pid = pid_of(watch)
    held(runner)
    waiting = on_gpu(runner, "print('next')", client="waiting")
    assert run(runner, "print('cpu')").text == "cpu\n"
    assert runner.health().gpu_running == 1
    assert not waiting.text
    runner.cancel("gpu", "r")
    assert watch.finished().status == "cancelled"
    assert waiting.finished().status == "ok"
    assert waiting.text == "next\n"
    until(lambda: gone(pid), "its process is dead and reaped")


def test_more_than_the_card_may_hold_is_told(make_runner: MakeRunner) -> None:
    runner = make_runner(gpu_entry=GPU, gpu_memory_bytes=2**20)
    held(runner)
    enough = "import cupy\ncupy.alloc(2**19)\nprint('fits')"
    assert run(runner, enough, device="cuda").text == "fits\n"
    watch = run(runner, "import cupy\ncupy.alloc(2**19)\ncupy.alloc(2**20)", device="cuda")
    assert watch.finished().status == "memory"
    assert "allocating 1,048,576 bytes" in watch.errors[0].message
    assert watch.errors[0].line == 3


def test_a_process_that_dies_of_the_card_is_told_and_replaced(runner: Runner) -> None:
    crashes = runner.health().crashes
    watch = run(runner, "import cupy\ncupy.die()", device="cuda")
    assert watch.finished().status == "crashed"
    assert "SIGSEGV" in watch.finished().message
    assert run(runner, "print('next')", device="cuda").text == "next\n"
    assert runner.health().crashes == crashes + 1


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        ("missing", "ModuleNotFoundError: No module named 'there_is_no_cupy'"),
        ("broken", "here: cudaErrorInsufficientDriver: the driver is too old."),
        ("dies", "the process that should hold it ended as it started (7)"),
        ("hangs", "was not ready within 0.5 s"),
    ],
)
def test_a_card_that_cannot_be_used_is_told_and_programs_run_on_the_cpu(
    happens: str, told: str, make_runner: MakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", happens)
    runner = make_runner(gpu_entry=GPU, gpu_start_s=0.5 if happens == "hangs" else 60)
    watch = on_gpu(runner, "import os\nprint(os.getppid())")
    assert watch.finished().status == "ok"
    assert int(watch.text) == runner.health().zygote
    assert runner.no_gpu().startswith("Programs cannot use a GPU here: ")
    assert told in runner.no_gpu()
    assert runner.no_gpu() == runner.health().no_gpu
    assert runner.health().gpu_warm == 0


def test_without_the_setting_there_is_no_such_process(make_runner: MakeRunner) -> None:
    runner = make_runner()
    health = runner.health()
    assert children(health.supervisor) == {health.zygote}
    assert health.no_gpu == runner.no_gpu() == wire.NO_GPU
    watch = run(runner, "import os\nprint(os.getppid())", device="cuda")
    assert int(watch.text) == health.zygote


def test_many_runs_leave_nothing_behind(make_runner: MakeRunner) -> None:
    runner = make_runner(gpu_entry=GPU)

    def rest() -> tuple[int, int, int]:
        health = runner.health()
        others = children(health.supervisor) - {health.zygote}
        return health.descriptors, len(others), len(os.listdir("/proc/self/fd"))

    until(lambda: rest()[1] == 1 and runner.health().gpu_warm == 1, "one process is warm")
    before = rest()
    programs = [
        "print(1)",
        "import cupy; cupy.die()",
        "import os; os._exit(3)",
        "1 / 0",
        "import os\nif os.fork() == 0:\n    while True: pass",
    ]
    for program in programs:
        run(runner, program, device="cuda")
    until(lambda: rest() == before, f"as many descriptors and processes as before: {before}, now {rest()}")


def test_what_a_program_has_started_ends_with_it(runner: Runner) -> None:
    code = "import os, time\npid = os.fork()\nif pid == 0:\n    time.sleep(60)\nprint(pid)"
    pid = pid_of(run(runner, code, device="cuda"))
    until(lambda: gone(pid), "it is dead and reaped")


def test_a_warm_process_that_dies_is_replaced(runner: Runner) -> None:
    health = runner.health()
    (warm,) = children(health.supervisor) - {health.zygote}
    os.kill(warm, signal.SIGKILL)
    until(lambda: gone(warm), "it is reaped")
    assert run(runner, PID, device="cuda").finished().status == "ok"


def test_the_zygote_and_the_card_are_lost_apart(runner: Runner) -> None:
    before = runner.health()
    watch = on_gpu(
        runner, PID + "\nimport time\nwhile not os.path.exists('/proc/self/nothing'): time.sleep(0.01)"
    )
    pid = pid_of(watch)
    os.kill(before.zygote, signal.SIGKILL)
    restarts = before.zygote_restarts + 1
    until(
        lambda: runner.health().zygote_restarts == restarts and runner.health().ready,
        "another zygote is there",
    )
    assert not dead(pid)
    runner.cancel("gpu", "r")
    assert watch.finished().status == "cancelled"
    until(lambda: gone(pid), "it is reaped")
    assert run(runner, "print(1)").text == run(runner, "print(1)", device="cuda").text == "1\n"


def test_when_the_supervisor_dies_so_does_what_holds_the_card(make_runner: MakeRunner) -> None:
    runner = make_runner(gpu_entry=GPU, wall_soft_s=60, wall_hard_s=61)
    watch = on_gpu(runner, HANG)
    pid = pid_of(watch)
    held(runner)
    supervisor = runner.health().supervisor
    everyone = children(supervisor)
    os.kill(supervisor, signal.SIGKILL)
    assert watch.finished().status == "crashed"
    until(lambda: all(dead(one) for one in {pid, *everyone}), "its processes are dead")
    assert run(runner, "print('next')", device="cuda").text == "next\n"


def test_what_hangs_as_it_starts_ends_with_the_supervisor(
    make_runner: MakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", "hangs")
    runner = make_runner(gpu_entry=GPU)
    health = runner.health()
    (hanging,) = children(health.supervisor) - {health.zygote}
    os.kill(health.supervisor, signal.SIGKILL)
    until(lambda: dead(hanging), "it is dead")


def test_closing_leaves_no_process(make_runner: MakeRunner) -> None:
    runner = make_runner(gpu_entry=GPU, wall_soft_s=60, wall_hard_s=61)
    held(runner)
    watch = on_gpu(runner, HANG)
    pid = pid_of(watch)
    held(runner)
    everyone = children(runner.health().supervisor)
    runner.close()
    until(lambda: all(dead(one) for one in {pid, *everyone}), "all are dead")


def test_one_is_kept_for_questions_the_last(runner: Runner) -> None:
    ask = Inspect(run="r", node=3)

    def answered(event: Event) -> bool:
        return isinstance(event, Detail)

    first = on_gpu(runner, "answer = 1", client="a")
    assert first.finished().interactive
    runner.send("a", ask)
    assert first.wait(answered)
    second = on_gpu(runner, "answer = 2", client="b")
    second.finished()
    until(lambda: runner.health().lingering == 1, "the first makes room")
    runner.send("a", ask)
    first.wait(lambda event: getattr(event, "field", "") == "run", "it is gone")
    runner.send("b", ask)
    assert second.wait(answered)
    until(lambda: runner.health().gpu_workers == 2, "it is there, and a warm one")
