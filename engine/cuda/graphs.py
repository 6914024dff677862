"""CUDA graphs: what is sent to a device in a block is recorded once, and sent again as a whole.

Sending a small training step costs many times what it computes; a recorded step is one launch. What is recorded are
kernels and addresses: shapes, settings that are Python's numbers (a learning rate) and the branches that were taken are
those of the recording. A step to be recorded is taken three times before, in a stream of its own, so that state is
there, memory lies where it stays, and every kernel is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import backend, random
from engine.cuda.devices import held_here
from engine.cuda.streams import Stream, StreamContext, synchronize
from engine.generators import CapturedNumbers, DeviceGenerator, Generator

__all__ = ["CUDAGraph", "graph", "graph_pool_handle"]


def graph_pool_handle() -> Any:
    """Memory that graphs may share: graphs which are replayed in the order of their recording, one after the other.

    Raises:
        RuntimeError: in PyTorch's words, without CUDA.
    """
    cupy = backend.cupy()
    if cupy is None:
        raise RuntimeError("Tried to instantiate dummy base class _graph_pool_handle")
    return held_here("CUDA graphs").cuda.MemoryPool()


class CUDAGraph:
    """What was sent to a device between `capture_begin` and `capture_end`; `replay` sends it again.

    Memory that is allocated meanwhile is the graph's own: nothing else gets it while the graph lives. What `refuse`d
    indices in the block is asked again after each replay, when numbers come to the host.

    Raises RuntimeError in PyTorch's words without CUDA.
    """

    def __init__(self, keep_graph: bool = False) -> None:
        cupy = backend.cupy()
        if cupy is None:
            raise RuntimeError("Tried to instantiate dummy base class CUDAGraph")
        self._cuda = held_here("CUDA graphs").cuda
        self._graph: Any = None
        self._pool: Any = None
        self._asked: list[tuple[Any, Callable[[], Exception]]] = []
        self._generators: list[DeviceGenerator] = []
        self._numbers: list[CapturedNumbers] = []

    def register_generator_state(self, generator: Generator) -> None:
        """Let the recording that follows draw from a generator of the program's own; the device's is known already.

        Raises:
            RuntimeError: for a generator of the CPU.
        """
        if not isinstance(generator, DeviceGenerator):
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        if generator not in self._generators:
            self._generators.append(generator)

    def capture_begin(
        self, pool: Any = None, capture_error_mode: str = "global", check_input_liveness: bool = False
    ) -> None:
        """Record what is sent to the current stream, instead of running it; it must not be the default stream.

        Args:
            pool: memory to share with another graph, of `graph_pool_handle` or `pool`.
            capture_error_mode, check_input_liveness: accepted. CUDA is asked in the relaxed mode, since memory may
                have to be allocated.

        Raises:
            RuntimeError: if this graph was recorded already, another is being recorded, or the stream is the default.
        """
        if self._graph is not None:
            raise RuntimeError(
                "This CUDAGraph instance already owns a captured graph. To capture a new graph, create a new instance."
            )
        self._stream = self._cuda.get_current_stream()
        if not self._stream.ptr:
            raise RuntimeError(
                "CUDA graphs must be captured on a non-default stream. (However, after capture, it's ok to replay them "
                "on the default stream.)"
            )
        own = random.device_generator(self._cuda.Device().id)
        self._numbers = [CapturedNumbers(g) for g in dict.fromkeys((own, *self._generators))]
        backend.begin_capture()
        for numbers in self._numbers:
            numbers.begin()
        self._pool = graph_pool_handle() if pool is None else pool
        self._memory = self._cuda.using_allocator(self._pool.malloc)
        self._memory.__enter__()
        try:
            self._stream.begin_capture()
        except BaseException:
            self._left()
            raise

    def capture_end(self) -> None:
        """End the recording."""
        try:
            self._graph = self._stream.end_capture()
            backend.RECORDED.add(self)
        finally:
            self._left()

    def _left(self) -> None:
        for numbers in self._numbers:
            numbers.end()
        self._memory.__exit__(None, None, None)
        self._asked = backend.end_capture()

    def instantiate(self) -> None:
        """Nothing: CuPy makes what can be sent when the recording ends.

        Raises:
            RuntimeError: if nothing was recorded.
        """
        self._recorded("instantiate")

    def raw_cuda_graph(self) -> int:
        """CUDA's handle of the recording. Raises RuntimeError if nothing was recorded."""
        return int(self._recorded("raw_cuda_graph").graph)

    def raw_cuda_graph_exec(self) -> int:
        """CUDA's handle of what `replay` sends. Raises RuntimeError if nothing was recorded."""
        return int(self._recorded("raw_cuda_graph_exec").graphExec)

    def enable_debug_mode(self) -> None:
        """Nothing: `debug_dump` can always be asked for."""

    def debug_dump(self, debug_path: str) -> None:
        """Write the recording to a file, as a drawing of Graphviz's. Raises RuntimeError if nothing was recorded."""
        Path(debug_path).write_text(self._recorded("debug_dump").debug_dot_str(), encoding="utf-8")

    def _recorded(self, call: str) -> Any:
        if self._graph is None:
            raise RuntimeError(f"Called CUDAGraph::{call} without a preceding successful capture.")
        return self._graph

    def replay(self) -> None:
        """Send all that was recorded to the current stream.

        Raises:
            RuntimeError: if nothing was recorded.
        """
        graph = self._recorded("replay")
        for numbers in self._numbers:
            numbers.replay()
        graph.launch(self._cuda.get_current_stream())
        backend.ask_again(self._asked)

    def reset(self) -> None:
        """Forget the recording, and let go of its memory."""
        self._graph = self._pool = None
        self._asked, self._numbers = [], []
        backend.RECORDED.discard(self)

    def pool(self) -> Any:
        """The memory of this graph, for another to share."""
        return self._pool


class graph:
    """``with torch.cuda.graph(g):`` records what is in it into `g`, in a stream of its own.

    Args:
        cuda_graph: a new `CUDAGraph`.
        pool: see `CUDAGraph.capture_begin`.
        stream: which stream to record; one of this class's by default.
        capture_error_mode, enable_annotations, check_input_liveness: accepted.
    """

    default_capture_stream: Stream | None = None

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: Any = None,
        stream: Stream | None = None,
        capture_error_mode: str = "global",
        enable_annotations: bool = False,
        check_input_liveness: bool = False,
    ) -> None:
        if stream is None:
            stream = graph.default_capture_stream = graph.default_capture_stream or Stream()
        self.cuda_graph, self.capture_stream, self._given = cuda_graph, stream, pool
        self.stream_ctx = StreamContext(stream)

    def __enter__(self) -> None:
        synchronize()
        self.stream_ctx.__enter__()
        try:
            self.cuda_graph.capture_begin(self._given)
        except BaseException:
            self.stream_ctx.__exit__(None, None, None)
            raise

    def __exit__(self, kind: Any, *error: object) -> None:
        try:
            self.cuda_graph.capture_end()
        except Exception:
            if kind is None:  # else that error says what was wrong, and this one that the recording is void
                raise
        finally:
            self.stream_ctx.__exit__(None, None, None)
        if kind is not None:
            self.cuda_graph.reset()
