"""The templates of the gallery: each prints what PyTorch prints, in little time, and reaches what it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from playground import protocol as p
from playground.runner.client import Runner
from playground.runner.limits import Limits
from playground.web import gallery
from playground.worker.cells import text_lines
from tests.playground.runner import watch
from tests.playground.worker.conftest import Result
from tests.programs import harness

REFERENCES = harness.load_references()["programs"]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """As programs run on a server, but patient where the machine is busy with other things."""
    made = Runner(Limits(slots=1, wall_soft_s=90, wall_hard_s=95, cpu_soft_s=9, cpu_hard_s=10))
    made.start()
    watch.until_ready(made)
    yield made
    made.close()


def numbers(pattern: str, text: str) -> list[float]:
    """What the groups of `pattern` match, as numbers; of the last place if there are several."""
    found = re.findall(pattern, text)
    assert found, f"{pattern!r} is not in\n{text}"
    last = found[-1]
    return [float(part) for part in (last if isinstance(last, tuple) else (last,))]


def line_fit(result: Result) -> None:
    slope, intercept = numbers(r"y = (\S+) x (\S+)", result.text())
    assert abs(slope - 2) < 0.1
    assert abs(intercept + 1) < 0.1


def logistic_regression(result: Result) -> None:
    assert min(numbers(r"right on (\d+)% of the training points and (\d+)%", result.text())) >= 95


def xor(result: Result) -> None:
    assert numbers(r"loss \S+, (\d+)% right", result.text()) == [100]
    for a, b, truth, said in re.findall(r"(\d) xor (\d) = (\d)   model: (\S+)", result.text()):
        assert int(a) ^ int(b) == int(truth) == round(float(said))


def spirals(result: Result) -> None:
    assert min(numbers(r"right on (\S+)% of the training points and (\S+)%", result.text())) >= 95


def digits(result: Result) -> None:
    assert numbers(r"(\S+)% of the test pictures right", result.text())[0] >= 95
    assert [trace.type for trace in result.figures[-1].figure.data] == ["heatmap"] * 8


def character_rnn(result: Result) -> None:
    assert numbers(r"step 150: loss (\S+)", result.text())[0] < 1.6
    for line in result.text().splitlines()[-2:]:
        words = line.split()[1:-1]  # the first was begun for it, the last is cut
        # Its words are made as those it has read are: syllables of a consonant and a vowel, perhaps with an n.
        spelt = [word for word in words if re.fullmatch(r"([bdklmnprst][aeiou])+n?", word)]
        assert len(words) >= 4
        assert len(spelt) >= 0.6 * len(words), line


def transformer_block(result: Result) -> None:
    assert numbers(r"step 100: loss \S+, (\d+)%", result.text())[0] >= 75
    assert "goes on: 41 42 43 44" in result.text()
    (attention,) = result.figures[-1].figure.data
    assert attention.z is not None
    for row, weights in enumerate(attention.z):
        assert isinstance(weights, list)
        assert all(weight == 0 for weight in weights[row + 1 :])  # nothing that comes later is looked at


def autoencoder(result: Result) -> None:
    first, last = (numbers(rf"step +{step}: loss (\S+)", result.text())[0] for step in (0, 300))
    assert last < 0.014 < 0.1 < first


def vae(result: Result) -> None:
    assert numbers(r"step 300: drawing (\S+),", result.text())[0] < 26
    (drawn,) = result.figures[-1].figure.data
    assert drawn.z is not None
    assert len(drawn.z) == 72


def gan_ring(result: Result) -> None:
    near, distance = numbers(
        r"(\d+)% of the points made are near the ring; their mean distance is (\S+)", result.text()
    )
    assert near >= 80
    assert abs(distance - 2) < 0.3


def surface(result: Result) -> None:
    heights = [float(height) for height in re.findall(r"height (\S+)", result.text())]
    assert heights == [-0.299, -0.889]
    (event,) = result.figures
    assert [trace.type for trace in event.figure.data] == ["surface", "scatter3d", "scatter3d"]


def newton_against_sgd(result: Result) -> None:
    (newton,) = numbers(r"Newton, 8 steps: (\S+)", result.text())
    (sgd,) = numbers(r"SGD, 400 steps:  (\S+)", result.text())
    assert newton < sgd < newton + 0.01


REACHES: dict[str, Callable[[Result], None]] = {
    check.__name__: check
    for check in (
        *(line_fit, logistic_regression, xor, spirals, digits, character_rnn, transformer_block),
        *(autoencoder, vae, gan_ring, surface, newton_against_sgd),
    )
}
TEMPLATES = {example.id: example for example in gallery.examples() if example.section == "Templates"}


def test_there_are_twelve() -> None:
    assert TEMPLATES.keys() == REACHES.keys()
    assert len(TEMPLATES) == 12


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_reaches_its_aim_and_prints_what_pytorch_prints(
    runner: Runner, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = TEMPLATES[name]
    assert template.panel in ("training", "output")
    assert template.summary
    monkeypatch.setattr(watch, "PATIENCE_S", 100.0)
    watched = watch.run(runner, template.code)
    assert watched.finished().status == "ok", watched.finished()
    result = Result(watched.events)
    assert not result.errors
    assert not result.text("stderr")
    assert all(
        re.search("operations are recorded|goes on at full speed", notice) for notice in result.notices
    )
    assert len(text_lines(template.code)) <= 90
    assert all(cell.title for cell in result.of(p.Started)[0].cells)
    if "plt" in template.code:
        assert result.figures
    REACHES[name](result)
    reference = harness.from_json(REFERENCES[harness.TEMPLATE + name])
    printed = harness.Result(harness.masked(result.text()).splitlines())
    problem = harness.difference(reference, printed, harness.TEMPLATE_TOLERANCE)
    assert not problem, f"\n{problem}"
