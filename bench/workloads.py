"""The work, written for PyTorch's interface: the engine and PyTorch run this very code.

Each workload is a function of the library that sets everything up and returns the step to be timed. A step returns
what the libraries are compared by: a gradient, or the loss, which after some training steps tells of the gradients too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench import data

Step = Callable[[], Any]


def chain_forward(torch: Any) -> Step:
    x, y, z0 = (torch.tensor(a).requires_grad_() for a in data.chain())

    def step() -> Any:
        z = z0
        for _ in range(data.CHAIN_LENGTH):
            z = (z / x) * y
        return z

    return step


def chain_backward(torch: Any) -> Step:
    x, y, z0 = (torch.tensor(a).requires_grad_() for a in data.chain())

    def step() -> Any:
        x.grad = y.grad = z0.grad = None
        z = z0
        for _ in range(data.CHAIN_LENGTH):
            z = (z / x) * y
        z.sum().backward()
        return x.grad

    return step


def sine(elements: int) -> Callable[[Any], Step]:
    def build(torch: Any) -> Step:
        a = torch.tensor(data.angles(elements), requires_grad=True)

        def step() -> Any:
            a.grad = None
            (2 * torch.sin(a) + 1).sum().backward()
            return a.grad

        return step

    return build


def load(torch: Any, module: Any, parameters: list[data.Array]) -> Any:
    """Give the module these parameters."""
    with torch.no_grad():
        for p, values in zip(module.parameters(), parameters, strict=True):
            p.copy_(torch.tensor(values))
    return module


def tiny_model(torch: Any) -> Step:
    class TinyModel(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer1 = torch.nn.Linear(1000, 100)
            self.relu = torch.nn.ReLU()
            self.layer2 = torch.nn.Linear(100, 10)

        def forward(self, x: Any) -> Any:
            x = self.layer1(x)
            x = self.relu(x)
            return self.layer2(x)

    parameters, some_input, ideal_output = data.TINY.arrays()
    model = load(torch, TinyModel(), parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    x, y = torch.tensor(some_input), torch.tensor(ideal_output)

    def step() -> Any:
        optimizer.zero_grad()
        loss = (y - model(x)).pow(2).sum()
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp(torch: Any) -> Step:
    nn = torch.nn
    parameters, inputs, targets = data.MLP.arrays()
    model = load(
        torch,
        nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2)),
        parameters,
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    x, y = torch.tensor(inputs), torch.tensor(targets)

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def cnn(torch: Any) -> Step:
    nn = torch.nn
    parameters, inputs, targets = data.CNN.arrays()
    model = load(
        torch,
        nn.Sequential(
            *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)),
        ),
        parameters,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    x, y = torch.tensor(inputs), torch.tensor(targets)

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def rnn(torch: Any) -> Step:
    nn = torch.nn
    parameters, inputs, targets = data.RNN.arrays()
    recurrent = load(torch, nn.RNN(16, 32), parameters[:4])
    head = load(torch, nn.Linear(32, 1), parameters[4:])
    optimizer = torch.optim.SGD([*recurrent.parameters(), *head.parameters()], lr=1e-4)
    x, y = torch.tensor(inputs), torch.tensor(targets)

    def step() -> Any:
        optimizer.zero_grad()
        output, _ = recurrent(x)
        loss = nn.functional.mse_loss(head(output[-1]), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def transformer(torch: Any) -> Step:
    nn = torch.nn
    parameters, inputs, targets = data.TRANSFORMER.arrays()
    block = nn.TransformerEncoderLayer(32, data.HEADS, 64, dropout=0.0)
    model = load(torch, nn.TransformerEncoder(block, 2, enable_nested_tensor=False), parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    x, y = torch.tensor(inputs), torch.tensor(targets)

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def jacobian(torch: Any) -> Step:
    (weight,), inputs, _ = data.FUNCTION.arrays()
    w, x = torch.tensor(weight), torch.tensor(inputs)
    return lambda: torch.autograd.functional.jacobian(lambda v: torch.tanh(w @ v), x)


def hessian(torch: Any) -> Step:
    (weight,), inputs, _ = data.FUNCTION.arrays()
    w, x = torch.tensor(weight), torch.tensor(inputs)
    return lambda: torch.autograd.functional.hessian(lambda v: (torch.tanh(w @ v) ** 2).sum(), x)


def double_backward(torch: Any) -> Step:
    """The gradient penalty of a small critic."""
    nn = torch.nn
    parameters, inputs, _ = data.PENALTY.arrays()
    critic = load(torch, nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1)), parameters)
    x = torch.tensor(inputs, requires_grad=True)

    def step() -> Any:
        critic.zero_grad()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        penalty = ((slope.pow(2).sum(1).sqrt() - 1) ** 2).mean()
        penalty.backward()
        return critic[0].weight.grad

    return step


def randn(*shape: int) -> Callable[[Any], Step]:
    def build(torch: Any) -> Step:
        torch.manual_seed(0)
        return lambda: torch.randn(*shape)

    return build
