"""Random numbers of a device: Philox4x32-10, which turns a seed and a count into numbers and keeps no other state.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, doi:10.1145/2063384.2063405. One
block is four numbers of 32 bits, its key the seed and its counter the number of the block. So nothing but these two has
to be kept, and nothing of it on the device.

Every kind of number is written twice: as array operations, which any array library can run, and as a kernel of one
launch, for CuPy. Both give the same; `PER_BLOCK` says how many a block makes.

A kernel that is recorded in a CUDA graph is sent again with the same arguments. So that each replay has numbers of its
own, such a kernel is given where seed and block stand in the device's memory (`now`), and counts from there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backend import Array, ArrayModule, address

_ROUNDS = 10
_FACTORS = 0xD2511F53, 0xCD9E8D57
_STEPS = 0x9E3779B9, 0xBB67AE85
_LOW = 0xFFFFFFFF

PER_BLOCK = {"words": 4, "singles": 4, "doubles": 2, "single_normals": 4, "double_normals": 2}
"""By kind: 32-bit numbers in uint64; float32 and float64 in [0, 1); standard normal float32 and float64."""

_DTYPES = {
    "words": "uint64",
    "singles": "float32",
    "doubles": "float64",
    "single_normals": "float32",
    "double_normals": "float64",
}

PREAMBLE = """
__device__ inline void philox(unsigned long long seed, unsigned long long block, unsigned long long now,
                              unsigned int* c) {
    if (now) {
        seed = ((const unsigned long long*)now)[0];
        block += ((const unsigned long long*)now)[1];
    }
    unsigned int k0 = (unsigned int)seed, k1 = (unsigned int)(seed >> 32);
    c[0] = (unsigned int)block; c[1] = (unsigned int)(block >> 32); c[2] = 0; c[3] = 0;
    for (int round = 0; round < 10; ++round) {
        unsigned long long p = 0xD2511F53ull * c[0], q = 0xCD9E8D57ull * c[2];
        unsigned int a = (unsigned int)(q >> 32) ^ c[1] ^ k0, b = (unsigned int)(p >> 32) ^ c[3] ^ k1;
        c[0] = a; c[1] = (unsigned int)q; c[2] = b; c[3] = (unsigned int)p;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
}
"""
_BLOCK = "unsigned int c[4]; philox(seed, first + i, now, c);"
_TWO_DOUBLES = """
    double u = (double)(((unsigned long long)(c[0] & 0x1FFFFFu) << 32) | c[1]) * 1.1102230246251565e-16;
    double v = (double)(((unsigned long long)(c[2] & 0x1FFFFFu) << 32) | c[3]) * 1.1102230246251565e-16;
"""
_BODIES = {
    "words": "for (int k = 0; k < 4; ++k) y[4 * i + k] = c[k];",
    "singles": "for (int k = 0; k < 4; ++k) y[4 * i + k] = (float)(c[k] & 0xFFFFFFu) * 5.9604644775390625e-8f;",
    "doubles": _TWO_DOUBLES + "y[2 * i] = u; y[2 * i + 1] = v;",
    "single_normals": """
    for (int k = 0; k < 4; k += 2) {
        float u = (float)c[k] * 2.3283064365386963e-10f + 1.1641532182693481e-10f;
        float radius = sqrtf(-2.0f * logf(u)), angle = (float)c[k + 1] * 1.4629180792671596e-9f;
        y[4 * i + k] = radius * cosf(angle); y[4 * i + k + 1] = radius * sinf(angle);
    }
    """,
    "double_normals": _TWO_DOUBLES
    + """
    double radius = sqrt(-2.0 * log1p(-u)), angle = 6.283185307179586 * v;
    y[2 * i] = radius * cos(angle); y[2 * i + 1] = radius * sin(angle);
    """,
}


def blocks(xp: ArrayModule, seed: int, first: int, count: int) -> Array:
    """The numbers of `count` blocks from the block `first`, shape (count, 4), uint64 below 2**32."""
    low, high = np.uint64(_LOW), np.uint64(32)
    counter = xp.arange(count, dtype=np.uint64) + np.uint64(first)
    a, b = counter & low, counter >> high
    c = d = xp.zeros(count, np.uint64)
    k, m = seed & _LOW, seed >> 32
    for _ in range(_ROUNDS):
        p, q = a * np.uint64(_FACTORS[0]), c * np.uint64(_FACTORS[1])
        a, b, c, d = (q >> high) ^ b ^ np.uint64(k), q & low, (p >> high) ^ d ^ np.uint64(m), p & low
        k, m = k + _STEPS[0] & _LOW, m + _STEPS[1] & _LOW
    return xp.stack((a, b, c, d), axis=1)


def _doubles(xp: ArrayModule, words: Array) -> Array:
    pairs = words.reshape(-1, 2)
    whole = (pairs[:, 0] & np.uint64(0x1FFFFF)) << np.uint64(32) | pairs[:, 1]
    return whole.astype(np.float64) * 2.0**-53


def _circle(xp: ArrayModule, radius: Array, angle: Array) -> Array:
    """Points of the plane by their distance and direction: Box and Muller, doi:10.1214/aoms/1177706645."""
    return xp.stack((radius * xp.cos(angle), radius * xp.sin(angle)), axis=-1).reshape(-1)


def _single_normals(xp: ArrayModule, words: Array) -> Array:
    half = words.astype(np.float32)
    u = half[:, 0::2] * np.float32(2.0**-32) + np.float32(2.0**-33)
    angle = half[:, 1::2] * np.float32(2.0 * math.pi * 2.0**-32)
    return _circle(xp, xp.sqrt(np.float32(-2.0) * xp.log(u)), angle)


def _double_normals(xp: ArrayModule, words: Array) -> Array:
    pairs = _doubles(xp, words).reshape(-1, 2)
    return _circle(xp, xp.sqrt(-2.0 * xp.log1p(-pairs[:, 0])), (2.0 * math.pi) * pairs[:, 1])


FORMULAS: dict[str, Callable[[ArrayModule, Array], Array]] = {
    "words": lambda xp, words: words.reshape(-1),
    "singles": lambda xp, words: (
        (words.reshape(-1) & np.uint64(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)
    ),
    "doubles": _doubles,
    "single_normals": _single_normals,
    "double_normals": _double_normals,
}
"""Each kind made of the numbers of `blocks`."""


@functools.cache
def kernel(xp: ArrayModule, kind: str) -> Any:
    """CuPy's kernel for one kind, compiled at its first call; None where the array library has no kernels."""
    if not hasattr(xp, "ElementwiseKernel"):
        return None
    return xp.ElementwiseKernel(
        "uint64 seed, uint64 first, uint64 now",
        f"raw {_DTYPES[kind]} y",
        _BLOCK + _BODIES[kind],
        f"philox_{kind}",
        preamble=PREAMBLE,
    )


def draw(xp: ArrayModule, kind: str, seed: int, first: int, count: int, now: Array | None = None) -> Array:
    """`count` numbers of a kind, from the beginning of the block `first`.

    Where `now` is given, two uint64 on the device, they are the seed and what is added to `first` when the kernel runs.
    """
    number = -(-count // PER_BLOCK[kind])
    run = kernel(xp, kind)
    if run is None or not number:
        return FORMULAS[kind](xp, blocks(xp, seed, first, number))[:count]
    y = xp.empty(number * PER_BLOCK[kind], _DTYPES[kind])
    where = np.uint64(0 if now is None else address(now))
    run(np.uint64(seed), np.uint64(first), where, y, size=number)
    return y[:count]
