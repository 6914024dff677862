"""Streams, in which a device works off what it is sent one after the other, and events, which are moments in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import backend
from engine.cuda import memory
from engine.cuda.devices import held_here, number_of

if TYPE_CHECKING:
    from engine.tensor import Tensor


class AnyStream:
    """``torch.Stream``: that of a device, by default the accelerator if there is one; the CPU has one that never waits.

    A stream of CUDA is a ``torch.cuda.Stream``.
    """

    device = backend.CPU
    device_index = -1
    device_type = 0
    stream_id = 0

    def __new__(cls, device: Any = None, priority: int = 0, **_: Any) -> AnyStream:
        kind: type[AnyStream] = _kind_of(cls, AnyStream, Stream, device)
        return object.__new__(kind)

    def __init__(self, device: Any = None, priority: int = 0, **_: Any) -> None: ...

    def synchronize(self) -> None:
        """Wait until all that was sent here is done."""

    def query(self) -> bool:
        """Whether all that was sent here is done."""
        return True

    def is_capturing(self) -> bool:
        """Whether what is sent here is recorded as a graph instead of run."""
        return False

    def wait_event(self, event: Any) -> None:
        """Let what is sent here from now on wait for a moment of another stream."""

    def wait_stream(self, stream: Any) -> None:
        """Let what is sent here from now on wait for what has been sent to another stream.

        Raises:
            RuntimeError: on the CPU, as in PyTorch.
        """
        self.wait_event(stream.record_event())

    def record_event(self, event: Any = None) -> Any:
        """An event of this moment: when all that was sent here is done.

        Raises:
            RuntimeError: on the CPU, as in PyTorch.
        """
        raise RuntimeError(NO_EVENTS)

    def __enter__(self) -> AnyStream:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyStream) and (self.stream_id, self.device) == (
            other.stream_id,
            other.device,
        )

    def __hash__(self) -> int:
        return hash((self.stream_id, self.device))

    def __repr__(self) -> str:
        return (
            f"torch.Stream device_type={self.device.type}, device_index={self.device_index}, "
            f"stream_id={self.stream_id}"
        )


NO_EVENTS = "cpu backend doesn't support events."


def _kind_of(cls: Any, general: Any, cuda: Any, device: Any) -> Any:
    """Of which class a stream or event is: CUDA's, or the CPU's for `general` alone."""
    if cls is not general:
        return cls
    if isinstance(device, int):
        device = backend.device("cuda", device)
    on_cuda = backend.cupy() is not None if device is None else backend.device(device).type == "cuda"
    if on_cuda and backend.cupy() is None:
        raise RuntimeError(f"PyTorch is not linked with support for cuda devices: {backend.NO_CUDA}")
    return cuda if on_cuda else general


class Stream(AnyStream):
    """A queue of its own on a device. ``with torch.cuda.stream(s):`` sends what follows there.

    Raises RuntimeError in PyTorch's words without CUDA.
    """

    device_type = 1

    def __init__(self, device: Any = None, priority: int = 0, **_: Any) -> None:
        cupy = backend.cupy()
        if cupy is None:
            raise RuntimeError("torch.cuda.Stream requires CUDA support")
        with cupy.cuda.Device(number_of(device)) as used:
            self.device = backend.device("cuda", used.id)
            self._stream = cupy.cuda.Stream(non_blocking=True, priority=priority)
        self.priority = priority

    @classmethod
    def _of(cls, stream: Any, index: int) -> Stream:
        """CuPy's stream as one of these."""
        self = object.__new__(cls)
        self._stream, self.device, self.priority = stream, backend.device("cuda", index), 0
        return self

    @property
    def stream_id(self) -> int:  # type: ignore[override]
        """A number of its own."""
        return self.cuda_stream

    native_handle = stream_id
    _entered: list[StreamContext]

    def __cuda_stream__(self) -> tuple[int, int]:
        """The handle as libraries give it to each other."""
        return 0, self.cuda_stream

    @property
    def cuda_stream(self) -> int:
        """CUDA's handle of it."""
        return int(self._stream.ptr)

    @property
    def device_index(self) -> int:  # type: ignore[override]
        """The number of its device."""
        return self.device.index or 0

    def is_capturing(self) -> bool:
        """Whether what is sent here is recorded as a graph instead of run."""
        return bool(self._stream.is_capturing())

    def wait_event(self, event: Event) -> None:
        """Let what is sent here from now on wait for a moment of another stream."""
        event.wait(self)

    def record_event(self, event: Event | None = None) -> Event:
        """An event of this moment: when all that was sent here is done."""
        event = event or Event()
        event.record(self)
        return event

    def query(self) -> bool:
        """Whether all that was sent here is done."""
        return bool(self._stream.done)

    def synchronize(self) -> None:
        """Wait until all that was sent here is done."""
        self._stream.synchronize()

    def __enter__(self) -> Stream:
        entered = StreamContext(self)
        entered.__enter__()
        self.__dict__.setdefault("_entered", []).append(entered)
        return self

    def __exit__(self, *error: object) -> None:
        self._entered.pop().__exit__(*error)

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class ExternalStream(Stream):
    """A stream that another library has made, by its handle; it must live as long as this is used."""

    def __init__(self, stream_ptr: int, device: Any = None, **_: Any) -> None:
        cupy = held_here("a stream of another library")
        index = number_of(device)
        self._stream = cupy.cuda.Stream.from_external(_Handle(stream_ptr))
        self.device, self.priority = backend.device("cuda", index), 0

    def __repr__(self) -> str:
        return f"<torch.cuda.ExternalStream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class _Handle:
    """A stream as libraries hand it to each other."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._handle


class AnyEvent:
    """``torch.Event``: a moment in a stream of a device; the CPU's can be made, but not recorded.

    That of CUDA is a ``torch.cuda.Event``.
    """

    device = backend.CPU
    event_id = 0

    def __new__(cls, device: Any = None, *args: Any, **settings: Any) -> AnyEvent:
        kind: type[AnyEvent] = _kind_of(cls, AnyEvent, _DeviceEvent, device)
        return object.__new__(kind)

    def __init__(
        self,
        device: Any = None,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
    ) -> None:
        self._timed = enable_timing

    def record(self, stream: Any = None) -> None:
        """Let it be when all is done that has been sent to `stream`.

        Raises:
            RuntimeError: on the CPU, as in PyTorch.
        """
        raise RuntimeError(NO_EVENTS)

    def wait(self, stream: Any = None) -> None:
        """Let what is sent to `stream` from now on wait for it."""

    def query(self) -> bool:
        """Whether it has come."""
        return True

    def synchronize(self) -> None:
        """Wait for it."""

    def elapsed_time(self, end_event: Any) -> float:
        """Milliseconds from this event to another.

        Raises:
            ValueError: in PyTorch's words, if they do not time, or have not been recorded.
        """
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        raise ValueError("Both events must be recorded before calculating elapsed time.")

    def __repr__(self) -> str:
        return f"torch.Event device_type=cpu, device_index=-1, event_flag={int(self._timed)}, event_id=0"


class Event(AnyEvent):
    """A moment in a stream. Raises RuntimeError in PyTorch's words without CUDA.

    Args:
        enable_timing: let `elapsed_time` be asked.
        blocking: let `synchronize` sleep instead of asking over and over.
        interprocess, external: accepted.
    """

    def __new__(cls, *args: Any, **settings: Any) -> Event:
        return object.__new__(cls)

    def __init__(
        self,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
        external: bool = False,
    ) -> None:
        cupy = backend.cupy()
        if cupy is None:
            raise RuntimeError("Tried to instantiate dummy base class Event")
        self._cupy, self._timed, self._recorded = cupy, enable_timing, False
        self.device = backend.device("cuda", cupy.cuda.Device().id)
        self._event = cupy.cuda.Event(block=blocking, disable_timing=not enable_timing)

    @property
    def event_id(self) -> int:  # type: ignore[override]
        """CUDA's handle of it; 0 until it is recorded."""
        return self.cuda_event

    @property
    def cuda_event(self) -> int:
        """CUDA's handle of it; 0 until it is recorded."""
        return int(self._event.ptr) if self._recorded else 0

    def record(self, stream: Stream | None = None) -> None:
        """Let it be when all is done that has been sent to `stream`, which is the current one if None."""
        self._event.record((stream or current_stream())._stream)
        self._recorded = True

    def wait(self, stream: Stream | None = None) -> None:
        """Let what is sent to `stream` from now on wait for it."""
        (stream or current_stream())._stream.wait_event(self._event)

    def query(self) -> bool:
        """Whether it has come."""
        return not self._recorded or bool(self._event.done)

    def synchronize(self) -> None:
        """Wait for it."""
        if self._recorded:
            self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another; both must have come.

        Raises:
            ValueError: in PyTorch's words, if they do not time, or have not been recorded.
            RuntimeError: if one has not come yet.
        """
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if not (self._recorded and end_event._recorded):
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        if not (self.query() and end_event.query()):
            raise RuntimeError(
                "Both events must be completed before calculating elapsed time: call torch.cuda.synchronize() first"
            )
        return float(self._cupy.cuda.get_elapsed_time(self._event, end_event._event))

    def __repr__(self) -> str:
        return (
            f"<torch.cuda.Event {self.cuda_event:#x}>"
            if self._recorded
            else "<torch.cuda.Event uninitialized>"
        )


class _DeviceEvent(Event):
    """CUDA's, made as ``torch.Event("cuda")``."""

    def __init__(self, device: Any = None, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)


def current_stream(device: Any = None) -> Stream:
    """The stream to which work is sent.

    Raises:
        AssertionError: if there is no device.
    """
    _, cupy = backend.require("cuda")
    index = number_of(device)
    return Stream._of(cupy.cuda.get_current_stream(index), index)


def default_stream(device: Any = None) -> Stream:
    """The stream to which work is sent if no other is chosen.

    Raises:
        AssertionError: if there is no device.
    """
    _, cupy = backend.require("cuda")
    return Stream._of(cupy.cuda.Stream.null, number_of(device))


def is_capturing() -> bool:
    """Whether what is sent to the current stream is recorded as a graph instead of run. There must be a device."""
    return bool(backend.require("cuda")[1].cuda.get_current_stream().is_capturing())


def get_stream_from_external(data_ptr: int, device: Any = None) -> Stream:
    """A stream that another library has made, by its handle; it must live as long as this is used.

    Raises:
        AssertionError: if there is no device.
    """
    backend.require("cuda")
    return ExternalStream(data_ptr, device)


def record_stream(self: Tensor, s: Any) -> None:
    """Keep the tensor's memory until all is done that stream `s` has been sent while the tensor was there.

    For a tensor of one stream that another uses.

    Raises:
        RuntimeError, NotImplementedError: in PyTorch's words, if `s` is no stream, or the tensor on the CPU.
    """
    if not isinstance(s, AnyStream):
        raise RuntimeError("unknown parameter type")
    if not isinstance(s, Stream) or not self.is_cuda:
        raise NotImplementedError(
            "Could not run 'aten::record_stream' with arguments from the 'CPU' backend."
        )
    memory.keep_for(self._data, s._stream)


def set_stream(stream: Stream | None) -> None:
    """Send work to `stream` from now on; nothing changes for None."""
    if stream is not None:
        backend.require("cuda")[1].cuda.Device(stream.device_index).use()
        stream._stream.use()


class StreamContext:
    """``with torch.cuda.stream(s):`` sends what is in it to `s`; nothing changes for None."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self._device = backend.require("cuda")[1].cuda.Device(self.stream.device_index)
            self._device.__enter__()
            self.stream._stream.__enter__()

    def __exit__(self, *error: object) -> None:
        if self.stream is not None:
            self.stream._stream.__exit__(*error)
            self._device.__exit__(*error)


def stream(stream: Stream | None) -> StreamContext:
    """The context in which work is sent to `stream`."""
    return StreamContext(stream)


def synchronize(device: Any = None) -> None:
    """Wait until everything sent to a device is done.

    Raises:
        AssertionError: if there is none.
    """
    _, cupy = backend.require("cuda")
    cupy.cuda.Device(number_of(device)).synchronize()
    memory.let_go()
