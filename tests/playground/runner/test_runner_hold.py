"""Programs that are held between two steps: stopped, their time standing still, and answering meanwhile."""

from __future__ import annotations

import time

import pytest

from playground.protocol import (
    Control,
    Detail,
    Device,
    Error,
    Event,
    Finished,
    Inspect,
    Live,
    Output,
    Paused,
    Resumed,
    Training,
    Tune,
)
from playground.runner.client import Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import Watch, dead, process_state, start, until

TRAINING = """
import os, time
from playground.protocol import Control, Detail, Error, Learner, Paused, Training, Tune, Values
from playground.runner.channel import SoftTimeout

waits = False
lr = 0.1

def work_out(c):
    return c.node

def reply(c):
    try:
        with channel.interruptible():
            found = Detail(node=c.node, values=[Values(numel=1, data=[float(work_out(c))])])
    except SoftTimeout:
        found = Error(message="too slow")
    channel.emit(found)

def tune(c):
    global lr
    lr = c.lr

def stepped(n):
    global waits
    for c in channel.steering():
        if isinstance(c, Tune):
            tune(c)
        else:
            waits = c.action != "resume"
    if waits:
        channel.emit(Paused(step=n))
        for c in channel.hold():
            if isinstance(c, Tune):
                tune(c)
                channel.emit(Training(step=n, learners=[Learner(optimizer=0, name="SGD", lr=lr)]))
            elif isinstance(c, Control):
                waits = c.action == "step"
                break
            else:
                reply(c)

print(os.getpid())
"""
FOREVER = TRAINING + "n = 0\nwhile True:\n    time.sleep(0.002)\n    n += 1\n    stepped(n)\n"


@pytest.fixture(scope="module")
def runner(patient: Runner) -> Runner:
    """With time enough for a busy machine."""
    return patient


def train(
    runner: Runner,
    code: str = FOREVER,
    *,
    client: str = "c",
    address: str = "192.0.2.1",
    device: Device = "cpu",
) -> Watch:
    watch = start(runner, code, client=client, address=address, device=device)
    watch.wait(lambda event: isinstance(event, Output), "output")
    return watch


def control(runner: Runner, action: str, client: str = "c") -> None:
    runner.steer(client, Control(run="r", action=action))  # type: ignore[arg-type]


def paused(watch: Watch, count: int = 1) -> Paused:
    event = watch.wait(lambda event: isinstance(event, Paused), "Paused", count)
    assert isinstance(event, Paused)
    return event


def resumed(watch: Watch, count: int = 1) -> Resumed:
    event = watch.wait(lambda event: isinstance(event, Resumed), "Resumed", count)
    assert isinstance(event, Resumed)
    return event


def pause(runner: Runner, watch: Watch, client: str = "c") -> Paused:
    control(runner, "pause", client)
    return paused(watch)


def pid_of(watch: Watch) -> int:
    return int(watch.text.split()[0])


def kinds(watch: Watch) -> list[str]:
    return [type(event).__name__ for event in watch.events]


def is_detail(event: Event) -> bool:
    return isinstance(event, Detail)


def test_it_is_stopped_until_it_may_go_on(runner: Runner) -> None:
    watch = train(runner)
    first = pause(runner, watch)
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped")
    assert (runner.health().held, runner.health().running) == (1, 0)
    control(runner, "step")
    second = paused(watch, 2)
    assert second.step == first.step + 1
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped again")
    assert "Resumed" not in kinds(watch)
    control(runner, "resume")
    assert resumed(watch).message == ""
    until(lambda: process_state(pid_of(watch)) in ("S", "R"), "it runs")
    assert (runner.health().held, runner.health().running) == (0, 1)
    runner.cancel("c", "r")
    assert watch.finished().status == "cancelled"


def test_a_held_program_keeps_its_gpu_and_lends_its_turn(make_runner: MakeRunner) -> None:
    runner = make_runner(
        gpu_entry="tests.playground.runner.small_gpu:run_program", wall_soft_s=20, wall_hard_s=21
    )
    held = train(runner, device="cuda")
    pause(runner, held)
    until(lambda: process_state(pid_of(held)) == "T", "it is stopped")
    assert (runner.health().held, runner.health().gpu_running) == (1, 0)
    other = train(runner, client="other", device="cuda")
    pause(runner, other, "other")
    assert "Others have needed the room" in resumed(held).message  # one is held at a time
    assert (runner.health().held, runner.health().gpu_running) == (1, 1)
    for client, watch in (("c", held), ("other", other)):
        runner.cancel(client, "r")
        assert watch.finished().status == "cancelled"
    until(lambda: dead(pid_of(held)) and dead(pid_of(other)), "both are gone")


def test_its_time_stands_still_meanwhile(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=1.0, wall_hard_s=2.0)
    watch = train(runner)
    began = time.monotonic()
    pause(runner, watch)
    time.sleep(1.5)
    assert "Finished" not in kinds(watch)
    control(runner, "resume")
    last = watch.finished()
    assert last.status == "timeout"
    assert time.monotonic() - began > 2.2
    assert 900 < last.wall_ms < 2_000


def test_a_step_is_asked_for_once_and_what_was_taken_back_does_not_hold(runner: Runner) -> None:
    watch = train(runner)
    for action in ("pause", "resume", "pause", "pause", "resume", "resume", "step", "pause"):
        control(runner, action)
    paused(watch)
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped")
    assert kinds(watch).count("Paused") == 1
    control(runner, "pause")  # it is
    control(runner, "resume")
    control(runner, "pause")
    control(runner, "resume")
    before = kinds(watch).count("Resumed")
    time.sleep(0.1)
    assert process_state(pid_of(watch)) in ("S", "R")
    assert kinds(watch).count("Paused") == 1
    assert before >= 1
    pause(runner, watch)
    paused(watch, 2)
    runner.cancel("c", "r")


def test_questions_are_answered_while_it_is_held(runner: Runner) -> None:
    watch = train(runner)
    runner.send("c", Inspect(run="r", node=41))  # waits for the hold or the end, whichever is first
    pause(runner, watch)
    for node in (1, 2, 3):
        runner.send("c", Inspect(run="r", node=node))
    watch.wait(is_detail, count=4)
    assert [e.node for e in watch.events if isinstance(e, Detail)] == [41, 1, 2, 3]
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped again")
    control(runner, "step")
    paused(watch, 2)
    runner.send("c", Inspect(run="r", node=9))
    watch.wait(is_detail, count=5)
    runner.send("c", Live(run="r", number=1, code="x = 1"))
    error = watch.wait(lambda event: isinstance(event, Error))
    assert isinstance(error, Error)
    assert (error.question, "held" in error.message) == ("live", True)
    runner.cancel("c", "r")


def test_to_go_on_waits_for_the_answer(runner: Runner) -> None:
    code = FOREVER.replace("return c.node", "time.sleep(0.3)\n    return c.node")
    watch = train(runner, code)
    pause(runner, watch)
    runner.send("c", Inspect(run="r", node=7))
    control(runner, "resume")
    watch.wait(is_detail)
    resumed(watch)
    assert kinds(watch).index("Detail") < kinds(watch).index("Resumed")
    runner.cancel("c", "r")
    assert watch.finished().status == "cancelled"


def test_a_slow_answer_is_not_the_programs_end_and_one_that_does_not_come_is(make_runner: MakeRunner) -> None:
    runner = make_runner(interactive_s=0.4, wall_soft_s=20, wall_hard_s=21)
    code = FOREVER.replace(
        "return c.node", "while c.node == 1: pass\n    return c.node if c.node == 2 else sum(range(10**13))"
    )
    watch = train(runner, code)
    pause(runner, watch)
    runner.send("c", Inspect(run="r", node=1))
    error = watch.wait(lambda event: isinstance(event, Error))
    assert isinstance(error, Error)
    assert (error.message, error.question) == ("too slow", "inspect")
    control(runner, "step")
    paused(watch, 2)
    runner.send("c", Inspect(run="r", node=2))
    watch.wait(is_detail)
    runner.send("c", Inspect(run="r", node=3))
    last = watch.finished()
    assert (last.status, last.message) == (
        "timeout",
        "The answer took longer than 0.4 s, so the run was stopped.",
    )


def test_the_learning_rate_is_changed_while_it_runs_and_while_it_is_held(runner: Runner) -> None:
    code = FOREVER.replace("    lr = c.lr", "    lr = c.lr\n    print('now', lr)")
    watch = train(runner, code)
    runner.steer("c", Tune(run="r", optimizer=0, lr=0.25))
    watch.wait(lambda event: isinstance(event, Output) and "now 0.25" in event.text)
    pause(runner, watch)
    runner.steer("c", Tune(run="r", optimizer=0, lr=0.5))
    event = watch.wait(lambda event: isinstance(event, Training))
    assert isinstance(event, Training)
    assert event.learners[0].lr == 0.5
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped again")
    runner.cancel("c", "r")


def test_it_does_not_stay_for_ever(make_runner: MakeRunner) -> None:
    runner = make_runner(hold_s=0.5, wall_soft_s=20, wall_hard_s=21)
    watch = train(runner)
    pause(runner, watch)
    time.sleep(0.3)
    runner.send("c", Inspect(run="r", node=1))  # somebody is there
    watch.wait(is_detail)
    time.sleep(0.3)
    assert "Resumed" not in kinds(watch)
    assert resumed(watch).message == "The program was held for 0.5 s without a question, so it goes on."
    assert "Finished" not in kinds(watch)
    runner.cancel("c", "r")


@pytest.mark.parametrize("how", ["cancel", "run", "disconnect", "close"])
@pytest.mark.parametrize("answering", [False, True])
def test_it_can_be_ended_while_it_is_held(make_runner: MakeRunner, how: str, answering: bool) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21)
    watch = train(runner, FOREVER.replace("return c.node", "time.sleep(20)"))
    pause(runner, watch)
    if answering:
        runner.send("c", Inspect(run="r", node=1))
        until(lambda: process_state(pid_of(watch)) in "SR", "it answers")
    since = time.monotonic()
    if how == "cancel":
        runner.cancel("c", "r")
        assert watch.finished().status == "cancelled"
    elif how == "run":
        assert start(runner, "print(1)").finished().status == "ok"
        assert watch.finished().status == "cancelled"
    elif how == "disconnect":
        runner.disconnect("c")
    else:
        runner.close()
    until(lambda: dead(pid_of(watch)), "its process is dead")
    assert time.monotonic() - since < 3
    if how != "close":
        assert (runner.health().held, runner.health().running) == (0, 0)


def test_stop_lets_it_hand_in_what_it_has(runner: Runner) -> None:
    watch = train(runner, FOREVER.replace("n = 0\n", "n = 0\ntry:\n  ", 1).replace("try:\n  while", "while"))
    pause(runner, watch)
    runner.cancel("c", "r")
    assert watch.finished().operations == 7  # the child's own word: it was not killed


def test_one_that_is_killed_while_it_is_held_is_reported(runner: Runner) -> None:
    import os
    import signal

    watch = train(runner)
    pause(runner, watch)
    os.kill(pid_of(watch), signal.SIGKILL)
    assert watch.finished().status == "crashed"
    assert runner.health().held == 0


def test_who_holds_programs_keeps_nobody_from_running_and_gains_none(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1, runs_per_address=2, holding=3, wall_soft_s=20, wall_hard_s=21)
    one = train(runner, client="one", address="192.0.2.1")
    pause(runner, one, "one")
    two = train(runner, client="two", address="192.0.2.1")
    pause(runner, two, "two")
    # The address has its two; another is served though both are there.
    third = start(runner, "print(3)", client="three", address="192.0.2.1")
    other = start(runner, "print(4)", client="four", address="192.0.2.9")
    assert other.finished().status == "ok"
    assert "Finished" not in kinds(third)
    runner.cancel("one", "r")
    assert third.finished().status == "ok"
    # It goes on at once, whoever else has the slot by now.
    control(runner, "resume", "two")
    resumed(two)
    assert runner.health().running == 1
    for client in ("one", "two"):
        runner.disconnect(client)


def test_the_one_held_longest_goes_on_when_there_are_too_many(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=2, runs_per_address=9, holding=2, wall_soft_s=20, wall_hard_s=21)
    watches = []
    for number in range(3):
        watch = train(runner, client=f"c{number}")
        pause(runner, watch, f"c{number}")
        watches.append(watch)
    assert "room" in resumed(watches[0]).message
    assert (runner.health().held, runner.health().running) == (2, 1)
    for number in range(3):
        runner.disconnect(f"c{number}")


def test_a_run_that_has_ended_or_waits_is_not_held(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1, wall_soft_s=20, wall_hard_s=21)
    ended = start(runner, "answer = 1")
    ended.finished()
    for action in ("pause", "step", "resume"):
        control(runner, action)
    runner.steer("c", Tune(run="r", optimizer=0, lr=1.0))
    runner.steer("c", Tune(run="another", optimizer=0, lr=1.0))
    runner.steer("nobody", Control(run="r", action="pause"))
    assert runner.send("c", Inspect(run="r", node=1))
    ended.wait(is_detail)
    assert kinds(ended)[-2:] == ["Finished", "Detail"]
    running = train(runner, client="d")
    waiting = start(runner, "print(1)", client="e")
    control(runner, "pause", "e")
    runner.cancel("d", "r")
    assert running.finished().status == "cancelled"
    assert waiting.finished().status == "ok"


def test_a_program_that_reads_nothing_is_not_sent_more_and_more(runner: Runner) -> None:
    watch = train(runner, TRAINING + "end = time.time() + 1\nwhile time.time() < end: pass")
    for _ in range(5_000):
        runner.steer("c", Tune(run="r", optimizer=0, lr=1.0))
    control(runner, "pause")
    assert watch.finished().status == "ok"
    assert "Paused" not in kinds(watch)


def test_what_answering_takes_is_not_the_programs_processor_time(make_runner: MakeRunner) -> None:
    runner = make_runner(cpu_soft_s=1, wall_soft_s=30, wall_hard_s=31, interactive_s=20)
    busy = "end = time.process_time() + 0.7\n    while time.process_time() < end: pass\n    return c.node"
    watch = train(runner, FOREVER.replace("return c.node", busy))
    pause(runner, watch)
    for node in (1, 2):
        runner.send("c", Inspect(run="r", node=node))
    watch.wait(is_detail, count=2)
    control(runner, "step")
    paused(watch, 2)
    assert "Finished" not in kinds(watch)
    runner.cancel("c", "r")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("channel.emit(Paused(step=1))", "crashed"),
        ("channel.emit(Training(step=1))\nchannel.emit(Resumed())", "ok"),
        # Asked once, it claims to be held twice; the second is not believed.
        (
            "while not channel.steering(): time.sleep(0.01)\nchannel.emit(Paused(step=1))\n"
            "for c in channel.hold(): break\nchannel.emit(Paused(step=2))\ntime.sleep(5)",
            "crashed",
        ),
        # It says that it goes on while it is held: it is stopped before it can do anything.
        (
            "while not channel.steering(): time.sleep(0.01)\nchannel.emit(Paused(step=1))\nchannel.emit(Resumed())\n"
            "print('gained')",
            "ok",
        ),
    ],
)
def test_nothing_is_gained_by_claiming_to_be_held(runner: Runner, code: str, status: str) -> None:
    watch = start(runner, "import time\nfrom playground.protocol import *\nprint('begins')\n" + code)
    if "steering" in code:
        watch.wait(lambda event: isinstance(event, Output))
        control(runner, "pause")
        pid = paused(watch)
        assert pid.step == 1
        assert "gained" not in watch.text or status == "ok"
        control(runner, "resume")
    assert watch.finished().status == status
    assert kinds(watch).count("Paused") <= 1


def test_numbers_go_on_and_there_is_one_end(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21)
    watch = train(runner, FOREVER.replace("while True", "while lr > 0") + "print('done')")
    for number in range(1, 4):
        control(runner, "pause")
        paused(watch, number)
        control(runner, "resume")
        resumed(watch, number)
    runner.steer("c", Tune(run="r", optimizer=0, lr=0.0))
    assert watch.finished().status == "ok"
    assert [event.seq for event in watch.events] == list(range(1, len(watch.events) + 1))
    assert sum(isinstance(event, Finished) for event in watch.events) == 1
    assert watch.text.endswith("done\n")
