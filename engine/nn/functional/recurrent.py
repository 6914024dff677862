"""Recurrent cells and layers on tensors, computed as PyTorch's CPU code does (``ATen/native/RNN.cpp``).

A cell maps the input's share of the gates (batch, gates) and a state to a new state and its output; `layer` runs one
over all steps, `stacked` several layers in one or two directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.dispatch import composite
from engine.nn.functional.layers import dropout, linear
from engine.ops import arrange, linalg, shape

__all__: list[str] = []

State = Any
"""A tensor (batch, hidden), or for an LSTM the pair of two."""
Cell = Callable[[Any, State, Sequence[Any]], State]
"""``cell(gates of the input, state, weights) -> state``; weights as `prepared`."""


def prepared(weights: Sequence[Any]) -> Sequence[Any]:
    """Of (w_ih, w_hh, b_ih, b_hh, w_hr), some None, w_hh transposed: once, not at every step."""
    return (weights[0], shape.t(weights[1]), *weights[2:])


def _hidden_gates(state: Any, weights: Sequence[Any]) -> Any:
    return _linear(state, weights[1], weights[3])


@composite("linear")
def _linear(state: Any, turned: Any, bias: Any) -> Any:
    return linalg.mm(state, turned) if bias is None else linalg.linear_addmm(bias, state, turned)


def rnn_tanh(gates: Any, state: Any, weights: Sequence[Any]) -> Any:
    """``tanh(W_ih x + b_ih + W_hh h + b_hh)``."""
    return (_hidden_gates(state, weights) + gates).tanh()


def rnn_relu(gates: Any, state: Any, weights: Sequence[Any]) -> Any:
    """``relu(W_ih x + b_ih + W_hh h + b_hh)``."""
    return (_hidden_gates(state, weights) + gates).relu()


def lstm(gates: Any, state: Any, weights: Sequence[Any]) -> Any:
    """Hochreiter and Schmidhuber 1997, with a forget gate; gates in the order input, forget, cell, output."""
    hidden, cell = state
    entering, forgetting, content, leaving = (_hidden_gates(hidden, weights) + gates).chunk(4, 1)
    leaving = leaving.sigmoid()
    cell = forgetting.sigmoid() * cell + entering.sigmoid() * content.tanh()
    hidden = leaving * cell.tanh()
    return (hidden if weights[4] is None else linear(hidden, weights[4])), cell


def gru(gates: Any, state: Any, weights: Sequence[Any]) -> Any:
    """Cho et al. 2014; gates in the order reset, update, new."""
    of_input = gates.chunk(3, 1)
    of_state = _hidden_gates(state, weights).chunk(3, 1)
    reset = (of_state[0] + of_input[0]).sigmoid()
    update = (of_state[1] + of_input[1]).sigmoid()
    new = (of_input[2] + of_state[2] * reset).tanh()
    return (state - new) * update + new


CELLS: dict[str, Cell] = {"RNN_TANH": rnn_tanh, "RNN_RELU": rnn_relu, "LSTM": lstm, "GRU": gru}


def _first(state: State, size: int) -> State:
    return tuple(s[:size] for s in state) if isinstance(state, tuple) else state[:size]


def _after(state: State, start: int, end: int) -> State:
    return tuple(s[start:end] for s in state) if isinstance(state, tuple) else state[start:end]


def _joined(states: list[State]) -> State:
    if isinstance(states[0], tuple):
        return tuple(arrange.cat(list(parts)) for parts in zip(*states, strict=True))
    return arrange.cat(states)


def _size(state: State) -> int:
    return int((state[0] if isinstance(state, tuple) else state).shape[0])


def layer(
    cell: Cell, input: Any, sizes: list[int] | None, state: State, weights: Sequence[Any], reverse: bool
) -> tuple[Any, State]:
    """One layer in one direction.

    Args:
        input: (steps, batch, features), or packed (total steps, features) where `sizes` are given.
        sizes: how many sequences have each step, from many to few.
        state: of all sequences before their first step (their last one, in reverse).

    Returns:
        The outputs in the input's layout and the state after the last step of each sequence.
    """
    gates = linear(input, weights[0], weights[2])
    weights = prepared(weights)
    steps = gates.unbind(0) if sizes is None else gates.split(sizes, 0)
    start = state
    if sizes is not None and reverse:
        state = _first(start, sizes[-1])
    outputs, ended = [], []
    for step in reversed(steps) if reverse else steps:
        size, running = step.shape[0], _size(state)
        if size < running:
            ended.append(_after(state, size, running))
            state = _first(state, size)
        elif size > running:
            state = _joined([state, _after(start, running, size)])
        state = cell(step, state, weights)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    if reverse:
        outputs.reverse()
    if ended:
        state = _joined([state, *reversed(ended)])
    return (arrange.stack(outputs) if sizes is None else arrange.cat(outputs)), state


def stacked(
    mode: str,
    input: Any,
    sizes: list[int] | None,
    states: list[State],
    weights: list[Sequence[Any]],
    directions: int,
    dropped: float,
    training: bool,
) -> tuple[Any, list[State]]:
    """Layers on top of each other, `directions` of each; between them, elements dropped in training.

    `states` and `weights` have an entry for each layer and direction. Returns the outputs and the last states.
    """
    cell = CELLS[mode]
    finals: list[State] = []
    layers = len(weights) // directions
    for k in range(layers):
        outputs = []
        for direction in range(directions):
            at = k * directions + direction
            output, final = layer(cell, input, sizes, states[at], weights[at], direction == 1)
            outputs.append(output)
            finals.append(final)
        input = outputs[0] if directions == 1 else arrange.cat(outputs, outputs[0].ndim - 1)
        if dropped and training and k < layers - 1:
            input = dropout(input, dropped, True)
    return input, finals
