"""Modules as functions of their parameters: ``functional_call`` and ``stack_module_state``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.nn.modules.module import Module
from engine.ops.arrange import stack
from engine.tensor import Tensor

__all__ = ["functional_call", "stack_module_state"]


def _place(module: Module, name: str) -> tuple[dict[str, Any], str]:
    """The dictionary in which a module keeps the parameter or buffer of that dotted name, and its key there."""
    path, _, key = name.rpartition(".")
    owner: Any = module.get_submodule(path) if path else module
    held: dict[str, Any] = owner._parameters if key in owner._parameters else owner._buffers
    return held, key


@contextmanager
def _swapped(module: Module, values: dict[str, Any], tie: bool, strict: bool) -> Iterator[None]:
    names = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    if strict:
        problems = []
        if unexpected := [n for n in values if n not in names]:
            problems.append("Unexpected key(s): " + ", ".join(f"'{n}'" for n in sorted(unexpected)) + ".")
        if missing := [n for n in names if n not in values]:
            problems.append("Missing key(s): " + ", ".join(f"'{n}'" for n in sorted(missing)) + ".")
        if problems:
            raise RuntimeError(
                f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(problems)
            )
    given = {n: v for n, v in values.items() if n in names}
    if tie:
        shared = {id(names[n]): v for n, v in given.items()}
        given.update({n: shared[id(t)] for n, t in names.items() if n not in given and id(t) in shared})
    places = {n: _place(module, n) for n in given}
    before = {n: held[key] for n, (held, key) in places.items()}
    try:
        for n, (held, key) in places.items():
            held[key] = given[n]
        yield
    finally:
        for n, (held, key) in places.items():
            held[key] = before[n]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with other tensors for its parameters and buffers, by name.

    Args:
        args: the arguments as a tuple, or the one argument.
        tie_weights: a tensor that is known under several names is replaced under all.
        strict: all names must be given, and no others.

    Raises:
        ValueError: for a name given twice. RuntimeError: in `strict`, for names that do not fit.
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        values = dict(parameter_and_buffer_dicts)
    elif isinstance(parameter_and_buffer_dicts, Sequence) and all(
        isinstance(d, dict) for d in parameter_and_buffer_dicts
    ):
        names = [n for d in parameter_and_buffer_dicts for n in d]
        twice = list(dict.fromkeys(n for n in names if names.count(n) > 1))
        if twice:
            raise ValueError(
                f"{twice} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        values = {n: v for d in parameter_and_buffer_dicts for n, v in d.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, values, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of modules of one class, each stacked along a new first dimension.

    Raises:
        RuntimeError: for no modules, or modules of several classes.
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if not all(type(m) is type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        return {
            name: stack([s[name] for s in states]).detach().requires_grad_(first.requires_grad)
            for name, first in states[0].items()
        }

    return (
        stacked([dict(m.named_parameters()) for m in models]),
        stacked([dict(m.named_buffers()) for m in models]),
    )
