"""A program that trains is held after a step, which is shown whole; it is asked, tuned, stepped, and let go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from playground import protocol as p
from playground.runner.client import Runner
from playground.runner.limits import Limits
from tests.playground.runner.watch import Watch, start, until_ready
from tests.playground.training.conftest import FREE, Steered, Trained, run
from tests.playground.training.programs import program

PAUSE, STEP, RESUME = (p.Control(run="r", action=action) for action in ("pause", "step", "resume"))  # type: ignore[arg-type]


def steered(
    code: str,
    held: list[list[Any]],
    limits: Limits | None = None,
    before: Callable[[Steered], list[Any]] | None = None,
) -> tuple[Trained, Steered]:
    """Paused at the third look; each time it is held, the next list of commands is said."""
    waiting = iter(held)

    def script(channel: Steered) -> list[Any]:
        if before is not None:
            return before(channel)
        return [PAUSE] if channel.asked == 3 else []

    def hold(channel: Steered) -> Iterator[Any]:
        for command in next(waiting):
            yield command(channel) if callable(command) else command

    channel = Steered(limits or Limits(), script, hold)
    result = run(code, channel)
    assert next(waiting, None) is None
    return result, channel


def graphs(result: Trained) -> list[list[p.Graph]]:
    """The graph events, those of each restart together."""
    found: list[list[p.Graph]] = [[]]
    for event in result.of(p.Graph):
        if event.restart:
            found.append([])
        found[-1].append(event)
    return found


def test_a_step_is_recorded_whole(limits: Limits) -> None:
    result, _ = steered(program("XOR", 3_000), [[RESUME]], limits)
    (paused,) = result.of(p.Paused)
    assert result.of(p.Resumed)
    assert result.step == 3_000
    _, step = graphs(result)
    nodes = [node for event in step for node in event.nodes]
    steps = [one for event in step for one in event.steps]
    scopes = [scope for event in step for scope in event.scopes]
    assert [node.id for node in nodes] == list(range(len(nodes)))
    assert min(scope.id for scope in scopes) == 1
    # Everything from the forward pass to the update, and nothing else.
    assert [node.op for node in nodes if node.op == "aten::mse_loss"] == ["aten::mse_loss"]
    assert {o.name for node in nodes for o in node.outputs} >= {"X", "y", "loss", "hidden.weight", "out.bias"}
    assert sum(one.name == "AccumulateGrad" for one in steps) == 4
    assert [scope.name for scope in scopes if scope.kind == "optimizer"] == ["Adam.step"]
    assert [scope.name for scope in scopes if scope.kind == "module"] == ["Net", "hidden", "out", "MSELoss"]
    assert "for epoch in range(3000)" in {scope.name for scope in scopes}
    iteration = next(scope for scope in scopes if scope.kind == "iteration")
    assert iteration.index == paused.step - 1
    # The order: the graph, then that it is held, then that it goes on.
    told = [e for e in result.events if isinstance(e, p.Paused | p.Resumed) or getattr(e, "restart", False)]
    order = [type(e).__name__ for e in told]
    assert order == ["Graph", "Paused", "Resumed"]
    assert result.of(p.Profile)


def test_stepping(limits: Limits) -> None:
    """Each step's graph begins again and has the same nodes; the values are those of the step."""
    result, _ = steered(program("XOR", 2_000), [[STEP], [STEP], [STEP], [RESUME]], limits)
    held = [paused.step for paused in result.of(p.Paused)]
    assert held == list(range(held[0], held[0] + 4))
    assert len(result.of(p.Resumed)) == 1
    _, *steps = graphs(result)
    assert len(steps) == 4
    shapes, losses = [], []
    for step in steps:
        nodes = [node for event in step for node in event.nodes]
        shapes.append([(node.id, node.op, [o.name for o in node.outputs]) for node in nodes])
        (loss,) = (o.value.data[0] for node in nodes for o in node.outputs if o.name == "loss")
        losses.append(loss)
    assert shapes[0] == shapes[1] == shapes[2] == shapes[3]
    assert len(set(losses)) == 4
    series = result.series("loss")
    assert [series[step] for step in held] == pytest.approx(losses)


def newest(events: list[Any]) -> list[p.Node]:
    """The nodes of the graph that began last."""
    last = max(i for i, e in enumerate(events) if isinstance(e, p.Graph) and e.restart)
    return [node for e in events[last:] if isinstance(e, p.Graph) for node in e.nodes]


def named(nodes: list[p.Node], name: str) -> p.Node:
    return next(node for node in nodes if any(o.name == name for o in node.outputs))


def test_questions_are_about_the_step() -> None:
    """At the end too they are about the newest graph, and what the program changed since does not show."""

    def held(channel: Steered) -> Iterator[Any]:
        yield STEP if len(channel.of(p.Paused)) < 2 else RESUME

    channel = Steered(Limits(), lambda c: [PAUSE] if c.asked == 3 else [], held)
    channel.questions = [
        lambda c: p.Inspect(run="r", node=named(newest(c.events), "hidden.weight").id),
        lambda c: p.Jacobian(
            run="r",
            output=named(newest(c.events), "loss").id,
            inputs=[named(newest(c.events), "out.bias").id],
        ),
        lambda c: p.Local(run="r", node=named(newest(c.events), "loss").id),
    ]
    result = run(program("XOR", 2_000), channel)
    weight = named(newest(result.events), "hidden.weight").outputs[0].value.data
    detail, jacobian, local = channel.events[-3:]
    assert isinstance(detail, p.Detail)
    assert detail.values[0] is not None
    assert detail.values[0].data == weight
    assert isinstance(jacobian, p.JacobianResult)
    assert isinstance(local, p.LocalResult)


def test_tuning(limits: Limits) -> None:
    """The rate is that of the next step, and so says the next event; held, the answer comes at once."""
    tune = p.Tune(run="r", optimizer=0, lr=0.25)
    result, channel = steered(
        program("XOR", 2_000), [[tune, p.Tune(run="r", optimizer=7, lr=1.0), RESUME]], limits
    )
    at = next(i for i, e in enumerate(channel.events) if isinstance(e, p.Paused))
    answers = channel.events[at + 1 : at + 3]
    assert all(isinstance(answer, p.Training) for answer in answers)
    assert [one.lr for one in answers[0].learners] == [0.25]
    assert not answers[1].learners
    step = result.of(p.Paused)[0].step
    rates = result.series("lr")
    assert all(rate == (0.05 if at <= step else 0.25) for at, rate in rates.items())
    assert any(at > step for at in rates)


def test_tuning_while_it_runs(limits: Limits) -> None:
    tune = p.Tune(run="r", optimizer=0, lr=0.125)
    result, _ = steered(
        program("XOR", 3_000), [], limits, lambda channel: [tune] if channel.asked == 3 else []
    )
    assert [one.lr for event in result.training for one in event.learners] == [0.05, 0.125]
    assert set(result.series("lr").values()) == {0.05, 0.125}


def test_a_scheduler_overrules() -> None:
    """What the program says is done, and said."""
    tune = p.Tune(run="r", optimizer=0, lr=0.125)
    result, _ = steered(program("CURVE", 800), [], None, lambda channel: [tune] if channel.asked == 3 else [])
    assert sum("sets the learning rate itself" in notice for notice in result.notices) == 1


def test_held_time_does_not_count() -> None:
    import time

    def wait(channel: Steered) -> p.Control:
        time.sleep(0.5)
        return RESUME

    result, _ = steered(program("XOR", 1_000), [[wait]])
    step = result.of(p.Paused)[0].step
    points = [e.points for e in result.training if e.points is not None]
    times = {s: t for found in points for s, t in zip(found.steps, found.times, strict=True)}
    after = min(s for s in times if s > step)
    assert times[after] - times[step] < 0.4


def test_by_hand_from_the_first_operation(limits: Limits) -> None:
    """A loop without an optimizer is held where it comes round, and the step has its forward pass and its update."""
    result, _ = steered(program("LINE", 6_000), [[STEP], [RESUME]], limits)
    assert result.step == 6_000
    for step in graphs(result)[1:]:
        ops = [node.op for event in step for node in event.nodes if node.op]
        assert ops[:2] == ["aten::mul", "aten::add"]
        assert ops.count("aten::mean") == 1
        assert ops.count("aten::sub_") == 2


def test_two_optimizers_are_two_steps() -> None:
    result, _ = steered(program("GAN", 400), [[STEP], [STEP], [RESUME]], FREE)
    found = [[scope for event in step for scope in event.scopes] for step in graphs(result)[1:]]
    names = [[scope.name for scope in scopes if scope.kind == "optimizer"] for scopes in found]
    assert names == [["Adam.step"]] * 3
    held = [paused.step for paused in result.of(p.Paused)]
    assert held == [held[0], held[0] + 1, held[0] + 2]


def test_taken_back() -> None:
    """Resumed before the step was over: it is not held."""
    result, _ = steered(
        program("XOR", 1_000), [], None, lambda c: [PAUSE, RESUME] if c.asked == 3 else []
    )  # fmt: skip
    assert not result.of(p.Paused)


def test_a_graph_without_room_is_left_out() -> None:
    limits = Limits(results_bytes=64 * 1024, operations=100)
    result, _ = steered(program("CNN", 400), [[STEP]] * 30 + [[RESUME]], limits)
    assert any("step's graph is left out" in notice for notice in result.notices)
    assert result.finished.status == "ok"


# --- In the process it is made for -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner(Limits(slots=1, wall_soft_s=60, wall_hard_s=62, cpu_soft_s=40, cpu_hard_s=42))
    made.start()
    until_ready(made)
    yield made
    made.close()


def test_through_the_runner(runner: Runner) -> None:
    """Pause, look, step, tune, look, go on, stop."""
    watch: Watch = start(runner, program("XOR", 1_000_000))
    watch.wait(lambda e: isinstance(e, p.Training) and e.points is not None and e.step > 50, "some training")
    runner.steer("c", PAUSE)
    first = watch.wait(lambda e: isinstance(e, p.Paused), "the hold")
    assert isinstance(first, p.Paused)

    node = named(newest(watch.events), "loss")
    runner.send("c", p.Inspect(run="r", node=node.id))
    detail = watch.wait(lambda e: isinstance(e, p.Detail), "the answer")
    assert isinstance(detail, p.Detail)
    assert detail.values[0] is not None
    assert detail.values[0].data == node.outputs[0].value.data
    runner.steer("c", p.Tune(run="r", optimizer=0, lr=0.5))
    watch.wait(
        lambda e: isinstance(e, p.Training) and any(one.lr == 0.5 for one in e.learners), "the new rate"
    )
    runner.steer("c", STEP)
    second = watch.wait(lambda e: isinstance(e, p.Paused) and e.step > first.step, "the next step")
    assert isinstance(second, p.Paused)
    assert second.step == first.step + 1
    assert named(newest(watch.events), "loss").id == node.id
    runner.steer("c", RESUME)
    watch.wait(lambda e: isinstance(e, p.Resumed), "going on")
    watch.wait(lambda e: isinstance(e, p.Training) and e.step > second.step + 50, "more training")
    runner.cancel(client="c", run="r")
    finished = watch.finished()
    assert finished.status == "cancelled"
