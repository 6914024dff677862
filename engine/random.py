"""``torch.random``: the generators used where a program gives none, one for the CPU and one for each device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine import backend
from engine.backend import CPU, device
from engine.generators import DEFAULT_SEED, DeviceGenerator, Generator, checked_seed

if TYPE_CHECKING:
    from engine.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

default_generator = Generator()

_DEVICES: dict[int, DeviceGenerator] = {}
"""The generators of devices that have been asked for, by the device's number."""
_later: list[int] = [DEFAULT_SEED]
"""What a device's generator that has not been asked for yet will begin with."""


def device_generator(index: int = 0) -> DeviceGenerator:
    """The generator used on a device where the program gives none.

    Raises:
        RuntimeError: if there is no such device.
    """
    if index not in _DEVICES:
        _DEVICES[index] = DeviceGenerator(backend.device("cuda", index))
        _DEVICES[index].manual_seed(_later[0])
    return _DEVICES[index]


def device_generators() -> list[DeviceGenerator]:
    """Those that have been asked for: the others have drawn nothing."""
    return list(_DEVICES.values())


def seed_devices(seed: int) -> None:
    """Start the generators of all devices from `seed`, also those that have not been asked for yet."""
    _later[0] = checked_seed(seed)
    for generator in device_generators():
        generator.manual_seed(seed)


def generator_for(where: str | device | None, given: Generator | None = None) -> Generator:
    """The generator for a tensor made at `where`, which is the default device if None: `given`, or the device's own.

    Raises:
        RuntimeError: if `given` is another device's.
    """
    if where is None:
        where = backend.default_device()
    if where is CPU and given is None:
        return default_generator
    target = backend.require(where)[0]
    if given is None:
        return default_generator if target is CPU else device_generator(backend.number_of(target))
    if given.device.type != target.type:
        raise RuntimeError(
            f"Expected a '{target.type}' device type for generator but found '{given.device.type}'"
        )
    return given


def manual_seed(seed: int) -> Generator:
    """Seed every generator that is not the program's own, devices' too; returns `default_generator`."""
    seed_devices(int(seed))
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed `default_generator`, and the devices', from the operating system and return the seed."""
    drawn = default_generator.seed()
    seed_devices(drawn)
    return drawn


def initial_seed() -> int:
    """The seed of `default_generator`."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of `default_generator`; see `Generator.get_state`."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let `default_generator` go on from a state that `get_rng_state` gave."""
    default_generator.set_state(new_state)


def states() -> list[Tensor]:
    """The states of the CPU's and of the devices' generators; `set_states` takes them."""
    return [generator.get_state() for generator in (default_generator, *device_generators())]


def set_states(before: list[Tensor]) -> None:
    """Let the generators go on from `states`; one that was not there then begins again."""
    default_generator.set_state(before[0])
    for k, generator in enumerate(device_generators(), 1):
        if k < len(before):
            generator.set_state(before[k])
        else:
            generator.manual_seed(_later[0])


@contextmanager
def fork_rng(devices: Iterable[object] | None = None, enabled: bool = True) -> Iterator[None]:
    """Let what is drawn inside a ``with`` block leave no trace: the states are restored at its end.

    Args:
        devices: accepted; the generators of all devices are restored.
    """
    if not enabled:
        yield
        return
    before = states()
    try:
        yield
    finally:
        set_states(before)
