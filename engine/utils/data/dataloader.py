"""`DataLoader`: batches of a data set, in the order PyTorch gives them for the same seed."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from engine import backend
from engine.dispatch import composite
from engine.generators import Generator
from engine.utils.data.collate import default_collate, default_convert
from engine.utils.data.dataset import IterableDataset
from engine.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, drawn_seed

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T = TypeVar("T", covariant=True)

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


def get_worker_info() -> None:
    """None: samples are read in the program's own process, whatever `num_workers` says."""
    return


class _InfiniteConstantSampler(Sampler[None]):
    """For data sets without numbers."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(Generic[T]):
    """Iterates over a data set in batches.

    `num_workers` and what belongs to it is accepted and checked, but samples are always read in this process: a
    program here is one process. `pin_memory` is accepted: what is copied to a device is copied from where it is.

    Raises:
        ValueError: for settings that exclude each other, in PyTorch's words.
    """

    _initialized = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        self.dataset: Any = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable:
            for name, given in (
                ("shuffle", shuffle or None),
                ("sampler", sampler),
                ("batch_sampler", batch_sampler),
            ):
                if given is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if sampler is None:
            if self._iterable:
                sampler = _InfiniteConstantSampler()
            else:
                sampler = (
                    RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
                )
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.collate_fn: Callable[[Any], Any] = collate_fn or (
            default_convert if batch_sampler is None else default_collate
        )
        self.persistent_workers = persistent_workers
        self._announced: int | None = None
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory and backend.cupy() is None:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be "
                "used.",
                stacklevel=2,
            )
        return _Batches(self)

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._index_sampler)
        self._announced = length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
            "multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is not None and num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}"
        )


class _Batches(Iterator[Any]):
    """One pass over a loader's data."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._numbers = iter(loader._index_sampler)
        # PyTorch draws a seed for its workers, also where there are none; what is drawn afterwards depends on it.
        self._base_seed = drawn_seed(loader.generator)
        self._samples = iter(loader.dataset) if loader._iterable else None
        self._ended = False
        self._yielded = 0
        self._announced = loader._announced

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    @composite("enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__")
    def __next__(self) -> Any:
        numbers = next(self._numbers)
        data = self._loader.collate_fn(self._fetched(numbers))
        self._yielded += 1
        announced = self._announced
        if self._samples is not None and announced is not None and self._yielded > announced:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {announced}(when accessing "
                f"len(dataloader)), but {self._yielded} samples have been fetched. ",
                stacklevel=3,
            )
        return data

    def _fetched(self, numbers: Any) -> Any:
        dataset = self._loader.dataset
        if self._samples is None:
            if self._loader.batch_sampler is None:
                return dataset[numbers]
            if callable(getattr(dataset, "__getitems__", None)):
                return dataset.__getitems__(numbers)
            return [dataset[k] for k in numbers]
        if self._ended:
            raise StopIteration
        if self._loader.batch_sampler is None:
            return next(self._samples)
        samples = list(itertools.islice(self._samples, len(numbers)))
        self._ended = len(samples) < len(numbers)
        if not samples or (self._loader.drop_last and self._ended):
            raise StopIteration
        return samples
