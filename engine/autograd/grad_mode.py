"""Switching the recording of the graph off and on: context managers that are decorators too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from engine.state import S

_F = TypeVar("_F", bound=Callable[..., Any])


class _GradMode:
    """Sets grad mode on entry, and puts back what was on exit; may be nested and reused."""

    def __init__(self, mode: bool) -> None:
        self._mode = mode
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(S.grad_enabled)
        S.grad_enabled = self._mode

    def __exit__(self, *_: object) -> None:
        S.grad_enabled = self._before.pop()

    def clone(self) -> _GradMode:
        return type(self)()  # type: ignore[call-arg]

    def __call__(self, function: _F) -> _F:
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generate(*args: Any, **kwargs: Any) -> Any:
                # The mode holds while the generator's own code runs, not while its consumer's does.
                generator = function(*args, **kwargs)
                sent: Any = None
                try:
                    while True:
                        with self.clone():
                            value = generator.send(sent)
                        sent = yield value
                except StopIteration as end:
                    return end.value

            return generate  # type: ignore[return-value]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]


class no_grad(_GradMode):
    """Nothing is recorded inside: ``with torch.no_grad():`` or ``@torch.no_grad()``."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)


class enable_grad(_GradMode):
    """Operations are recorded inside, even within `no_grad`."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(True)


class set_grad_enabled(_GradMode):
    """Set grad mode now; used as a context manager or decorator, only inside."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._outside = S.grad_enabled
        S.grad_enabled = self._mode

    def __enter__(self) -> None:
        self._before.append(self._outside)
        S.grad_enabled = self._mode

    def __call__(self, function: _F) -> _F:
        S.grad_enabled = self._outside
        return super().__call__(function)

    def clone(self) -> _GradMode:
        return type(self)(self._mode)

    def __str__(self) -> str:
        return f"{type(self).__name__}(mode={self._mode})"


class inference_mode(_GradMode):
    """Nothing is recorded inside, and tensors made inside are marked (`Tensor.is_inference`): they cannot be written to
    in place outside. With False, inside another, back to normal."""

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__(not mode if isinstance(mode, bool) else False)
        self._inference = mode if isinstance(mode, bool) else True
        self._inference_before: list[bool] = []

    def __enter__(self) -> None:
        from engine.autograd.inference import switch

        super().__enter__()
        self._inference_before.append(S.inference)
        switch(self._inference)

    def __exit__(self, *_: object) -> None:
        from engine.autograd.inference import switch

        super().__exit__()
        switch(self._inference_before.pop())

    def clone(self) -> _GradMode:
        return type(self)(self._inference)


class set_multithreading_enabled(_GradMode):
    """Accepted, and remembered: backward passes here are one thread anyway."""

    enabled = True

    def __init__(self, mode: bool) -> None:
        self._was = set_multithreading_enabled.enabled
        set_multithreading_enabled.enabled = bool(mode)

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        set_multithreading_enabled.enabled = self._was


def is_multithreading_enabled() -> bool:
    """What `set_multithreading_enabled` was last told."""
    return set_multithreading_enabled.enabled


def is_grad_enabled() -> bool:
    """Whether operations are being recorded."""
    return S.grad_enabled
