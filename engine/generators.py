"""Generators of random numbers: PyTorch's own on the CPU (same seed, same values, same state afterwards), another
stream on a device.

On the CPU the numbers come from NumPy's Mersenne Twister; `engine.sampling` makes distributions of them. Where PyTorch
calls the C library's logarithm, sine or cosine in double precision, so do we up to `EXACT` values; above, NumPy's
vector functions are used, which differ in the last bits of a float64 for about one value in a hundred. On a device they
are made there, by `engine.philox`, and are not PyTorch's.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine import backend, philox
from engine.backend import CPU, Array, ArrayModule, device

if TYPE_CHECKING:
    from engine.tensor import Tensor

__all__ = [
    "DEFAULT_SEED",
    "CapturedNumbers",
    "DeviceGenerator",
    "Doubles",
    "Generator",
    "checked_seed",
    "libm",
]

Doubles = npt.NDArray[np.float64]

DEFAULT_SEED = 67280421310721
EXACT = 1024

# PyTorch's CPUGeneratorImplState: seed, left, seeded, next, 624 words of 64 bits, the cached normal sample (x, y, rho,
# valid, padding), the cached float sample and whether it is valid, padding.
_STATE = struct.Struct("<QiiQ624QdddiifBxxx")
_WORDS = 624
_MANTISSA = 2**53 - 1
_LOW_24, _STEP_24 = np.array(2**24 - 1, np.uint64), np.array(2**-24, np.float32)


def libm(name: str, values: Doubles) -> Doubles:
    """A double-precision function of the C library, elementwise; the array library's own on a device."""
    if values.size > EXACT or type(values) is not np.ndarray:
        return getattr(np, name)(values)  # type: ignore[no-any-return]
    function = getattr(math, name)
    try:
        exact = [function(value) for value in values.ravel().tolist()]
    except (OverflowError, ValueError):  # where the C library gives inf or nan, Python raises
        return getattr(np, name)(values)  # type: ignore[no-any-return]
    return np.array(exact, np.float64).reshape(values.shape)


class Generator:
    """A stream of random numbers, ``torch.Generator()``; where none is given, that of the tensor's device is used.

    ``Generator("cuda")`` is a `DeviceGenerator`.
    """

    __slots__ = ("_bits", "_cached_normal", "_fresh", "_seed")
    xp: ArrayModule = np
    """The library whose arrays the numbers come in."""

    def __new__(cls, device: str | device = "cpu") -> Generator:
        where = backend.device(device)
        return object.__new__(DeviceGenerator if where.type == "cuda" else cls)

    def __init__(self, device: str | device = "cpu") -> None:
        self._bits = np.random.MT19937()
        self._start(DEFAULT_SEED)

    def _start(self, seed: int) -> None:
        self._seed = seed
        self._bits._legacy_seeding(seed & 0xFFFFFFFF)
        self._cached_normal: float | None = None
        self._fresh = True

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"

    @property
    def device(self) -> device:
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`; numbers below 0 stand for that many below 2**64. Returns the generator."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        self._start(checked_seed(int(seed)))
        return self

    def seed(self) -> int:
        """Start again from a number of the operating system's, and return it."""
        self._start(int.from_bytes(os.urandom(8), "little") >> 11)
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the last start."""
        return self._seed

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor of 5056 bytes, laid out as PyTorch's."""
        from engine.tensor import Tensor

        state: Any = self._bits.state["state"]
        place = int(state["pos"])
        after = (0, 1) if self._fresh else (place, _WORDS + 1 - place)
        cached = self._cached_normal
        packed = _STATE.pack(
            self._seed,
            after[1],
            1,
            after[0],
            *state["key"].tolist(),
            0.0,
            cached or 0.0,
            0.0,
            cached is not None,
            0,
            0.0,
            0,
        )
        return Tensor._wrap(np.frombuffer(bytearray(packed), np.uint8))

    def set_state(self, state: Tensor) -> Generator:
        """Go on from a state that `get_state` gave, here or in PyTorch. Returns the generator.

        Raises:
            TypeError, RuntimeError: in PyTorch's words, if `state` is not such a state.
        """
        raw = _bytes(state)
        if raw.size != _STATE.size:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.size} but found the input RNG state size to be "
                f"{raw.size}"
            )
        seed, left, seeded, following, *rest = _STATE.unpack(raw.tobytes())
        words, (_, cached, _, valid) = rest[:_WORDS], rest[_WORDS : _WORDS + 4]
        if not seeded or not 0 < left <= _WORDS or following > _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        self._seed = seed
        # `left` counts down to the next twist; 1 means that all words are used, whatever `next` says.
        position = _WORDS if left == 1 else following
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(words, np.uint64).astype(np.uint32), "pos": position},
        }
        self._cached_normal = cached if valid else None
        self._fresh = left == 1 and following == 0
        return self

    def clone_state(self) -> Generator:
        """Another generator that will give the same numbers."""
        return Generator().set_state(self.get_state())

    def get_offset(self) -> int:
        """How many numbers have been drawn, on a device.

        Raises:
            RuntimeError: on the CPU, as in PyTorch.
        """
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> Generator:
        """Go on behind so many numbers, on a device; a multiple of 4. Returns the generator.

        Raises:
            RuntimeError: on the CPU, as in PyTorch.
        """
        raise RuntimeError("CPU Generator does not use offset")

    # --- Draws -----------------------------------------------------------------------------------------------------

    def words(self, count: int) -> npt.NDArray[np.uint64]:
        """The next `count` numbers of 32 bits."""
        if count:
            self._fresh = False
        return self._bits.random_raw(count)

    def double_words(self, count: int) -> npt.NDArray[np.uint64]:
        """The next `count` numbers of 64 bits: the first draw is the high half."""
        pairs = self.words(2 * count).reshape(-1, 2)
        return pairs[:, 0] << np.uint64(32) | pairs[:, 1]

    def singles(self, count: int) -> npt.NDArray[np.float32]:
        """The next `count` float32 numbers in [0, 1)."""
        words = self.words(count)
        words &= _LOW_24
        # Through signed numbers, which processors convert faster.
        unit = words.view(np.int64).astype(np.float32)
        unit *= _STEP_24
        return unit

    def doubles(self, count: int) -> Doubles:
        """The next `count` float64 numbers in [0, 1)."""
        unit = (self.double_words(count) & np.uint64(2**53 - 1)).astype(np.float64)
        unit *= 2.0**-53
        return unit

    def normals(self, count: int) -> Doubles:
        """The next `count` standard normal numbers one by one: PyTorch's way for fewer than 16, where a pair is
        computed together and its second number kept for the next call."""
        if count < 16:
            return np.array(self._few_normals(count), np.float64)
        cached = [] if self._cached_normal is None else [self._cached_normal]
        pairs = (count - len(cached) + 1) // 2
        unit = self.doubles(2 * pairs).reshape(-1, 2)
        radius = np.sqrt(-2.0 * libm("log1p", -unit[:, 1]))
        angle = 2.0 * math.pi * unit[:, 0]
        made = np.stack([radius * libm("cos", angle), radius * libm("sin", angle)], axis=1).reshape(-1)
        values = np.concatenate([cached, made])
        self._cached_normal = float(values[count]) if len(values) > count else None
        return values[:count]

    def _few_normals(self, count: int) -> list[float]:
        """The same for few, number by number: a call of NumPy costs more than a pair of them."""
        cached = self._cached_normal
        values = [] if cached is None or not count else [cached]
        words = self._bits.random_raw(4 * ((count - len(values) + 1) // 2)).tolist()
        if words:
            self._fresh = False
        for k in range(0, len(words), 4):
            angle = 2.0 * math.pi * (((words[k] << 32 | words[k + 1]) & _MANTISSA) * 2.0**-53)
            radius = math.sqrt(
                -2.0 * math.log1p(-(((words[k + 2] << 32 | words[k + 3]) & _MANTISSA) * 2.0**-53))
            )
            values += radius * math.cos(angle), radius * math.sin(angle)
        if count:
            self._cached_normal = values.pop() if len(values) > count else None
        return values


class CapturedNumbers:
    """What a CUDA graph draws from a device's generator: each replay goes on where the generator stands.

    The seed and the number of a block are in the device's memory, where the kernels of the graph look for them; `begin`
    and `end` are the recording's, and `replay` writes them before the graph is sent. So a graph draws the numbers that
    the same program would draw without one.
    """

    __slots__ = ("_generator", "blocks", "now")

    def __init__(self, generator: DeviceGenerator) -> None:
        self._generator = generator
        self.blocks = 0
        """How many blocks the graph draws."""
        with generator.xp.cuda.Device(generator.device.index):
            self.now: Array = generator.xp.empty(2, np.uint64)

    def begin(self) -> None:
        """What the generator draws from now on is recorded."""
        self._generator._captured = self

    def end(self) -> None:
        """The recording has ended; the generator stands where it stood before."""
        self._generator._captured = None

    def replay(self) -> None:
        """Let the next replay draw what the generator would, and the generator go on behind that.

        Raises:
            RuntimeError: in PyTorch's words, if a graph is being recorded.
        """
        if self.blocks:
            if self._generator._captured is not None:
                raise RuntimeError("Cannot prepare for replay during capturing stage.")
            first, _ = self._generator._next(self.blocks)
            self.now[:1].fill(np.uint64(self._generator._seed))
            self.now[1:].fill(np.uint64(first))


class DeviceGenerator(Generator):
    """A stream of a device's random numbers: what it draws is made there, from its seed and how much it has drawn.

    The numbers are other ones than the CPU's and than PyTorch's, and the same for the same seed on every card.

    Raises RuntimeError if there is no such device.
    """

    __slots__ = ("_captured", "_offset", "_where", "xp")

    def __init__(self, device: str | device = "cuda") -> None:
        self._captured: CapturedNumbers | None = None
        try:
            where, self.xp = backend.require(device)
        except AssertionError as none:
            raise RuntimeError(f"Cannot get CUDA generator without ATen_cuda library. {none}") from None
        self._where = backend.device("cuda", backend.number_of(where))
        self._start(DEFAULT_SEED)

    def _start(self, seed: int) -> None:
        self._not_captured("set_current_seed")
        self._seed = seed
        self._offset = 0

    @property
    def device(self) -> device:
        return self._where

    def initial_seed(self) -> int:
        self._not_captured("current_seed")
        return self._seed

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor of 16 bytes on the CPU, as PyTorch's: the seed, and the offset."""
        from engine.tensor import Tensor

        self._not_captured("current_seed")
        packed = struct.pack("<QQ", self._seed, self._offset)
        return Tensor._wrap(np.frombuffer(bytearray(packed), np.uint8))

    def set_state(self, state: Tensor) -> Generator:
        """Go on from a state that `get_state` gave. Returns the generator.

        Raises:
            TypeError, RuntimeError: in PyTorch's words, if `state` is not such a state.
        """
        self._not_captured("set_current_seed")
        raw = _bytes(state)
        if raw.size != 16:
            raise RuntimeError("RNG state is wrong size")
        self._seed, offset = struct.unpack("<QQ", raw.tobytes())
        return self.set_offset(offset)

    def clone_state(self) -> Generator:
        return Generator(self._where).set_state(self.get_state())

    def get_offset(self) -> int:
        self._not_captured("get_offset")
        return self._offset

    def set_offset(self, offset: int) -> Generator:
        self._not_captured("set_offset")
        if offset % 4:
            raise RuntimeError("offset must be a multiple of 4")
        self._offset = offset
        return self

    def _not_captured(self, call: str) -> None:
        if self._captured is not None:
            raise RuntimeError(
                f"Cannot call CUDAGeneratorImpl::{call} during CUDA graph capture. If you need this call to be "
                "captured, please file an issue. Current cudaStreamCaptureStatus: cudaStreamCaptureStatusActive"
            )

    def _next(self, blocks: int) -> tuple[int, Array | None]:
        """The first of so many blocks that are drawn now; counted from where the second stands, if there is one.

        Raises:
            RuntimeError: in PyTorch's words, if a CUDA graph is captured that does not know of this generator.
        """
        captured = self._captured
        if captured is not None:
            first = captured.blocks
            captured.blocks += blocks
            return first, captured.now
        if backend.capturing():
            raise RuntimeError(
                "Attempt to increase offset for a CUDA generator not in capture mode. A generator of your own is made "
                "known to the graph before it is captured: g.register_generator_state(generator)"
            )
        first = self._offset // 4
        self._offset += 4 * blocks
        return first, None

    def _draw(self, kind: str, count: int) -> Array:
        first, now = self._next(-(-count // philox.PER_BLOCK[kind]))
        with self.xp.cuda.Device(self._where.index):
            return philox.draw(self.xp, kind, self._seed, first, count, now)

    def words(self, count: int) -> Array:
        return self._draw("words", count)

    def double_words(self, count: int) -> Array:
        pairs = self._draw("words", 2 * count).reshape(-1, 2)
        return pairs[:, 0] << np.uint64(32) | pairs[:, 1]

    def singles(self, count: int) -> Array:
        return self._draw("singles", count)

    def doubles(self, count: int) -> Array:
        return self._draw("doubles", count)

    def normals(self, count: int) -> Array:
        return self._draw("double_normals", count)

    def single_normals(self, count: int) -> Array:
        """The next `count` standard normal float32 numbers."""
        return self._draw("single_normals", count)


def checked_seed(seed: int) -> int:
    if not -(2**63) <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long")
    return seed % 2**64


def _bytes(state: Any) -> npt.NDArray[np.uint8]:
    raw: Any = getattr(state, "_data", None)
    if not isinstance(raw, np.ndarray) or raw.dtype != np.uint8:
        raise TypeError("RNG state must be a torch.ByteTensor")
    return raw
