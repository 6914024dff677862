"""Programs that mean no harm, and the everyday of a server: streaming, stopping, replacing, queueing."""

from __future__ import annotations

import subprocess
import sys
import time

import msgspec
import pytest

from playground.protocol import Finished, Output, Queued, Run, Started
from playground.runner import wire
from playground.runner.client import ROOT, Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import Watch, dead, run, start, until


def test_a_program_runs_and_its_events_are_numbered(runner: Runner) -> None:
    watch = run(runner, "print('hello')\nprint(6 * 7)")
    assert isinstance(watch.events[0], Started)
    assert watch.text == "hello\n42\n"
    last = watch.events[-1]
    assert isinstance(last, Finished)
    assert (last.status, last.message, last.operations, last.interactive) == ("ok", "", 7, False)
    assert 0 < last.wall_ms < 2000
    assert [event.seq for event in watch.events] == list(range(1, len(watch.events) + 1))
    assert {event.run for event in watch.events} == {"r"}


def test_output_comes_while_the_program_runs(runner: Runner) -> None:
    watch = run(runner, "import time\nprint('first')\ntime.sleep(0.8)\nprint('second')")
    came = [t for event, t in zip(watch.events, watch.times, strict=True) if isinstance(event, Output)]
    assert watch.times[-1] - came[0] > 0.6
    assert watch.text == "first\nsecond\n"


def test_an_exception_is_the_programs_own_word(runner: Runner) -> None:
    watch = run(runner, "x = 1\nx.nothing")
    assert watch.finished().status == "error"
    assert watch.errors[0].line == 2
    assert "AttributeError" in watch.errors[0].message


def test_many_small_prints_are_few_events_with_the_same_text(runner: Runner) -> None:
    watch = run(runner, "for i in range(3000): print(i)")
    assert watch.text == "".join(f"{i}\n" for i in range(3000))
    assert len(watch.events) < 60


def test_output_keeps_its_order_between_streams(runner: Runner) -> None:
    code = """
from playground.protocol import Output
for i in range(50):
    channel.emit(Output(cell=0, stream="stderr" if i % 3 == 0 else "stdout", text=f"{i} "))
"""
    assert run(runner, code).text == "".join(f"{i} " for i in range(50))


def test_what_c_code_prints_is_shown_too(runner: Runner) -> None:
    code = "import ctypes, os\nlibc = ctypes.CDLL(None)\nlibc.puts(b'from C')\nlibc.fflush(None)\n"
    code += "os.write(2, b'\\xff!')"
    watch = run(runner, code)
    assert watch.finished().status == "ok"
    assert watch.text == "from C\n\N{REPLACEMENT CHARACTER}!"


def test_input_is_at_its_end(runner: Runner) -> None:
    watch = run(runner, "input()")
    assert "EOFError" in watch.errors[0].message


@pytest.mark.parametrize("code", ["while True: pass", "sum(range(10**13))"])
def test_stop_ends_a_run_within_a_second(runner: Runner, code: str) -> None:
    watch = start(runner, f"print('on')\n{code}")
    watch.wait(lambda event: isinstance(event, Output))
    began = time.monotonic()
    runner.cancel("c", "r")
    assert watch.finished().status == "cancelled"
    assert time.monotonic() - began < 1.0
    assert run(runner, "print('next')").text == "next\n"


def test_a_stopped_program_hands_in_what_it_has(runner: Runner) -> None:
    watch = start(runner, "answer = 5\nprint('on')\nwhile True: pass")
    watch.wait(lambda event: isinstance(event, Output))
    runner.cancel("c", "r")
    last = watch.finished()
    assert (last.status, last.operations, last.interactive) == ("cancelled", 7, True)
    assert last.message == "The run was stopped."


def test_cancelling_what_is_not_there_is_ignored(runner: Runner) -> None:
    runner.cancel("nobody", "r")
    watch = run(runner, "print(1)", client="c")
    runner.cancel("c", "another")
    runner.cancel("c", "r")
    assert run(runner, "print(2)").text == "2\n"
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def test_a_newer_run_replaces_the_older(runner: Runner) -> None:
    older = start(runner, "import os\nprint(os.getpid())\nwhile True: pass", run="old")
    pid = int(older.wait(lambda event: isinstance(event, Output)).text)  # type: ignore[union-attr]
    newer = start(runner, "print('new')", run="new")
    assert newer.finished().status == "ok"
    last = older.finished()
    assert (last.status, last.message) == ("cancelled", "The run was replaced by a newer one.")
    until(lambda: dead(pid), "the older run's process is dead")
    assert {event.run for event in newer.events} == {"new"}


def test_the_same_run_id_twice_is_two_runs(runner: Runner) -> None:
    first = start(runner, "print('a')\nwhile True: pass")
    first.wait(lambda event: isinstance(event, Output))
    second = run(runner, "print('b')")
    assert first.finished().status == "cancelled"
    assert (second.text, second.events[0].seq) == ("b\n", 1)


def test_a_client_that_leaves_takes_its_run_along(runner: Runner) -> None:
    watch = start(runner, "import os\nprint(os.getpid())\nwhile True: print(1)", client="leaver")
    pid = int(watch.wait(lambda event: isinstance(event, Output)).text.split()[0])  # type: ignore[union-attr]
    runner.disconnect("leaver")
    until(lambda: dead(pid), "its process is dead")
    heard = len(watch.events)
    time.sleep(0.2)
    assert len(watch.events) == heard
    assert not any(isinstance(event, Finished) for event in watch.events)


def test_two_clients_run_side_by_side(runner: Runner) -> None:
    code = "import time\nprint('on')\ntime.sleep(0.5)"
    watches = [start(runner, code, client=f"side{i}", address=f"192.0.2.{i}") for i in range(2)]
    began = time.monotonic()
    assert [watch.finished().status for watch in watches] == ["ok", "ok"]
    assert time.monotonic() - began < 0.95


def test_a_callback_that_raises_harms_nobody(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("mine")

    runner.submit(client="broken", address="x", request=Run(run="r", code="print(1)"), on_event=broken)
    assert run(runner, "print('fine')").text == "fine\n"
    until(lambda: "on_event failed" in caplog.text, "the failure is logged")


def test_a_request_against_its_own_schema_is_refused_at_once(runner: Runner) -> None:
    with pytest.raises(msgspec.ValidationError, match="run"):
        runner.submit(client="c", address="x", request=Run(run="no spaces", code=""), on_event=Watch())
    assert run(runner, "print('fine')").text == "fine\n"


@pytest.mark.parametrize(
    ("code", "word"), [("#" * 65_536 + "é", "length"), ("é" * 40_000, "bytes"), ("\n" * 2_000, "lines")]
)
def test_a_program_that_is_too_long_is_refused(runner: Runner, code: str, word: str) -> None:
    if word == "length":
        with pytest.raises(msgspec.ValidationError, match=word):
            start(runner, code)
    else:
        watch = run(runner, code)
        assert watch.finished().status == "error"
        assert word in watch.finished().message
        assert watch.errors[0].message == watch.finished().message


def test_the_longest_program_arrives_whole(runner: Runner) -> None:
    code = "text = '''" + "x" * 65_000 + "'''\nprint(len(text))"
    assert run(runner, code).text == "65000\n"


# --- The queue -------------------------------------------------------------------------------------------------------

SLOW = "import time\nprint('on')\ntime.sleep(0.6)"


def positions(watch: Watch) -> list[int]:
    return [event.position for event in watch.events if isinstance(event, Queued)]


def test_runs_wait_their_turn_and_are_told_where_they_are(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1)
    watches = [start(runner, SLOW, client=f"c{i}", address=f"a{i}") for i in range(3)]
    assert [watch.finished().status for watch in watches] == ["ok"] * 3
    assert [positions(watch) for watch in watches] == [[], [1], [2, 1]]
    ends = [watch.times[-1] for watch in watches]
    assert ends == sorted(ends)


def test_a_full_queue_and_impatience_are_said_in_a_sentence(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1, queue_per_slot=1, queue_wait_s=0.5, wall_soft_s=3, wall_hard_s=4)
    running = start(runner, "print(1)\nwhile True: pass", client="a", address="a")
    running.wait(lambda event: isinstance(event, Output))
    waiting = start(runner, SLOW, client="b", address="b")
    refused = start(runner, SLOW, client="c", address="c")
    assert refused.finished().status == "error"
    assert "queue is full" in refused.errors[0].message
    assert waiting.finished().status == "error"
    assert "No worker was free within 0.5 s" in waiting.errors[0].message
    assert positions(waiting) == [1]
    assert runner.health().queued == 0
    runner.cancel("a", "r")
    assert running.finished().status == "cancelled"


def test_a_queued_run_can_be_stopped(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=1)
    running = start(runner, SLOW, client="a", address="a")
    waiting = start(runner, SLOW, client="b", address="b")
    waiting.wait(lambda event: isinstance(event, Queued))
    runner.cancel("b", "r")
    assert (waiting.finished().status, waiting.finished().wall_ms) == ("cancelled", 0.0)
    assert running.finished().status == "ok"


def test_one_address_does_not_take_every_slot(make_runner: MakeRunner) -> None:
    runner = make_runner(slots=3, runs_per_address=2)
    crowd = [start(runner, SLOW, client=f"c{i}", address="same") for i in range(3)]
    other = start(runner, "print('me')", client="other", address="other")
    assert other.finished().status == "ok"
    assert [watch.finished().status for watch in crowd] == ["ok"] * 3
    assert positions(crowd[2]) == [1]
    assert positions(other) == []
    assert other.times[-1] < crowd[2].times[-1]


def test_a_browser_that_is_behind_slows_the_program_down(make_runner: MakeRunner) -> None:
    runner = make_runner(unacknowledged_events=5, wall_soft_s=20, wall_hard_s=21)
    code = """
from playground.protocol import Notice
for i in range(200):
    channel.emit(Notice(message="x" * 8000))
print("done")
"""
    # 200 events of 8 kB are far more than the pipe holds, so the program cannot run ahead.
    watch = start(runner, "import time\nprint('on')\ntime.sleep(0.3)" + code)
    watch.wait(lambda event: isinstance(event, Output))
    runner.ack("c", "r", 1)
    time.sleep(1.0)
    held = len(watch.events)
    assert held < 120, "events came though nobody had acknowledged the earlier ones"
    runner.ack("c", "r", 10**6)  # more than was sent: taken as all that was
    time.sleep(0.3)
    assert held < len(watch.events) < 202
    while not any(isinstance(event, Finished) for event in watch.events):
        runner.ack("c", "r", watch.events[-1].seq)
        time.sleep(0.01)
    assert len(watch.notices) == 200


def test_acknowledgements_are_passed_on_in_steps(
    make_runner: MakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = make_runner(unacknowledged_events=80)
    sent: list[int] = []
    monkeypatch.setattr(
        runner, "_send", lambda message, send=runner._send: _note(message, sent) or send(message)
    )
    code = "from playground.protocol import Notice\nfor i in range(40): channel.emit(Notice(message=str(i)))"
    watch = run(runner, code)
    for event in watch.events:
        runner.ack("c", "r", event.seq)
    runner.ack("c", "r", 10**6)
    assert sent == [10, 20, 30, 40]
    assert len(watch.events) < 50


def _note(message: object, sent: list[int]) -> None:
    if isinstance(message, wire.Acknowledge):
        sent.append(message.seq)


def test_who_never_acknowledges_is_not_paced(make_runner: MakeRunner) -> None:
    runner = make_runner(unacknowledged_events=5)
    code = "from playground.protocol import Notice\nfor i in range(100): channel.emit(Notice(message='x' * 8000))"
    watch = run(runner, code)
    assert watch.finished().status == "ok"
    assert len(watch.notices) == 100


def test_the_web_side_imports_no_numpy_and_no_engine() -> None:
    code = "import sys, playground.runner.client, playground.runner.supervisor\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"numpy", "engine", "playground.worker"} & set(loaded.stdout.split())
