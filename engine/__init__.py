"""An autograd engine with PyTorch's names, on NumPy (and CuPy, where there is one): ``import engine as torch``."""

from __future__ import annotations

import gc as _gc

from engine import functions as _functions
from engine import methods as _methods
from engine import naming as _naming
from engine import random as random
from engine import writing as _writing
from engine.allocator import OutOfMemoryError
from engine.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from engine.backend import device
from engine.dtypes import (
    bfloat16,
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
from engine.dtypes import (
    bool_ as bool,
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

# A graph is many small objects without a cycle among them, which the collector would look at every 700 new ones: that
# is a third of the time of 1,000 operations. Whoever has set a threshold keeps it.
if _gc.get_threshold()[0] == 700:
    _gc.set_threshold(50_000, *_gc.get_threshold()[1:])

globals().update(_methods.public_functions())
globals().update({name: f for name, f in _writing.IN_PLACE.items() if _writing.is_function(name)})

float, double, half, int, long, short = float32, float64, float16, int32, int64, int16
cfloat, cdouble = complex64, complex128
strided, contiguous_format, preserve_format = (
    "torch.strided",
    "torch.contiguous_format",
    "torch.preserve_format",
)

from math import e, inf, nan, pi  # noqa: E402

from engine import (  # noqa: E402 (they need the names above)
    accelerator,
    amp,
    autograd,
    backends,
    compiler,
    cpu,
    cuda,
    distributions,
    fft,
    func,
    jit,
    linalg,
    nn,
    optim,
    profiler,
    special,
    testing,
    types,
    utils,
    version,
)
from engine.autograd.inference import is_inference, is_inference_mode_enabled  # noqa: E402
from engine.cuda.streams import AnyEvent as Event  # noqa: E402
from engine.cuda.streams import AnyStream as Stream  # noqa: E402
from engine.func import vmap  # noqa: E402
from engine.serialization import load, save  # noqa: E402
from engine.settings import *  # noqa: E402, F403
from engine.showing import show  # noqa: E402
from engine.windows import *  # noqa: E402, F403

Tensor.is_inference = is_inference  # type: ignore[attr-defined]
from engine.types import *  # noqa: E402, F403

GradScaler, autocast = amp.GradScaler, amp.autocast
globals().update(_functions.FUNCTIONS)
for _name, _method in _functions.METHODS.items():
    setattr(Tensor, _name, _method)
_naming.name_as_in_pytorch()
newaxis = None
channels_last, channels_last_3d = "torch.channels_last", "torch.channels_last_3d"

__version__ = "2.13.0"
"""The PyTorch release whose behaviour this engine follows."""

from engine import hints as _hints  # noqa: E402 (it looks at what there is)

_hints.install()
