"""The processes themselves: what happens when one of them dies, and that nothing is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from playground.protocol import Event, Finished, Output
from playground.runner.client import ROOT, Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import children, dead, gone, process_state, run, start, until, until_ready

LOOP = "import os\nprint(os.getpid())\nwhile True: pass"


def printed(event: Event) -> bool:
    return isinstance(event, Output)


def test_two_hundred_runs_leave_nothing_behind(make_runner: MakeRunner) -> None:
    runner = make_runner()
    programs = [
        "print(1)",
        "import os; os._exit(3)",
        "1 / 0",
        "answer = 1",
        "import os; os.kill(os.getpid(), 9)",
    ]
    run(runner, programs[0])

    def rest() -> tuple[int, int, int]:
        until_ready(runner)
        health = runner.health()
        return health.descriptors, len(children(health.zygote)), len(os.listdir("/proc/self/fd"))

    until(lambda: rest()[1] == 1, "only the parked child is there")
    before = rest()
    for i in range(200):
        run(runner, programs[i % len(programs)])
    run(runner, programs[0])
    until(lambda: rest() == before, f"as many descriptors and children as before: {before}, now {rest()}")
    assert children(runner.health().supervisor) == {runner.health().zygote}
    assert runner.health().runs == 202


def test_when_the_zygote_dies_its_runs_crash_and_the_next_is_served(make_runner: MakeRunner) -> None:
    runner = make_runner()
    before = runner.health()
    watch = start(runner, LOOP)
    child = int(watch.wait(printed).text)  # type: ignore[union-attr]
    os.kill(before.zygote, signal.SIGKILL)
    last = watch.finished()
    assert last.status == "crashed"
    assert "restarted" in last.message
    until(lambda: gone(child), "its child is dead and reaped")
    assert run(runner, "print('next')").text == "next\n"
    after = runner.health()
    assert (after.supervisor, after.zygote_restarts) == (before.supervisor, 1)
    assert after.zygote != before.zygote
    until(lambda: children(after.supervisor) == {after.zygote}, "no zombie")
    until(lambda: runner.health().descriptors == before.descriptors, "no descriptor is left")


def test_when_the_supervisor_dies_its_runs_crash_and_the_next_is_served(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1)
    watch = start(runner, LOOP)
    waiting = start(runner, LOOP, client="waiting")
    child = int(watch.wait(printed).text)  # type: ignore[union-attr]
    before = runner.health()
    os.kill(before.supervisor, signal.SIGKILL)
    assert [watch.finished().status, waiting.finished().status] == ["crashed", "crashed"]
    assert "restarted" in watch.errors[0].message
    assert [event.seq for event in watch.events] == list(range(1, len(watch.events) + 1))
    until(lambda: dead(child) and dead(before.zygote), "its processes are dead")
    assert gone(before.supervisor)
    assert run(runner, "print('next')").text == "next\n"
    assert runner.health().supervisor_restarts == 1


def test_a_supervisor_that_hangs_is_replaced(make_runner: MakeRunner) -> None:
    runner = make_runner(queue_wait_s=0.5, wall_soft_s=0.5, wall_hard_s=0.6)
    supervisor = runner.health().supervisor
    os.kill(supervisor, signal.SIGSTOP)
    watch = start(runner, "print(1)")
    assert not runner.health().alive
    assert watch.finished().status == "crashed"
    assert gone(supervisor)
    until_ready(runner)
    assert run(runner, "print('next')").text == "next\n"


def test_a_zygote_that_hangs_is_replaced(make_runner: MakeRunner) -> None:
    runner = make_runner(zygote_patience_s=1.0)
    zygote = runner.health().zygote
    os.kill(zygote, signal.SIGSTOP)
    # The parked child serves one more program; for the next one the zygote is needed.
    assert run(runner, "print('parked')").text == "parked\n"
    assert run(runner, "print('next')").text == "next\n"
    assert gone(zygote)


def test_a_parked_child_that_dies_is_replaced(make_runner: MakeRunner) -> None:
    runner = make_runner()
    (parked,) = children(runner.health().zygote)
    os.kill(parked, signal.SIGKILL)
    until(lambda: gone(parked), "it is reaped")
    watches = [run(runner, "print('next')") for _ in range(3)]
    assert [watch.text for watch in watches] == ["next\n"] * 3


def test_without_parked_children_programs_run_too(make_runner: MakeRunner) -> None:
    runner = make_runner(parked=0)
    assert runner.health().parked == 0
    assert run(runner, "print('hello')").text == "hello\n"


def test_closing_leaves_no_process_and_no_descriptor() -> None:
    from playground.runner.limits import Limits
    from tests.playground.runner.watch import SMALL_WORKER

    before = set(os.listdir("/proc/self/fd"))
    runner = Runner(Limits(), entry=SMALL_WORKER)
    runner.start()
    until_ready(runner)
    watch = start(runner, LOOP)
    child = int(watch.wait(printed).text)  # type: ignore[union-attr]
    health = runner.health()
    runner.close()
    assert gone(health.supervisor)
    until(lambda: dead(health.zygote) and dead(child), "its processes are dead", 3)
    assert set(os.listdir("/proc/self/fd")) == before
    assert not any(isinstance(event, Finished) for event in watch.events)
    assert not runner.health().alive
    runner.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_web_process_dies_everything_does(number: int) -> None:
    program = f"""
import time
from playground.protocol import Output
from playground.runner.limits import Limits
from playground.runner.client import Runner
from tests.playground.runner.watch import SMALL_WORKER, start
runner = Runner(Limits(), entry=SMALL_WORKER)
runner.start()
loop, lingering = start(runner, {LOOP!r}), start(runner, "answer = 1", client="other")
lingering.finished()
loop.wait(lambda event: isinstance(event, Output))
health = runner.health()
print(health.supervisor, health.zygote, loop.text, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as web:
        assert web.stdout is not None
        supervisor, zygote, child = map(int, web.stdout.readline().split())
        everyone = {supervisor, zygote, child} | children(zygote)
        assert len(everyone) >= 4
        assert all(process_state(pid) not in ("", "Z") for pid in everyone)
        web.send_signal(number)
    until(lambda: all(dead(pid) for pid in everyone), "all are dead", 5)


def test_draining_finishes_what_runs_and_refuses_what_comes(make_runner: MakeRunner) -> None:
    runner = make_runner()
    assert runner.drain(timeout_s=1)
    refused = start(runner, "print(1)")
    assert refused.finished().status == "error"
    assert "shutting down" in refused.finished().message
    assert runner.health().draining

    other = make_runner()
    watch = start(other, "import time\nprint('on')\ntime.sleep(0.5)")
    watch.wait(printed)
    assert not other.drain(timeout_s=0.05)
    assert other.drain()
    assert watch.finished().status == "ok"


def test_what_does_not_end_in_time_is_stopped_with_what_it_has_said(make_runner: MakeRunner) -> None:
    runner = make_runner()
    watch = start(runner, "print('on')\nwhile True: pass")
    watch.wait(printed)
    assert not runner.drain(timeout_s=0)
    runner.stop_runs("The server is being restarted.")
    assert [error.message for error in watch.errors] == ["The server is being restarted."]
    assert watch.finished().status == "cancelled"
    assert sum(isinstance(event, Finished) for event in watch.events) == 1
    assert runner.drain(timeout_s=0.1)

    deaf = make_runner()
    watch = start(deaf, "print('on')\nwhile True: pass")
    watch.wait(printed)
    supervisor = deaf.health().supervisor
    os.kill(supervisor, signal.SIGSTOP)
    deaf.stop_runs("The server is being restarted.")
    assert watch.finished().message == "The server is being restarted."
    os.kill(supervisor, signal.SIGCONT)
    assert deaf.health().alive
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def test_a_worker_that_cannot_be_imported_is_told_to_all_and_logged_once(
    make_runner: MakeRunner, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = make_runner(entry="playground.nowhere:run_program", wait=False)
    watch = start(runner, "print(1)")
    assert watch.finished().status == "error"
    assert "cannot run programs" in watch.errors[0].message
    until(lambda: runner.health().zygote_restarts >= 3, "it is tried again", 60)
    health = runner.health()
    assert (health.alive, health.ready) == (True, False)
    assert health.problem == "ModuleNotFoundError: No module named 'playground.nowhere'"
    following = start(runner, "print(1)", run="next")
    assert following.finished().status == "error"
    assert "cannot run programs" in following.errors[0].message
    assert capfd.readouterr().err.count("Traceback") == 1


def test_it_starts_once(make_runner: MakeRunner) -> None:
    with pytest.raises(RuntimeError, match="started before"):
        make_runner().start()


def test_it_runs_under_gevent() -> None:
    """As the server does: monkey patched, with the hub free for others while programs run."""
    program = """
from gevent import monkey; monkey.patch_all()
import time, gevent
from playground.runner.limits import Limits
from playground.runner.client import Runner
from tests.playground.runner.watch import SMALL_WORKER, run, start, until, until_ready
runner = Runner(Limits(slots=2), entry=SMALL_WORKER)
runner.start()
until_ready(runner)
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        gevent.sleep(0.01)
gevent.spawn(tick)
watches = [start(runner, f"import time; time.sleep(0.5); print({i})", client=str(i), address=str(i)) for i in range(4)]
print([watch.finished().status for watch in watches], [watch.text for watch in watches])
print(ticks > 20)
import os
os.kill(runner.health().supervisor, 9)
until(lambda: runner.health().supervisor_restarts == 1, "the supervisor was replaced")
until_ready(runner)
print(run(runner, "print('next')").text)
runner.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[:3] == [
        "['ok', 'ok', 'ok', 'ok'] ['0\\n', '1\\n', '2\\n', '3\\n']",
        "True",
        "next",
    ], done.stderr


def test_many_clients_at_once(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=4, queue_per_slot=16, runs_per_address=4)
    began = time.monotonic()
    watches = [start(runner, f"print({i} ** 2)", client=str(i)) for i in range(60)]
    assert [int(watch.finished() and watch.text) for watch in watches] == [i**2 for i in range(60)]
    assert time.monotonic() - began < 15
