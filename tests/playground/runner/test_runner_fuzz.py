"""Children that answer what was not asked, and commands in any order at any time: there is always one end."""

from __future__ import annotations

import random

import pytest

from playground.protocol import (
    Control,
    Document,
    Error,
    Event,
    Finished,
    Inspect,
    Jacobian,
    Live,
    Local,
    Parse,
    Paused,
    Question,
    Resumed,
    Tune,
    UserData,
)
from playground.runner.client import Runner
from tests.playground.runner.conftest import MakeRunner
from tests.playground.runner.test_runner_hold import FOREVER
from tests.playground.runner.watch import Watch, run, start, until

QUESTIONS: dict[str, Question] = {
    "Detail": Inspect(run="r", node=1),
    "JacobianResult": Jacobian(run="r", output=1, inputs=[0]),
    "LocalResult": Local(run="r", node=1),
    "LiveResult": Live(run="r", number=1, code="x = 1"),
}
FORGED = {
    "Detail": "Detail(node=0, values=[])",
    "JacobianResult": "JacobianResult(output=0, order=1, blocks=[])",
    "LocalResult": "LocalResult(node=0)",
    "LiveResult": "LiveResult(number=1, graph=Graph())",
    "Document": "Document()",
    "Table": "Table()",
    "Paused": "Paused(step=1)",
    "Training": "Training(step=1)",
    "Finished": "Finished(status='ok', wall_ms=1.0)",
}


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("forged", FORGED)
def test_only_the_answer_that_was_asked_for_is_one(patient: Runner, asked: str, forged: str) -> None:
    code = f"from playground.protocol import *\ndef answer(command):\n    channel.emit({FORGED[forged]})\n    return 1"
    watch = run(patient, code)
    before = len(watch.events)
    assert patient.send("c", QUESTIONS[asked])
    until(lambda: len(watch.events) > before, "an answer")
    answer = watch.events[before]
    if forged == asked:
        assert type(answer).__name__ == forged
    else:
        assert isinstance(answer, Error)
        assert (answer.question, answer.field) == (_kind(asked), "run")
        assert "unreadable" in answer.message
    assert sum(isinstance(event, Finished) for event in watch.events) == 1


def _kind(asked: str) -> str:
    return str(type(QUESTIONS[asked]).__name__).lower()


@pytest.mark.parametrize("seed", range(6))
def test_commands_in_any_order_end_in_one_end(make_runner: MakeRunner, seed: int) -> None:
    runner = make_runner(wall_soft_s=3, wall_hard_s=4, hold_s=0.2, interactive_s=2)
    dice = random.Random(seed)
    watch = start(runner, FOREVER)
    reading: list[Watch] = []
    for _ in range(150):
        match dice.randrange(7):
            case 0 | 1 | 2:
                action = dice.choice(("pause", "step", "resume"))
                runner.steer("c", Control(run="r", action=action))  # type: ignore[arg-type]
            case 3:
                runner.steer("c", Tune(run="r", optimizer=0, lr=dice.random()))
            case 4:
                runner.send("c", dice.choice((Inspect(run="r", node=5), Live(run="r", number=1, code="x"))))
            case 5:
                runner.ack("c", "r", dice.randrange(1_000))
            case 6:
                reading.append(Watch())
                request = Parse(run=f"p{len(reading)}", code="x", data=UserData(text="a\n1"))
                runner.submit(client="c.parse", address="a", request=request, on_event=reading[-1])
        if dice.random() < 0.1:
            until(lambda: True, "a moment")
    runner.cancel("c", "r")
    assert watch.finished().status in ("cancelled", "timeout")
    for one in reading:
        one.finished()
    until(lambda: (runner.health().held, runner.health().running) == (0, 0), "nothing is left")
    for one in (watch, *reading):
        assert sum(isinstance(event, Finished) for event in one.events) == 1
        assert [event.seq for event in one.events] == list(range(1, len(one.events) + 1))
    assert not any(isinstance(event, Document | Paused | Resumed) for one in reading for event in one.events)
    # Of what was said about holding every other one lets it go on, or does a step.
    assert _in_turn(watch.events)
    assert run(runner, "print('still here')").finished().status == "ok"


def _in_turn(events: list[Event]) -> bool:
    """Nothing that runs comes while it is held, but for the answers."""
    finished = next(n for n, event in enumerate(events) if isinstance(event, Finished))
    return not any(isinstance(event, Paused | Resumed) for event in events[finished:])
