"""Streams, in which a device works off what it is sent one after the other, and events, which are moments in them."""

from __future__ import annotations

from typing import Any

from engine import backend
from engine.cuda.devices import number_of


class Stream:
    """A queue of its own on a device. ``with torch.cuda.stream(s):`` sends what follows there.

    Raises RuntimeError in PyTorch's words without CUDA.
    """

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
        self = cls.__new__(cls)
        self._stream, self.device, self.priority = stream, backend.device("cuda", index), 0
        return self

    @property
    def cuda_stream(self) -> int:
        """CUDA's handle of it."""
        return int(self._stream.ptr)

    @property
    def device_index(self) -> int:
        """The number of its device."""
        return self.device.index or 0

    def wait_event(self, event: Event) -> None:
        """Let what is sent here from now on wait for a moment of another stream."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let what is sent here from now on wait for what has been sent to another stream."""
        self.wait_event(stream.record_event())

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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and (self.cuda_stream, self.device) == (
            other.cuda_stream,
            other.device,
        )

    def __hash__(self) -> int:
        return hash((self.cuda_stream, self.device))

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """A moment in a stream. Raises RuntimeError in PyTorch's words without CUDA.

    Args:
        enable_timing: let `elapsed_time` be asked.
        blocking: let `synchronize` sleep instead of asking over and over.
        interprocess, external: accepted.
    """

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
        self._event = cupy.cuda.Event(block=blocking, disable_timing=not enable_timing)

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
