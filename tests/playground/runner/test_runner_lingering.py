"""Children that stay after their program, stopped, to answer questions."""

from __future__ import annotations

import time

import pytest

from playground.protocol import Detail, Error, Event, Finished, Inspect, Jacobian, Output
from playground.runner.client import Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import Watch, dead, process_state, run, start, until


def is_detail(event: Event) -> bool:
    return isinstance(event, Detail)


def is_error(event: Event) -> bool:
    return isinstance(event, Error)


def ask(runner: Runner, watch: Watch, node: int = 3, client: str = "c") -> Event:
    """Ask and wait for the answer, whatever it is."""
    before = len(watch.events)
    assert runner.send(client, Inspect(run="r", node=node))
    until(lambda: len(watch.events) > before, "an answer")
    return watch.events[before]


def pid_of(watch: Watch) -> int:
    return int(watch.text.split()[0])


ANSWERING = "import os\nprint(os.getpid())\nanswer = 0.25"


def test_a_question_is_answered_after_the_program_has_ended(runner: Runner) -> None:
    watch = run(runner, ANSWERING)
    assert watch.finished().interactive
    for node in (3, 4, 5):
        detail = ask(runner, watch, node)
        assert isinstance(detail, Detail)
        assert (detail.node, detail.values[0].data, detail.run) == (node, [0.25], "r")  # type: ignore[union-attr]
    assert [event.seq for event in watch.events] == list(range(1, len(watch.events) + 1))
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def test_it_is_stopped_while_nobody_asks(runner: Runner) -> None:
    # Another thread cannot be started, but a program could loop in its answer; nothing runs while it is stopped.
    watch = run(runner, ANSWERING)
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped")
    ask(runner, watch)
    until(lambda: process_state(pid_of(watch)) == "T", "it is stopped again")
    assert runner.health().lingering == 1
    assert runner.health().running == 0


def test_questions_asked_while_the_program_runs_wait_for_its_end(runner: Runner) -> None:
    watch = start(runner, "import time\nprint('on')\ntime.sleep(0.4)\nanswer = 7")
    watch.wait(lambda event: isinstance(event, Output))
    for node in range(3):
        assert runner.send("c", Inspect(run="r", node=node))
    watch.wait(is_detail, count=3)
    kinds = [type(event).__name__ for event in watch.events]
    assert kinds[-4:] == ["Finished", "Detail", "Detail", "Detail"]


def test_nobody_there_to_answer_is_said(runner: Runner) -> None:
    watch = run(runner, "print('no answer')")
    assert not watch.finished().interactive
    error = ask(runner, watch)
    assert isinstance(error, Error)
    assert error.message == "The values of this run are no longer held."


def test_an_unknown_run_has_no_one_to_ask(runner: Runner) -> None:
    run(runner, ANSWERING)
    assert not runner.send("c", Inspect(run="another", node=1))
    assert not runner.send("nobody", Inspect(run="r", node=1))


def test_a_slow_answer_is_interrupted_and_the_next_is_served(make_runner: MakeRunner) -> None:
    runner = make_runner(interactive_s=0.5)
    code = "def answer(command):\n    while command.node == 1: pass\n    return 5"
    watch = run(runner, code)
    error = ask(runner, watch, node=1)
    assert isinstance(error, Error)
    assert error.message == "too slow"
    assert isinstance(ask(runner, watch, node=2), Detail)


@pytest.mark.parametrize(
    "body",
    [
        "return sum(range(10**13))",
        "while 1:\n        try:\n            x = 1\n            while 1: pass\n        except BaseException: pass",
    ],
)
def test_an_answer_that_does_not_come_ends_the_lingering(make_runner: MakeRunner, body: str) -> None:
    runner = make_runner(interactive_s=0.5)
    watch = run(runner, f"import os\nprint(os.getpid())\ndef answer(command):\n    {body}")
    runner.send("c", Inspect(run="r", node=1))
    runner.send("c", Inspect(run="r", node=2))
    watch.wait(is_error, count=2)
    assert "longer than 0.5 s" in watch.errors[0].message
    until(lambda: dead(pid_of(watch)), "its process is dead")
    assert runner.health().lingering == 0
    assert ask(runner, watch).message == "The values of this run are no longer held."  # type: ignore[union-attr]


def test_dying_in_an_answer_is_said(runner: Runner) -> None:
    watch = run(runner, "import os\nanswer = lambda command: os._exit(1)")
    error = ask(runner, watch)
    assert isinstance(error, Error)
    assert error.message == "The process that held this run's values has ended."
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def test_a_wrong_kind_of_answer_ends_the_lingering(runner: Runner) -> None:
    code = "from playground.protocol import Notice\ndef answer(command):\n    channel.emit(Notice(message='psst'))"
    watch = run(runner, code)
    error = ask(runner, watch)
    assert isinstance(error, Error)
    assert "unreadable" in error.message
    assert not watch.notices


def test_what_it_prints_in_an_answer_is_not_shown(runner: Runner) -> None:
    code = "import os\ndef answer(command):\n    os.write(1, b'late')\n    return 1"
    watch = run(runner, code)
    assert isinstance(ask(runner, watch), Detail)
    assert watch.text == ""


def test_too_many_questions_at_once_are_refused(make_runner: MakeRunner) -> None:
    runner = make_runner(commands_waiting=2)
    watch = run(runner, "import time\ndef answer(command):\n    time.sleep(0.3)\n    return 1")
    for node in range(5):
        runner.send("c", Inspect(run="r", node=node))
    watch.wait(is_detail, count=3)
    assert [error.message for error in watch.errors] == ["Too many questions are waiting for this run."] * 2


def test_a_jacobian_command_reaches_the_child(runner: Runner) -> None:
    code = "def answer(command):\n    raise SystemExit(0) if command.inputs == [1, 2] else ValueError"
    watch = run(runner, code)
    assert runner.send("c", Jacobian(run="r", output=3, inputs=[1, 2], order=2))
    watch.wait(is_error)
    assert runner.health().lingering == 0


def test_the_oldest_gives_way(make_runner: MakeRunner) -> None:
    runner = make_runner(lingering=2)
    watches = [run(runner, ANSWERING, client=f"c{i}") for i in range(2)]
    ask(runner, watches[0], client="c0")  # used last, so the other one is the oldest
    watches.append(run(runner, ANSWERING, client="c2"))
    until(lambda: dead(pid_of(watches[1])), "the oldest is dead")
    assert isinstance(ask(runner, watches[0], client="c0"), Detail)
    assert isinstance(ask(runner, watches[2], client="c2"), Detail)
    assert isinstance(ask(runner, watches[1], client="c1"), Error)
    assert runner.health().lingering == 2


def test_it_does_not_stay_for_ever(make_runner: MakeRunner) -> None:
    runner = make_runner(linger_idle_s=0.3)
    watch = run(runner, ANSWERING)
    until(lambda: dead(pid_of(watch)), "its process is dead")
    assert runner.health().lingering == 0


@pytest.mark.parametrize("how", ["run", "cancel", "disconnect"])
def test_a_newer_run_a_cancel_and_a_disconnect_end_it(runner: Runner, how: str) -> None:
    watch = run(runner, ANSWERING)
    events = len(watch.events)
    if how == "run":
        run(runner, "print('newer')")
    elif how == "cancel":
        runner.cancel("c", "r")
    else:
        runner.disconnect("c")
    until(lambda: dead(pid_of(watch)), "its process is dead")
    assert len(watch.events) == events


def test_none_linger_when_none_may(make_runner: MakeRunner) -> None:
    runner = make_runner(lingering=0)
    watch = run(runner, ANSWERING)
    assert not watch.finished().interactive
    until(lambda: dead(pid_of(watch)), "its process is dead")


def test_a_long_program_leaves_time_for_answers(make_runner: MakeRunner) -> None:
    """The CPU limit of the program does not end what is asked afterwards."""
    runner = make_runner(cpu_soft_s=2, wall_soft_s=20, wall_hard_s=21, interactive_s=20)
    code = "import time\nwhile time.process_time() < 1: pass\n"
    code += "def answer(command):\n    end = time.process_time() + 0.6\n"
    code += "    while time.process_time() < end: pass\n    return 1"
    watch = run(runner, code)
    assert watch.finished().status == "ok"
    assert isinstance(ask(runner, watch), Detail)
    assert isinstance(ask(runner, watch), Detail)


def test_the_cpu_limit_is_a_soft_deadline_too(make_runner: MakeRunner) -> None:
    runner = make_runner(cpu_soft_s=1, wall_soft_s=20, wall_hard_s=21)
    began = time.monotonic()
    watch = run(runner, "x = 0\nwhile True: x += 1")
    assert watch.finished().status == "timeout"
    assert watch.errors[0].line == 2
    assert time.monotonic() - began < 10
