"""Programs that are read, not run: in a lane of their own, beside the runs of the same client and of others."""

from __future__ import annotations

import time

import pytest

from playground.protocol import Document, Error, Event, Finished, Output, Parse, Table, UserData
from playground.runner.client import Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.watch import Watch, dead, run, start, until

FOREVER = "import os\nprint(os.getpid())\nwhile True: pass"


def parse(
    runner: Runner,
    code: str = "x = 1",
    *,
    client: str = "c.parse",
    run: str = "p",
    data: UserData | None = None,
) -> Watch:
    watch = Watch()
    request = Parse(run=run, code=code, data=data)
    runner.submit(client=client, address="192.0.2.1", request=request, on_event=watch)
    return watch


def document(watch: Watch) -> Document:
    watch.finished()
    (found,) = [event for event in watch.events if isinstance(event, Document)]
    return found


def is_output(event: Event) -> bool:
    return isinstance(event, Output)


def test_a_program_is_read_while_the_same_client_runs_one(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21, slots=1, runs_per_address=1)
    running = start(runner, FOREVER)
    running.wait(is_output)
    waiting = start(runner, "print(1)", client="other")
    for number in range(5):
        read = parse(runner, f"x = {number}", run=f"p{number}")
        assert document(read).problem == f"x = {number}"
        assert [event.seq for event in read.events] == [1, 2]
        assert read.finished().status == "ok"
    assert not any(isinstance(event, Finished) for event in (*running.events, *waiting.events))
    health = runner.health()
    assert (health.running, health.queued, health.runs) == (1, 1, 1)
    runner.cancel("c", "r")
    assert waiting.finished().status == "ok"


def test_a_newer_one_takes_the_place_of_an_older_one_and_of_no_run(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21)
    running = start(runner, FOREVER)
    running.wait(is_output)
    older = parse(runner, "exec while True: pass", run="p1")
    until(lambda: runner.health().reading == 1, "it is being read")
    newer = parse(runner, "x = 2", run="p2")
    assert document(newer).problem == "x = 2"
    assert older.finished().status == "cancelled"
    assert not any(isinstance(event, Finished) for event in running.events)
    runner.disconnect("c")
    runner.disconnect("c.parse")
    until(lambda: runner.health().running == 0, "the run is ended")


def test_a_process_that_reads_never_lingers(runner: Runner) -> None:
    read = parse(runner)
    assert not read.finished().interactive
    until(lambda: (runner.health().lingering, runner.health().reading) == (0, 0), "it is gone")


def test_reading_that_does_not_end_is_stopped(make_runner: MakeRunner) -> None:
    runner = make_runner(parse_s=0.3, wall_soft_s=20, wall_hard_s=21)
    since = time.monotonic()
    assert parse(runner, "exec while True: pass").finished().status == "timeout"
    assert parse(runner, "exec sum(range(10**13))").finished().status == "timeout"
    assert time.monotonic() - since < 10
    assert document(parse(runner)).problem == "x = 1"


def test_a_disconnect_ends_it(runner: Runner) -> None:
    read = parse(runner, "exec while True: pass")
    until(lambda: runner.health().reading == 1, "it is being read")
    runner.disconnect("c.parse")
    until(lambda: runner.health().reading == 0, "it is gone")
    assert not read.events


def test_many_at_once_all_end(make_runner: MakeRunner) -> None:
    runner = make_runner(queue_per_slot=30)
    watches = [
        parse(runner, f"x = {tab} + {n}", client=f"{tab}.parse", run=f"p{n}")
        for n in range(5)
        for tab in range(10)
    ]
    for watch in watches:
        watch.finished()
    for tab, watch in enumerate(watches[-10:]):
        assert document(watch).problem == f"x = {tab} + 4"
    until(lambda: runner.health().reading == 0, "all are gone")


def test_a_table_of_the_largest_size_arrives(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21)
    text = "äöü,1\n" * ((1024 * 1024) // 9)
    read = parse(runner, "", data=UserData(text=text, features=["ä" * 200] * 256))
    read.finished()
    (table,) = [event for event in read.events if isinstance(event, Table)]
    assert table.rows == len(text)


def test_a_larger_one_is_refused(make_runner: MakeRunner) -> None:
    runner = make_runner(data_bytes=1000)
    for text, fits in (("é" * 500, True), ("é" * 500 + "x", False)):
        read = parse(runner, "", data=UserData(text=text))
        assert (read.finished().status == "ok") is fits
        assert [e.message for e in read.errors] == (
            [] if fits else ["A table may have 1,000 bytes; this one has 1,001."]
        )


def test_the_longest_answer_passes_and_a_longer_one_does_not(make_runner: MakeRunner) -> None:
    runner = make_runner(wall_soft_s=20, wall_hard_s=21, document_bytes=1_000_000, frame_bytes=64 * 1024)
    code = (
        "exec from playground.protocol import Document, NameUse, Statement, Stretch\n"
        "at = Stretch(0, 1)\n"
        "uses = [NameUse('x' * 100, 0, 1, True)] * {}\n"
        "one = Statement(index=0, kind='code', whole=at, core=at, uses=uses)\n"
        "channel.emit(Document(statements=[one]))"
    )
    assert len(document(parse(runner, code.format(9_000))).statements[0].uses) == 9_000
    assert parse(runner, code.format(12_000)).finished().status == "crashed"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Document()", "run"),
        ("Table()", "run"),
        ("Detail(node=0, values=[])", "run"),
        ("LiveResult(number=0, graph=Graph())", "run"),
        ("JacobianResult(output=0, order=1, blocks=[])", "run"),
        ("Started(cells=[])", "parse"),
        ("Output(cell=0, stream='stdout', text='x')", "parse"),
        ("Graph()", "parse"),
        ("Detail(node=0, values=[])", "parse"),
        ("Paused(step=1)", "parse"),
    ],
)
def test_what_it_has_no_business_to_say_is_refused(runner: Runner, event: str, kind: str) -> None:
    code = f"from playground.protocol import *\nchannel.emit({event})"
    watch = run(runner, code) if kind == "run" else parse(runner, f"exec {code}")
    assert watch.finished().status == "crashed"
    forged = event.partition("(")[0]
    assert not [e for e in watch.events if type(e).__name__ == forged and forged != "Started"]


def test_an_error_that_claims_to_answer_a_question_does_not(runner: Runner) -> None:
    code = "from playground.protocol import Error\nchannel.emit(Error(message='no', question='live'))"
    (error,) = (e for e in run(runner, code).events if isinstance(e, Error))
    assert error.question == ""


def test_a_hanging_run_leaves_no_reading_behind(make_runner: MakeRunner) -> None:
    """Both are ended when the runner closes, and nothing that was read keeps a process."""
    runner = make_runner(wall_soft_s=20, wall_hard_s=21)
    running = start(runner, FOREVER)
    running.wait(is_output)
    document(parse(runner))
    runner.close()
    until(lambda: dead(int(running.text.split()[0])), "the run's process is dead")
