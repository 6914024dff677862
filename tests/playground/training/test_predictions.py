"""What a model says is shown as it is: over the plane, along a line, as pictures or as text, whatever the program."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from tests.playground.training.conftest import Trainer
from tests.playground.training.programs import program


def numbers(data: bytes, columns: int = 2) -> np.ndarray[Any, Any]:
    return np.frombuffer(data, "<f4").reshape(-1, columns)


def predicted(train: Trainer, name: str, limits: Limits, steps: int = 120, **more: Any) -> Any:
    """The last prediction of a program."""
    result = train(program(name, steps, **more), limits)
    assert result.predictions, result.notices
    return result.predictions[-1]


def printed(result: Any) -> list[float]:
    """The numbers a program has printed."""
    return [float(word) for word in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", result.text())]


def test_the_boundary_of_two_classes_by_hand(train: Trainer, limits: Limits) -> None:
    """Logistic regression in plain tensors: the probability of the second class is that of the final weights."""
    result = train(program("LOGISTIC", 120), limits)
    boundary = result.predictions[-1]
    assert isinstance(boundary, p.Boundary)
    w0, w1, b = printed(result)[:3]
    assert boundary.classes == 2
    (low_x, high_x), (low_y, high_y) = boundary.x, boundary.y
    x = np.linspace(low_x, high_x, boundary.columns)
    y = np.linspace(low_y, high_y, boundary.rows)
    expected = 1 / (1 + np.exp(-(w0 * x[None, :] + w1 * y[:, None] + b)))
    values = numbers(boundary.values, boundary.columns)
    assert np.abs(values - expected).max() < 2e-3
    points = numbers(boundary.points, 3)
    assert len(points) == 60
    assert ((points[:, 0] > points[:, 1]) == points[:, 2]).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_the_boundary_of_a_network_with_dropout_and_batch_norm(
    train: Trainer, limits: Limits, classes: int
) -> None:
    """As in evaluation: at the data's points it says what ``net.eval()`` would say at the end."""
    code = program("MOONS", 120, classes).replace(
        "print(", "net.eval()\nwith torch.no_grad():\n    sure = torch.softmax(net(X), 1)\n"
        "print(sure.argmax(1).tolist())\nprint(sure[:, 1].tolist())\nprint(X.tolist())\n0, ("
    )  # fmt: skip
    result = train(code, limits)
    boundary = result.predictions[-1]
    assert isinstance(boundary, p.Boundary)
    assert boundary.classes == classes
    lines = result.text().splitlines()
    says, second, X = (np.array(eval(line)) for line in lines[:3])
    values = numbers(boundary.values, boundary.columns)
    column = np.rint((X[:, 0] - boundary.x[0]) / (boundary.x[1] - boundary.x[0]) * (boundary.columns - 1))
    row = np.rint((X[:, 1] - boundary.y[0]) / (boundary.y[1] - boundary.y[0]) * (boundary.rows - 1))
    near = values[row.astype(int), column.astype(int)]
    if classes == 2:
        assert np.abs(near - second).mean() < 0.05
    else:
        assert (np.floor(near) == says).mean() > 0.85
        assert (near % 1 > 1 / 3 - 1e-3).all()


def test_the_boundary_of_a_module_of_the_programs(train: Trainer, limits: Limits) -> None:
    """XOR with a squared error; the module's ``forward`` is not called once more than the program calls it."""
    result = train(program("XOR", 400), limits)
    boundary = result.predictions[-1]
    assert isinstance(boundary, p.Boundary)
    assert result.text().split()[-1] == "400"
    values = numbers(boundary.values, boundary.columns)
    corner = int(0.15 / 1.3 * (boundary.columns - 1))
    far = boundary.columns - 1 - corner
    assert values[corner, corner] < 0.5 < values[corner, far]
    assert values[far, far] < 0.5 < values[far, corner]


def test_a_line_by_hand(train: Trainer, limits: Limits) -> None:
    """``w * x + b`` in plain tensors: the curve is that of the final weights."""
    result = train(program("LINE", 120), limits)
    fit = result.predictions[-1]
    assert isinstance(fit, p.Fit)
    w, b = printed(result)[:2]
    curve, points = numbers(fit.curve), numbers(fit.points)
    assert np.abs(curve[:, 1] - (w * curve[:, 0] + b)).max() < 1e-3
    assert len(curve) > 100
    assert len(points) == 40


def test_a_curve_from_batches(train: Trainer, limits: Limits) -> None:
    """All of the data is shown, though each step sees a sixteenth of it; ``ReLU(inplace=True)`` is no obstacle."""
    fit = predicted(train, "CURVE", limits, 400)
    assert isinstance(fit, p.Fit)
    curve, points = numbers(fit.curve), numbers(fit.points)
    assert len(points) == 64
    assert np.abs(points[:, 1] - np.sin(points[:, 0])).max() < 1e-5
    assert np.abs(curve[:, 1] - np.sin(curve[:, 0])).mean() < 0.3


def test_a_gan_on_a_ring(train: Trainer, limits: Limits) -> None:
    cloud = predicted(train, "GAN", limits)
    assert isinstance(cloud, p.Cloud)
    real, made = numbers(cloud.real), numbers(cloud.made)
    assert len(real) == len(made) == 32
    assert np.allclose(np.hypot(real[:, 0], real[:, 1]), 1, atol=1e-5)
    assert not np.allclose(np.hypot(made[:, 0], made[:, 1]), 1, atol=1e-2)


@pytest.mark.parametrize("name", ["AUTOENCODER", "VAE"])
def test_pictures_and_what_they_should_be(train: Trainer, limits: Limits, name: str) -> None:
    pictures = predicted(train, name, limits, 300)
    assert isinstance(pictures, p.Pictures)
    assert (pictures.height, pictures.width) == (8, 8)
    count = len(pictures.wanted) // 64
    assert count == (20 if name == "AUTOENCODER" else 16)
    made, wanted = (np.frombuffer(data, np.uint8).astype(float) for data in (pictures.made, pictures.wanted))
    assert wanted.min() == 0
    assert wanted.max() == 255
    # Closer than grey would be.
    assert np.abs(made - wanted).mean() < np.abs(wanted - wanted.mean()).mean()


def test_a_classifier_of_pictures(train: Trainer, limits: Limits) -> None:
    pictures = predicted(train, "CNN", limits, 60)
    assert isinstance(pictures, p.Pictures)
    assert len(pictures.wanted) == 24 * 64
    assert not pictures.made
    assert len(pictures.labels) == 24
    assert all(label.isdigit() or (label[0].isdigit() and " (is " in label) for label in pictures.labels)


def test_text(train: Trainer, limits: Limits) -> None:
    tokens = predicted(train, "CHARACTERS", limits, 200)
    assert isinstance(tokens, p.Tokens)
    assert tokens.wanted == ["ello wor", "ld, hell", "o all th", "e world "]
    assert [len(text) for text in tokens.predicted] == [8] * 4
    same = sum(
        a == b
        for x, y in zip(tokens.predicted, tokens.wanted, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    assert same > 16


def test_nothing_is_shown_where_nothing_is_plain(train: Trainer) -> None:
    result = train(program("LBFGS", 5))
    assert not result.predictions
    assert not result.notices


def test_what_cannot_be_run_again_is_left_out(train: Trainer) -> None:
    """A function of the program's own between the data and the prediction: it must not be called for a picture."""
    code = program("LINE", 30).replace(
        "w = torch", "class Twice(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, x):\n        print('called')\n        return 2 * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return 2 * g\n\nw = torch", 1
    ).replace("(w * x + b - y)", "(Twice.apply(w * x) + b - y)")  # fmt: skip
    result = train(code)
    assert result.text().count("called") == 30
    assert all(isinstance(found, p.Fit) for found in result.predictions)
