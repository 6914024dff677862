"""Programs that mean harm. After each of them the next program runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.protocol import Finished, Notice
from playground.runner.client import Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import dead, run, start, until

SEND = """
import os, struct, msgspec
def frame(payload): return struct.pack(">I", len(payload)) + payload
def send(value): os.write(3, frame(msgspec.msgpack.encode(value)))
"""


@pytest.fixture(autouse=True)
def the_next_run_is_served(runner: Runner) -> Iterator[None]:
    before = runner.health()
    yield
    assert run(runner, "print('next')").text == "next\n"
    after = runner.health()
    assert (after.supervisor, after.zygote) == (before.supervisor, before.zygote)


# --- Without end -----------------------------------------------------------------------------------------------------


def test_a_loop_without_end_meets_the_soft_deadline_with_its_line(runner: Runner) -> None:
    watch = run(runner, "x = 0\nwhile True:\n    x += 1")
    last = watch.finished()
    assert (last.status, last.operations) == ("timeout", 7)
    assert last.message == "The run was stopped: it took longer than 1.5 s."
    assert watch.errors[0].line in (2, 3)
    assert 1400 < last.wall_ms < 2400


@pytest.mark.parametrize(
    "loop",
    [
        "sum(range(10**13))",
        "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nwhile True: pass",
    ],
    ids=["in C", "ignoring the signal", "blocking every signal"],
)
def test_a_loop_that_cannot_be_interrupted_is_killed(runner: Runner, loop: str) -> None:
    watch = run(runner, f"print('on')\n{loop}")
    last = watch.finished()
    assert last.status == "timeout"
    assert 2400 < last.wall_ms < 4000
    if "sum" in loop:
        assert [error.line for error in watch.errors] == [2]
        assert last.message == "The run was stopped at line 2: it took longer than 1.5 s."


def test_an_interrupt_that_is_swallowed_comes_again(runner: Runner) -> None:
    watch = run(
        runner, "try:\n    x = 0\n    while True: x += 1\nexcept BaseException: pass\nwhile True: x += 1"
    )
    assert watch.finished().status == "timeout"
    assert watch.errors[0].line == 5
    assert watch.finished().wall_ms < 2400


def test_swallowing_every_interrupt_does_not_help(runner: Runner) -> None:
    code = "while True:\n    try:\n        x = 1\n        while True: pass\n    except BaseException: pass"
    last = run(runner, code).finished()
    assert last.status == "timeout"
    assert last.wall_ms < 4000


def test_printing_without_end(patient: Runner) -> None:
    # Lines of some length: the limit is in bytes, and one letter at a time meets the wall limit on a busy machine.
    watch = run(patient, "while True: print('yes' * 10)")
    assert watch.finished().status == "output_limit"
    assert watch.finished().message == "The run was stopped: it printed more than 256 KiB."
    assert len(watch.text) == 64 * 1024
    assert len(watch.notices) == 1


def test_printing_without_end_past_python(patient: Runner) -> None:
    watch = run(patient, "import os\nwhile True: os.write(1, b'y' * 1000)")
    assert watch.finished().status == "output_limit"
    assert len(watch.text) == 64 * 1024
    assert len(watch.notices) == 1


def test_printing_a_little_too_much_is_cut_and_goes_on(patient: Runner) -> None:
    watch = run(patient, "for i in range(100): print('é' * 500)\nprint('the end')")
    assert watch.finished().status == "ok"
    assert 64 * 1024 - 1 <= len(watch.text.encode()) <= 64 * 1024
    assert [notice.message for notice in watch.notices] == [
        "Output is shown up to 64 KiB; the rest of it is left out."
    ]


@pytest.mark.parametrize(
    "code",
    [
        "x = []\nwhile True: x.append(bytearray(10**6))",
        "import numpy\nx = numpy.ones(10**9)",
        "x = 1\nx = 'a' * 10**9",
    ],
)
def test_allocating_without_end_is_a_memory_error_with_a_line(patient: Runner, code: str) -> None:
    watch = run(patient, code)
    last = watch.finished()
    assert (last.status, last.message) == ("memory", "The program ran out of memory: it may use 256 MiB.")
    assert watch.errors[0].line == 2


def test_two_hundred_megabytes_may_be_used(patient: Runner) -> None:
    assert run(patient, "import numpy\nprint(int(numpy.ones(25_000_000).sum()))").text == "25000000\n"


def test_results_without_end(make_runner: MakeRunner, patient: Runner) -> None:
    code = "from playground.protocol import Notice\nwhile True: channel.emit(Notice(message='x' * 16000))"
    watch = run(patient, code)
    assert watch.finished().status == "output_limit"
    assert "16,384 KiB" in watch.finished().message
    assert 1_000 <= len(watch.notices) <= 1_048
    few = make_runner(events=50, wall_soft_s=10, wall_hard_s=11)
    watch = run(few, "from playground.protocol import Notice\nwhile True: channel.emit(Notice(message=''))")
    assert watch.finished().status == "output_limit"
    assert 50 <= len(watch.events) <= 53


# --- Ending oneself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import os; os._exit(137)", "exit code 137"),
        ("import os; os._exit(0)", "exit code 0"),
        ("import os; os.abort()", "SIGSEGV"),  # it may not signal itself, so C's last resort ends it
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import ctypes; ctypes.CDLL(None).syscall(0x4000_0000 + 39)", "SIGSYS"),
        ("import os; os.closerange(0, 100); os._exit(3)", "exit code 3"),
    ],
)
def test_a_process_that_ends_itself_has_crashed(runner: Runner, code: str, word: str) -> None:
    watch = run(runner, f"print('before')\n{code}")
    last = watch.finished()
    assert (last.status, word in last.message) == ("crashed", True)
    assert watch.text == "before\n"
    if word == "SIGSEGV":
        assert [error.line for error in watch.errors] == [2]
        assert "line 2" in last.message


def test_system_exit_is_no_crash(runner: Runner) -> None:
    assert run(runner, "raise SystemExit(5)").finished().status == "error"


# --- Reaching out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.fork()",
        "import threading; threading.Thread(target=print).start()",
        "import subprocess; subprocess.run(['true'])",
    ],
)
def test_no_process_and_no_thread_can_be_started(runner: Runner, code: str) -> None:
    watch = run(runner, code)
    assert watch.finished().status == "error"
    assert any(
        word in watch.errors[0].message
        for word in ("Resource temporarily unavailable", "can't start new thread", "Permission denied")
    )


def test_nothing_can_be_written_to_a_file(runner: Runner, tmp_path: Path) -> None:
    file = tmp_path / "file"
    watch = run(runner, f"with open({str(file)!r}, 'w') as file: file.write('x')")
    assert watch.finished().status == "error"
    assert "PermissionError" in watch.errors[0].message or "File too large" in watch.errors[0].message
    assert not file.exists() or file.read_bytes() == b""


def test_the_environment_holds_nothing(runner: Runner) -> None:
    assert run(runner, "import os\nprint(dict(os.environ))").text == f"{{'PATH': '{os.defpath}'}}\n"


def test_the_servers_secrets_reach_no_process(
    make_runner: MakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "do-not-tell")
    health = make_runner().health()
    for pid in (health.supervisor, health.zygote):
        # Not readable at all, unless we are root: then its memory is hidden from its own user, which is better still.
        with contextlib.suppress(PermissionError):
            assert b"do-not-tell" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_the_process_has_only_its_own_descriptors(runner: Runner) -> None:
    code = """
import select
poll = select.poll()
for descriptor in range(16): poll.register(descriptor)
print([descriptor for descriptor, event in poll.poll(0) if event == select.POLLNVAL])
"""
    assert run(runner, code).text == f"{[*range(6, 16)]}\n"


def test_the_process_has_given_up_its_rights(runner: Runner) -> None:
    code = """
import os, resource, time
print(os.getpid())
print(os.getcwd(), os.geteuid() != 0)
for name in ("CORE", "FSIZE", "NPROC", "MEMLOCK", "NOFILE"):
    print(name, resource.getrlimit(getattr(resource, f"RLIMIT_{name}")))
print(resource.getrlimit(resource.RLIMIT_CPU)[0])
print(os.environ.get("OPENBLAS_NUM_THREADS"))
time.sleep(1)
"""
    watch = start(runner, code)
    until(lambda: "None" in watch.text, "it has looked")
    process = Path("/proc") / watch.text.split()[0]
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
    assert not status["CapEff"].strip("0")
    assert (process / "oom_score_adj").read_text() == "1000\n"
    assert (process / "stat").read_text().rpartition(")")[2].split()[16] == "19"  # nice
    assert watch.finished().status == "ok"
    assert watch.text.splitlines()[1:] == [
        "/ True",
        "CORE (0, 0)",
        "FSIZE (0, 0)",
        "NPROC (0, 0)",
        "MEMLOCK (0, 0)",
        "NOFILE (16, 16)",
        "10",
        "None",
    ]


# --- Lying to the supervisor -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        'os.write(3, b"complete garbage")',
        'os.write(3, struct.pack(">I", 2**31))',
        'os.write(3, frame(b"\\x91" * 200_000 + b"\\xc0"))',
        'os.write(3, frame(b"\\x81\\xa4type" + b"\\x91" * 200_000 + b"\\xc0"))',
        'os.write(3, frame(b""))',
        'os.write(3, frame(b"\\xc1"))',
        'send({"type": "output", "cell": 0, "stream": "stdout"})',
        'send({"type": "output", "cell": -1, "stream": "stdout", "text": ""})',
        'send({"type": "output", "cell": 0, "stream": "stdin", "text": ""})',
        'send({"type": "output", "cell": 0, "stream": "stdout", "text": "x" * 20_000})',
        'send({"type": "output", "cell": 0, "stream": "stdout", "text": "x", "html": "<b>"})',
        'send({"type": "queued", "position": 1})',
        'send({"type": "run", "run": "x", "code": ""})',
        'send({"type": "started", "cells": []})',
        'send(["output"])',
        "send(7)",
        'send({"type": "detail", "node": 0, "values": [{"numel": 1, "data": [float("nan")]}]})',
        'send({"type": "detail", "node": 0, "values": [{"numel": 1, "mean": float("inf")}]})',
        'send({"type": "detail", "node": 2**70, "values": []})'.replace("2**70", "2**63"),
    ],
)
def test_what_is_not_an_event_ends_the_run(runner: Runner, lie: str) -> None:
    watch = run(runner, f"print('before')\n{SEND}\n{lie}\nimport time\ntime.sleep(60)")
    last = watch.finished()
    assert last.status == "crashed"
    assert last.message == "The run was stopped: its process sent something that is not a result."
    assert last.wall_ms < 1400
    assert watch.text == "before\n"


def test_a_frame_cut_short_is_never_shown(runner: Runner) -> None:
    watch = run(runner, f"{SEND}\nos.write(3, frame(b'x' * 1000)[:500])\nos._exit(0)")
    assert watch.finished().status == "crashed"
    assert len(watch.events) == 2


def test_bytes_that_look_like_nan_are_let_through(runner: Runner) -> None:
    code = f"{SEND}\nsend({{'type': 'training', 'step': 1, 'prediction': {{'type': 'fit', 'points': b'',"
    code += "'curve': bytes([0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0])}})"
    assert run(runner, code).finished().status == "ok"


def test_frames_on_descriptor_1_are_only_text(runner: Runner) -> None:
    code = f"{SEND}\nos.write(1, frame(msgspec.msgpack.encode({{'type': 'finished', 'status': 'ok', 'wall_ms': 1.0}})))"
    watch = run(runner, code)
    assert watch.finished().operations == 7
    assert "finished" in watch.text


def test_a_forged_ending_is_an_ending(runner: Runner) -> None:
    code = f"{SEND}\nprint(os.getpid())\nsend({{'type': 'finished', 'status': 'ok', 'wall_ms': 1e9}})\n"
    code += "while True: print(1)"
    watch = run(runner, code)
    last = watch.finished()
    assert last.status == "ok"
    assert last.wall_ms < 1400
    until(lambda: dead(int(watch.text.split()[0])), "its process is dead")
    assert watch.events[-1] is last


@pytest.mark.parametrize("status", ["cancelled", "crashed"])
def test_a_program_cannot_say_what_only_we_know(runner: Runner, status: str) -> None:
    watch = run(runner, f"{SEND}\nsend({{'type': 'finished', 'status': '{status}', 'wall_ms': 1.0}})")
    assert watch.finished().status == "error"


def test_run_and_number_are_ours(runner: Runner) -> None:
    watch = run(runner, f"{SEND}\nsend({{'type': 'notice', 'run': 'other', 'seq': 999, 'message': 'hi'}})")
    notice = next(event for event in watch.events if isinstance(event, Notice))
    assert (notice.run, notice.seq) == ("r", 2)


def test_going_on_after_an_interactive_ending_ends_the_answers(runner: Runner) -> None:
    code = f"{SEND}\nprint(os.getpid())\n"
    code += "end = {'type': 'finished', 'status': 'ok', 'wall_ms': 1.0, 'interactive': True}\n"
    code += "os.write(3, frame(msgspec.msgpack.encode(end)) * 3)\nwhile True: send(end)"
    watch = run(runner, code)
    until(lambda: dead(int(watch.text)), "its process is dead")
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def test_closing_the_pipes_and_going_on_ends_with_the_time(runner: Runner) -> None:
    assert run(runner, "import os\nos.closerange(0, 100)\nwhile True: pass").finished().status in (
        "timeout",
        "crashed",
    )


def test_a_deadline_never_cuts_a_frame(make_runner: MakeRunner) -> None:
    endless = make_runner(wall_soft_s=0.5, results_bytes=2**34, events=2**30, frames=2**30)
    code = "from playground.protocol import Notice\nwhile True: channel.emit(Notice(message='x' * 16000))"
    for _ in range(3):
        watch = run(endless, code)
        assert (watch.finished().status, watch.finished().operations) == ("timeout", 7)


def test_filling_the_fault_pipe_changes_nothing(runner: Runner) -> None:
    # It blocks when the pipe is full, and so does whoever would write the line there.
    code = "import os\nwhile True: os.write(5, b'File \"<program>\", line 99' * 100)\n"
    assert start(runner, code).finished().status == "timeout"
