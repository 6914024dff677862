"""What one connection has on the device server: its arrays and its quotas. All that a child says is checked here."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from playground.device import messages
from playground.device.control import Quota
from playground.device.functions import FUNCTIONS
from playground.device.library import Flat, Library
from playground.device.messages import DTYPES
from playground.device.moments import Moments
from playground.device.plans import BOOL, Plan

_MIB = 1 << 20
_MESSAGE_LENGTH = 500
_HELD_BESIDE = 16
"""Bytes an element of a temporary or of a result of unknown dtype counts for: those of the largest."""
_UNIT = 512
"""Bytes that memory is handed out in, as by CuPy and PyTorch: an array of one number takes as much."""


class Hostile(Exception):
    """No library of ours sends such a thing: the connection ends."""


class Spent(Exception):
    """A quota of the whole run is used up: the connection ends."""


class _Refused(Exception):
    """This operation is not done; the run learns of it with its next answer."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _Lost(Exception):
    """An operation wants an array that was never made, because making it had failed."""

    def __init__(self, failed: messages.Failed) -> None:
        super().__init__()
        self.failed = failed


class Memory:
    """What all connections hold together, and may."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0


class _Storage:
    """An array that was made, and its memory: the array with its axes as they lie there."""

    __slots__ = ("_flat", "_lying", "array", "nbytes", "taken")

    def __init__(self, array: Any, lying: Any) -> None:
        self.array = array
        self.nbytes = int(array.nbytes)
        self.taken = _taken(self.nbytes)
        """Of the memory that there is."""
        self._lying = lying
        self._flat: Any = None

    @property
    def flat(self) -> Flat:
        """The memory, made when something of it is first looked at."""
        if self._flat is None:
            self._flat = self._lying.reshape(-1)
        return self._flat


class Session:
    """One connection.

    Args:
        library: does the work.
        quota: what this run may use.
        memory: what all runs share.
    """

    def __init__(self, library: Library, quota: Quota, memory: Memory) -> None:
        self._library = library
        self._quota = quota
        self._memory = memory
        self._arrays: dict[int, _Storage | messages.Failed] = {}
        """By number; for those that could not be made, why."""
        self._failed: messages.Failed | None = None
        self._operations = 0
        self.moments = Moments(library)
        self.worked = 0.0
        """Additions and multiplications so far."""
        self._transferred = 0
        self._held = self._peak = 0
        self._device_s = 0.0
        self._values: dict[type, Callable[[Any], Any]] = {
            messages.Whole: self._whole,
            messages.View: self._view,
            messages.Dtype: lambda v: _dtype(v.name),
            messages.Slice: lambda v: slice(v.start, v.stop, v.step),
            messages.Rest: lambda _: Ellipsis,
            messages.Several: lambda v: tuple([self._value(item) for item in v.items]),
            messages.Scalar: _scalar,
            messages.Complex: lambda v: complex(v.real, v.imag),
        }

        self._requests: dict[type, Callable[[Any], messages.Reply | None]] = {
            messages.Call: self._call,
            messages.Free: self._free,
            messages.Fill: self._fill,
            messages.Fetch: self._fetch,
            messages.Sync: lambda _: self._settled() or self._made([]),
            messages.About: lambda _: messages.Card(*self._library.about()),
            messages.Mark: self._mark,
            messages.Times: lambda _: self.moments.tell(),
        }

    def close(self) -> None:
        """Give everything back."""
        self._memory.held -= self._held
        self._arrays.clear()
        self._held = 0

    def charge(self, seconds: float) -> None:
        """The device has worked so long for this run. Raises `Spent`."""
        self._device_s += seconds
        if self._device_s > self._quota.device_s:
            raise Spent(f"the program has used its {self._quota.device_s:g} s of the GPU")

    def handle(self, request: messages.Request) -> messages.Reply | None:
        """Do one thing; what it answers, if it asks.

        Raises:
            Hostile, Spent: the connection has to end; the message says why.
        """
        self._operations += 1
        if self._operations > self._quota.operations:
            raise Spent(f"the program has used its {self._quota.operations:,} operations on the GPU")
        try:
            return self._requests[type(request)](request)
        except RecursionError:
            raise Hostile("values are nested too deeply") from None

    # --- Values ------------------------------------------------------------------------------------------------------

    def _value(self, value: Any) -> Any:
        convert = self._values.get(type(value))
        return value if convert is None else convert(value)

    def _storage(self, handle: int) -> _Storage:
        try:
            found = self._arrays[handle]
        except KeyError:
            raise Hostile(f"there is no array {handle}") from None
        if isinstance(found, messages.Failed):
            raise _Lost(found)
        return found

    def _whole(self, value: messages.Whole) -> Any:
        return self._storage(value.handle).array

    def _view(self, value: messages.View) -> Any:
        storage = self._storage(value.handle)
        dtype, shape, strides = _dtype(value.dtype), tuple(value.shape), tuple(value.strides)
        if len(shape) != len(strides) or len(shape) > 32:
            raise Hostile("a view has as many strides as dimensions, at most 32")
        if any(step % dtype.itemsize for step in (value.offset, *strides)):
            raise Hostile("a view begins, and steps, at whole elements")
        low = high = value.offset
        if prod(shape):
            for n, step in zip(shape, strides, strict=True):
                low, high = low + min(0, (n - 1) * step), high + max(0, (n - 1) * step)
            high += dtype.itemsize
        if low < 0 or high > storage.nbytes:
            raise Hostile(f"a view of bytes {low} to {high} of an array of {storage.nbytes}")
        if (most := prod(max(n, 1) for n in shape)) > self._quota.operation_work:
            raise _Refused(messages.OUT_OF_MEMORY, f"a view of {most} elements is too large")
        if (dtype == BOOL) != (storage.array.dtype == BOOL):
            raise Hostile("truth values are not looked at as numbers, nor numbers as truth values")
        return self._library.view(storage.flat, value.offset, shape, strides, dtype)

    # --- Requests ----------------------------------------------------------------------------------------------------

    def _call(self, request: messages.Call) -> messages.Reply | None:
        for handle in request.results:
            if handle in self._arrays:
                raise Hostile(f"there is an array {handle} already")
        if len(request.results) > 1 and len(set(request.results)) != len(request.results):
            raise Hostile("two results have one number")
        shapes: list[tuple[list[int], str]] = []
        lost: messages.Failed | None = None
        try:
            shapes = self._work_out(request)
        except _Lost as without:
            lost = without.failed
            self._give_up(request, lost)
        except _Refused as refusal:
            self._give_up(request, self._fail(refusal))
        if not request.wait:
            return None
        return self._settled() or lost or self._made(shapes)

    def _work_out(self, request: messages.Call) -> list[tuple[list[int], str]]:
        function = FUNCTIONS.get(request.function)
        if function is None:
            raise Hostile(f"there is no function {request.function!r}")
        arguments = [self._value(a) for a in request.arguments]
        keywords = {key: self._value(v) for key, v in request.keywords.items()}
        call = self._library.calls[request.function]
        if "largest" in keywords:
            raise Hostile("largest is not for others to say")
        if request.out is not None:
            if function.ufunc is None or request.results:
                raise Hostile(f"{request.function} does not write into an array")
            keywords["out"] = self._value(request.out)
        elif "out" in keywords:
            raise Hostile("out has a place of its own")
        plan = self._planned(request, function.rule, arguments, keywords)
        if request.function == "bincount":
            # The one result whose size is no bound of its inputs' sizes.
            places = arguments[0] if arguments else keywords["x"]
            if places.size:
                keywords["largest"] = int(places.max())
                plan = self._planned(request, function.rule, arguments, keywords)
        self._admit(plan)
        try:
            result = call(*arguments, **keywords)
        except messages.ERRORS as error:
            self._library.synchronize()  # a card in order says so; one that is not ends the server
            if isinstance(error, MemoryError):  # ours is the device's
                raise _Refused(
                    messages.OUT_OF_MEMORY, f"CUDA out of memory. {error}"[:_MESSAGE_LENGTH]
                ) from None
            kind = next(k for k in messages.ERRORS if isinstance(error, k))
            raise _Refused(kind.__name__, str(error)[:_MESSAGE_LENGTH]) from None
        if plan.results == ():
            return []
        return self._keep(request, plan, result, arguments)

    def _planned(
        self, request: messages.Call, rule: Any, arguments: list[Any], keywords: dict[str, Any]
    ) -> Plan:
        try:
            plan: Plan = rule(*arguments, **keywords)
        except (
            TypeError,
            ValueError,
            IndexError,
            ZeroDivisionError,
            OverflowError,
            AttributeError,
            np.linalg.LinAlgError,
        ) as error:
            raise Hostile(f"{request.function}: {error}") from None
        count = plan.results_count if plan.results is None else len(plan.results)
        if count != len(request.results):
            raise Hostile(f"{request.function} has {count} results, not {len(request.results)}")
        return plan

    def _admit(self, plan: Plan) -> None:
        need = plan.elements * _HELD_BESIDE
        for shape, dtype, _ in plan.results or ():
            need += _taken(prod(shape) * dtype.itemsize)
        if self._held + need > self._quota.bytes_held or self._memory.held + need > self._memory.limit:
            whose = "this program" if self._held + need > self._quota.bytes_held else "all programs together"
            raise _Refused(
                messages.OUT_OF_MEMORY,
                f"CUDA out of memory. Tried to allocate {need / _MIB:.2f} MiB; {self._held / _MIB:.2f} MiB are held of "
                f"the {self._quota.bytes_held / _MIB:.0f} MiB a program may, and {whose} would have more than that",
            )
        if plan.work > self._quota.operation_work:
            raise _Refused(
                "RuntimeError",
                f"CUDA: one operation may take {self._quota.operation_work:.0e} additions and multiplications here, "
                f"this takes about {plan.work:.0e}; make it smaller",
            )
        self.worked += plan.work

    def _keep(
        self, request: messages.Call, plan: Plan, result: Any, arguments: list[Any]
    ) -> list[tuple[list[int], str]]:
        made = list(result) if isinstance(result, (tuple, list)) else [result]
        if len(made) != len(request.results):
            raise _Refused(
                "RuntimeError", f"{request.function} gave {len(made)} results, not {len(request.results)}"
            )
        if plan.results is None and sum(one.nbytes for one in made) > max(plan.elements, 1) * _HELD_BESIDE:
            raise _Refused(messages.OUT_OF_MEMORY, f"CUDA out of memory: {request.function} made too much")
        shapes = []
        for k, (handle, one) in enumerate(zip(request.results, made, strict=True)):
            one, order = self._library.xp.asarray(one), None
            if plan.results is not None:
                shape, dtype, order = plan.results[k]
                if one.shape != shape:
                    raise _Refused(
                        "RuntimeError", f"{request.function} gave {one.shape} where {shape} was expected"
                    )
                if one.dtype != dtype:
                    one = one.astype(dtype)
            elif one.dtype.str[1:] not in DTYPES:
                raise _Refused("TypeError", f"{request.function} gave {one.dtype}, which is not for a device")
            lying, flags = one if order is None else one.transpose(order), one.flags
            inside = flags.c_contiguous if order is None else lying.flags.c_contiguous
            if not inside or not flags.owndata or any([one is a for a in arguments]):  # noqa: C419  # quicker
                lying = lying.copy("C")
                one = lying if order is None else lying.transpose(np.argsort(order).tolist())
            self._add(handle, _Storage(one, lying))
            if request.wait:
                shapes.append((list(one.shape), one.dtype.str[1:]))
        return shapes

    def _add(self, handle: int, storage: _Storage | messages.Failed) -> None:
        self._arrays[handle] = storage
        if len(self._arrays) > self._quota.arrays:
            raise Spent(f"the program holds more than {self._quota.arrays:,} arrays on the GPU")
        if isinstance(storage, _Storage):
            self._held += storage.taken
            self._memory.held += storage.taken
            self._peak = max(self._peak, self._held)

    def _free(self, request: messages.Free) -> None:
        try:
            storage = self._arrays.pop(request.handle)
        except KeyError:
            raise Hostile(f"there is no array {request.handle} to free") from None
        if isinstance(storage, _Storage):
            self._held -= storage.taken
            self._memory.held -= storage.taken

    def _fill(self, request: messages.Fill) -> None:
        self._transfer(len(request.data))
        try:
            storage = self._storage(request.handle)
        except _Lost:
            return
        if request.offset + len(request.data) > storage.nbytes:
            raise Hostile("bytes beyond the end of an array")
        if storage.array.dtype == BOOL and request.data.translate(None, b"\0\1"):
            raise Hostile("a truth value is 0 or 1")
        self._library.fill(storage.flat, request.offset, request.data)

    def _fetch(self, request: messages.Fetch) -> messages.Reply:
        try:
            array = self._value(request.array)
        except _Lost as lost:
            self._settled()
            return lost.failed
        except _Refused as refusal:
            self._fail(refusal)
            array = None
        if (failed := self._settled()) is not None:
            return failed
        length = prod(array.shape) * array.dtype.itemsize
        if length > messages.REPLY_BYTES:
            most = messages.REPLY_BYTES // _MIB
            return messages.Failed(
                messages.OUT_OF_MEMORY,
                f"at most {most} MiB come back from the GPU at once, not {length / _MIB:.0f}",
            )
        self._transfer(length)
        return messages.Numbers(list(array.shape), array.dtype.str[1:], self._library.host(array).tobytes())

    def _transfer(self, length: int) -> None:
        self._transferred += length
        if self._transferred > self._quota.transfer_bytes:
            raise Spent(
                f"the program has moved its {self._quota.transfer_bytes // _MIB} MiB to and from the GPU"
            )

    def _mark(self, request: messages.Mark) -> None:
        if self.moments.untold >= messages.MOMENTS:
            raise Hostile(f"more than {messages.MOMENTS:,} moments are marked and not asked for")
        self.moments.mark(request.number)

    # --- What did not work -------------------------------------------------------------------------------------------

    def _fail(self, refusal: _Refused) -> messages.Failed:
        """The first failure is the one that is told."""
        failed = messages.Failed(refusal.kind, str(refusal))
        if self._failed is None:
            self._failed = failed
        return failed

    def _give_up(self, request: messages.Call, failed: messages.Failed) -> None:
        """Whoever asks for one of its results is told why there is none."""
        for handle in request.results:
            if handle not in self._arrays:
                self._add(handle, failed)

    def _settled(self) -> messages.Failed | None:
        failed, self._failed = self._failed, None
        return failed

    def _made(self, shapes: list[tuple[list[int], str]]) -> messages.Made:
        return messages.Made(shapes, self._held, self._peak, self._quota.bytes_held)


def _taken(nbytes: int) -> int:
    return max(-(-nbytes // _UNIT), 1) * _UNIT


def _dtype(name: str) -> np.dtype[Any]:
    if name not in DTYPES:
        raise Hostile(f"there is no dtype {name!r}")
    return DTYPES[name]


def _scalar(value: messages.Scalar) -> Any:
    dtype = _dtype(value.dtype)
    try:
        return dtype.type(complex(value.real, value.imag) if dtype.kind == "c" else value.real)
    except (TypeError, ValueError, OverflowError) as error:
        raise Hostile(f"no {dtype}: {error}") from None
