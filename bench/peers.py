"""The same work for HIPS/autograd and MyGrad, which have NumPy's interface and neither modules nor optimizers.

A model is a loss over a list of parameters, written once for both in what `Library` offers; the update of the
parameters is NumPy, in place. Where a library has the operation ready (MyGrad's ``conv_nd``), that is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench import data
from bench.workloads import Step

Loss = Callable[[list[Any]], Any]


class Unavailable(Exception):
    """The library has nothing that would be a fair equivalent; the message says what is missing."""


class Library:
    """What the losses are written in; `xp` is the library's NumPy."""

    xp: Any

    def gradient(self, loss: Loss, parameters: list[data.Array]) -> Callable[[], tuple[Any, list[Any]]]:
        """A function that returns the loss and its gradients at what the parameters then are."""
        raise NotImplementedError

    def relu(self, x: Any) -> Any:
        raise NotImplementedError

    def softmax(self, x: Any) -> Any:
        raise NotImplementedError

    def cross_entropy(self, logits: Any, targets: data.Array) -> Any:
        raise NotImplementedError

    def convolve(self, x: Any, kernels: Any) -> Any:
        """Cross-correlation of (n, c, h, w) with (m, c, kh, kw)."""
        raise NotImplementedError

    def pool(self, x: Any) -> Any:
        """The maximum of each two by two."""
        raise NotImplementedError


class Autograd(Library):
    """HIPS/autograd."""

    def __init__(self) -> None:
        import autograd
        import autograd.numpy
        import autograd.scipy.signal

        self.autograd = autograd
        self.signal = autograd.scipy.signal
        self.xp = autograd.numpy

    def gradient(self, loss: Loss, parameters: list[data.Array]) -> Callable[[], tuple[Any, list[Any]]]:
        both = self.autograd.value_and_grad(loss)
        return lambda: both(parameters)

    def relu(self, x: Any) -> Any:
        return self.xp.maximum(x, 0)

    def softmax(self, x: Any) -> Any:
        e = self.xp.exp(x - self.xp.max(x, axis=-1, keepdims=True))
        return e / self.xp.sum(e, axis=-1, keepdims=True)

    def cross_entropy(self, logits: Any, targets: data.Array) -> Any:
        xp = self.xp
        shifted = logits - xp.max(logits, axis=1, keepdims=True)
        logarithms = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
        return -xp.mean(logarithms[np.arange(len(targets)), targets])

    def convolve(self, x: Any, kernels: Any) -> Any:
        flipped = kernels[:, :, ::-1, ::-1]
        return self.signal.convolve(x, flipped, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")

    def pool(self, x: Any) -> Any:
        n, c, h, w = x.shape
        return self.xp.max(self.xp.max(self.xp.reshape(x, (n, c, h // 2, 2, w // 2, 2)), axis=3), axis=4)


class MyGrad(Library):
    """MyGrad, without the guard that locks arrays, as its documentation advises for speed."""

    def __init__(self) -> None:
        import mygrad
        from mygrad.nnet import activations, layers, losses

        mygrad.turn_memory_guarding_off()
        self.xp = mygrad
        self.activations, self.layers, self.losses = activations, layers, losses

    def gradient(self, loss: Loss, parameters: list[data.Array]) -> Callable[[], tuple[Any, list[Any]]]:
        tensors = [self.xp.tensor(p, copy=False) for p in parameters]

        def both() -> tuple[Any, list[Any]]:
            value = loss(tensors)
            value.backward()
            return value, [t.grad for t in tensors]

        return both

    def relu(self, x: Any) -> Any:
        return self.activations.relu(x)

    def softmax(self, x: Any) -> Any:
        return self.activations.softmax(x)

    def cross_entropy(self, logits: Any, targets: data.Array) -> Any:
        return self.losses.softmax_crossentropy(logits, targets)

    def convolve(self, x: Any, kernels: Any) -> Any:
        return self.layers.conv_nd(x, kernels, stride=1)

    def pool(self, x: Any) -> Any:
        return self.layers.max_pool(x, (2, 2), 2)


# --- Elementwise -----------------------------------------------------------------------------------------------------


def _chain(x: Any, y: Any, z: Any) -> Any:
    for _ in range(data.CHAIN_LENGTH):
        z = (z / x) * y
    return z


def chain_forward(library: Library) -> Step:
    arrays = data.chain()
    if isinstance(library, MyGrad):
        tensors = [library.xp.tensor(a, copy=False) for a in arrays]
        return lambda: _chain(*tensors)
    if isinstance(library, Autograd):
        # It records only inside a transform; `make_vjp` is the forward pass with the record, and no more.
        make = library.autograd.make_vjp(lambda p: _chain(*p))
        return lambda: make(list(arrays))[1]
    raise TypeError(f"expected a known library, got {library!r}")


def chain_backward(library: Library) -> Step:
    both = library.gradient(lambda p: library.xp.sum(_chain(*p)), list(data.chain()))
    return lambda: both()[1][0]


def sine(elements: int) -> Callable[[Library], Step]:
    def build(library: Library) -> Step:
        a = data.angles(elements)
        xp = library.xp
        both = library.gradient(lambda p: xp.sum(2 * xp.sin(p[0]) + 1), [a])
        return lambda: both()[1][0]

    return build


# --- Models ----------------------------------------------------------------------------------------------------------


def _sgd(library: Library, loss: Loss, parameters: list[data.Array], lr: float) -> Step:
    both = library.gradient(loss, parameters)

    def step() -> Any:
        value, gradients = both()
        for p, g in zip(parameters, gradients, strict=True):
            p -= lr * g
        return value

    return step


def _adam(library: Library, loss: Loss, parameters: list[data.Array], lr: float) -> Step:
    both = library.gradient(loss, parameters)
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    steps = 0

    def step() -> Any:
        nonlocal steps
        steps += 1
        value, gradients = both()
        for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
            m += 0.1 * (g - m)
            v *= 0.999
            v += 0.001 * (g * g)
            p -= lr / (1 - 0.9**steps) * m / (np.sqrt(v) / (1 - 0.999**steps) ** 0.5 + 1e-8)
        return value

    return step


def tiny_model(library: Library) -> Step:
    parameters, x, y = data.TINY.arrays()
    xp = library.xp

    def loss(p: list[Any]) -> Any:
        hidden = library.relu(xp.matmul(x, p[0].T) + p[1])
        return xp.sum((y - (xp.matmul(hidden, p[2].T) + p[3])) ** 2)

    return _sgd(library, loss, parameters, 1e-5)


def mlp(library: Library) -> Step:
    parameters, x, y = data.MLP.arrays()
    xp = library.xp

    def loss(p: list[Any]) -> Any:
        hidden = xp.tanh(xp.matmul(x, p[0].T) + p[1])
        hidden = xp.tanh(xp.matmul(hidden, p[2].T) + p[3])
        return library.cross_entropy(xp.matmul(hidden, p[4].T) + p[5], y)

    return _adam(library, loss, parameters, 1e-4)


def cnn(library: Library) -> Step:
    parameters, x, y = data.CNN.arrays()
    xp = library.xp

    def loss(p: list[Any]) -> Any:
        h = library.convolve(x, p[0]) + xp.reshape(p[1], (1, -1, 1, 1))
        h = library.pool(library.relu(h))
        h = library.convolve(h, p[2]) + xp.reshape(p[3], (1, -1, 1, 1))
        h = xp.reshape(library.pool(library.relu(h)), (len(x), -1))
        h = library.relu(xp.matmul(h, p[4].T) + p[5])
        return library.cross_entropy(xp.matmul(h, p[6].T) + p[7], y)

    return _sgd(library, loss, parameters, 1e-4)


def rnn(library: Library) -> Step:
    parameters, x, y = data.RNN.arrays()
    xp = library.xp

    def loss(p: list[Any]) -> Any:
        h = np.zeros((x.shape[1], 32), np.float32)
        for row in x:
            h = xp.tanh(xp.matmul(row, p[0].T) + p[2] + xp.matmul(h, p[1].T) + p[3])
        return xp.mean((xp.matmul(h, p[4].T) + p[5] - y) ** 2)

    return _sgd(library, loss, parameters, 1e-4)


def transformer(library: Library) -> Step:
    parameters, inputs, targets = data.TRANSFORMER.arrays()
    xp = library.xp
    length, batch, d = inputs.shape
    size = d // data.HEADS

    def split(h: Any) -> Any:
        return xp.transpose(xp.reshape(h, (length, batch * data.HEADS, size)), (1, 0, 2))

    def norm(h: Any, weight: Any, bias: Any) -> Any:
        centred = h - xp.mean(h, axis=-1, keepdims=True)
        variance = xp.mean(centred * centred, axis=-1, keepdims=True)
        return centred / xp.sqrt(variance + np.float32(1e-5)) * weight + bias

    def block(h: Any, p: list[Any]) -> Any:
        joint = xp.matmul(h, p[0].T) + p[1]
        q, k, v = (split(joint[..., i * d : (i + 1) * d]) for i in range(3))
        weights = library.softmax(xp.matmul(q, xp.transpose(k, (0, 2, 1))) * np.float32(size**-0.5))
        mixed = xp.reshape(xp.transpose(xp.matmul(weights, v), (1, 0, 2)), (length, batch, d))
        h = norm(h + xp.matmul(mixed, p[2].T) + p[3], p[8], p[9])
        inner = library.relu(xp.matmul(h, p[4].T) + p[5])
        return norm(h + xp.matmul(inner, p[6].T) + p[7], p[10], p[11])

    def loss(p: list[Any]) -> Any:
        return xp.mean((block(block(inputs, p[:12]), p[12:]) - targets) ** 2)

    return _sgd(library, loss, parameters, 1e-4)


# --- Derivatives of derivatives --------------------------------------------------------------------------------------


def jacobian(library: Library) -> Step:
    (w,), x, _ = data.FUNCTION.arrays()
    xp = library.xp
    if isinstance(library, Autograd):
        whole = library.autograd.jacobian(lambda v: xp.tanh(xp.matmul(w, v)))
        return lambda: whole(x)

    def rows() -> Any:
        # A pass clears the graph, so each row needs the function again.
        v = xp.tensor(x, copy=False)
        found = []
        for k in range(len(w)):
            xp.tanh(xp.matmul(w, v))[k].backward()
            found.append(v.grad)
        return np.stack(found)

    return rows


def hessian(library: Library) -> Step:
    if not isinstance(library, Autograd):
        raise Unavailable("it has no second derivatives")
    (w,), x, _ = data.FUNCTION.arrays()
    xp = library.xp
    whole = library.autograd.hessian(lambda v: xp.sum(xp.tanh(xp.matmul(w, v)) ** 2))
    return lambda: whole(x)


def double_backward(library: Library) -> Step:
    if not isinstance(library, Autograd):
        raise Unavailable("it has no second derivatives")
    parameters, inputs, _ = data.PENALTY.arrays()
    xp = library.xp

    def critic(x: Any, p: list[Any]) -> Any:
        return xp.sum(xp.matmul(xp.tanh(xp.matmul(x, p[0].T) + p[1]), p[2].T) + p[3])

    slope = library.autograd.grad(critic)

    def penalty(p: list[Any]) -> Any:
        return xp.mean((xp.sqrt(xp.sum(slope(inputs, p) ** 2, axis=1)) - 1) ** 2)

    both = library.gradient(penalty, parameters)
    return lambda: both()[1][0]


def no_draws(library: Library) -> Step:
    raise Unavailable("it leaves drawing to NumPy")
