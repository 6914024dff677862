"""The random numbers of devices: seeds and states of their generators (`engine.random`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine import backend, random
from engine.cuda.devices import device_count, number_of
from engine.generators import DeviceGenerator

if TYPE_CHECKING:
    from engine.tensor import Tensor

__all__ = [
    "get_rng_state",
    "get_rng_state_all",
    "initial_seed",
    "manual_seed",
    "manual_seed_all",
    "seed",
    "seed_all",
    "set_rng_state",
    "set_rng_state_all",
]


def _generator(device: Any) -> DeviceGenerator:
    backend.require("cuda")
    return random.device_generator(number_of(device))


def manual_seed(seed: int) -> None:
    """Start the numbers of the device in use from `seed`; without a device, of one that may come."""
    if backend.cupy() is None:
        random.seed_devices(int(seed))
    else:
        _generator(None).manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Start the numbers of all devices from `seed`."""
    random.seed_devices(int(seed))


def seed() -> None:
    """Start the numbers of the device in use from a number of the operating system's; nothing without one."""
    if backend.cupy() is not None:
        _generator(None).seed()


def seed_all() -> None:
    """Start the numbers of all devices from one number of the operating system's; nothing without one."""
    if backend.cupy() is not None:
        random.seed_devices(_generator(None).seed())


def initial_seed() -> int:
    """The seed of the device in use.

    Raises:
        AssertionError: if there is none.
    """
    return _generator(None).initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """The state of a device's generator, a uint8 tensor of 16 bytes on the CPU.

    Raises:
        AssertionError: if there is no device.
    """
    return _generator(device).get_state()


def get_rng_state_all() -> list[Tensor]:
    """The states of all devices' generators."""
    return [get_rng_state(k) for k in range(device_count())]


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Let a device's generator go on from a state that `get_rng_state` gave; nothing without a device."""
    if backend.cupy() is not None:
        _generator(device).set_state(new_state)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Let each device's generator go on from its state."""
    for k, state in enumerate(new_states):
        set_rng_state(state, k)
