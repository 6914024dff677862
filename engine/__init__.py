"""An autograd engine with PyTorch's names, on NumPy (and CuPy, where there is one): ``import engine as torch``."""

from __future__ import annotations

from engine import methods as _methods
from engine import random as random
from engine.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from engine.backend import device
from engine.dtypes import (
    bool_ as bool,
)
from engine.dtypes import (
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from engine.printing import set_printoptions
from engine.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from engine.tensor import Size, Tensor

globals().update(_methods.public_functions())
globals().update({name: f for name, f in _methods.IN_PLACE.items() if _methods.is_function(name)})

float, double, half, int, long, short = float32, float64, float16, int32, int64, int16
cfloat, cdouble = complex64, complex128
strided, contiguous_format, preserve_format = (
    "torch.strided",
    "torch.contiguous_format",
    "torch.preserve_format",
)

from math import e, inf, nan, pi  # noqa: E402

from engine import (  # noqa: E402 (they need the names above)
    autograd,
    backends,
    cuda,
    distributions,
    fft,
    func,
    linalg,
    nn,
    optim,
    profiler,
    special,
    types,
    utils,
)
from engine.autograd.inference import is_inference, is_inference_mode_enabled  # noqa: E402
from engine.func import vmap  # noqa: E402
from engine.serialization import load, save  # noqa: E402

Tensor.is_inference = is_inference  # type: ignore[attr-defined]
from engine.types import *  # noqa: E402, F403

__version__ = "2.13.0"
"""The PyTorch release whose behaviour this engine follows."""
