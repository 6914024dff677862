"""Functions of networks that PyTorch offers in ``torch`` too, some with other arguments; and other spellings."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, cast

import numpy as np

from engine import backend, cpu, cuda, dtypes, linalg, settings, storage
from engine.cuda.streams import record_stream
from engine.nn import functional as F
from engine.nn.utils.parametrizations import norm_except_dim
from engine.ops import arrange, create, shape
from engine.ops import linalg as _linear
from engine.tensor import Tensor

_SAME = (
    *(
        "adaptive_avg_pool1d",
        "adaptive_max_pool1d",
        "avg_pool1d",
        "bilinear",
        "celu",
        "conv1d",
        "conv2d",
        "conv3d",
    ),
    *(
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "cosine_similarity",
        "group_norm",
        "hardshrink",
    ),
    *("layer_norm", "max_pool1d", "max_pool2d", "max_pool3d", "pairwise_distance", "pdist", "pixel_shuffle"),
    *("pixel_unshuffle", "prelu", "rms_norm", "rrelu", "selu", "threshold", "celu_", "selu_", "threshold_"),
)
_DROPOUTS = ("alpha_dropout", "dropout", "feature_alpha_dropout")
_LOSSES = (
    *(
        "binary_cross_entropy_with_logits",
        "cosine_embedding_loss",
        "ctc_loss",
        "hinge_embedding_loss",
        "kl_div",
    ),
    *("margin_ranking_loss", "poisson_nll_loss", "triplet_margin_loss"),
)
_REDUCTIONS = ("none", "mean", "sum")


def _dropout(name: str) -> Callable[..., Any]:
    function = getattr(F, name)

    def call(input: Tensor, p: float, train: bool) -> Any:
        return function(input, p, train)

    call.__name__, call.__doc__ = name, function.__doc__
    return call


def _loss(name: str) -> Callable[..., Any]:
    function = getattr(F, name)

    def call(*args: Any, reduction: Any = 0, **kwargs: Any) -> Any:
        given = _REDUCTIONS[reduction] if isinstance(reduction, int) else reduction
        return function(*args, reduction=given, **kwargs)

    call.__name__, call.__doc__ = (
        name,
        f"{function.__doc__}\n\nHere `reduction` is 0 (none), 1 (mean) or 2 (sum), 0 by default.",
    )
    return call


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = False,
) -> Tensor:
    """`nn.functional.batch_norm` with the scale first."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = False,
) -> Tensor:
    """`nn.functional.instance_norm` with the scale first."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """`nn.functional.embedding` with the table first."""
    chosen = None if padding_idx == -1 else padding_idx
    return F.embedding(indices, weight, chosen, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(F, name) for name in _SAME if hasattr(F, name)},
    **{name: _dropout(name) for name in _DROPOUTS},
    **{name: _loss(name) for name in _LOSSES},
    "batch_norm": batch_norm,
    "embedding": embedding,
    "instance_norm": instance_norm,
}
"""By their names in ``torch``."""


# --- Other spellings -------------------------------------------------------------------------------------------------


def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions exchanged, and the conjugate."""
    if input.ndim < 2:
        raise RuntimeError(
            f"adjoint() is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor."
        )
    return cast(Tensor, input.mH)


def chain_matmul(*matrices: Any) -> Tensor:
    """The product of several matrices, in the cheapest order."""
    return linalg.multi_dot(list(matrices))


def asarray(obj: Any, *, dtype: Any = None, copy: bool | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of `obj`, over its memory unless that cannot be or `copy` asks for a new one."""
    made = create.as_tensor(obj, dtype=dtype)
    if copy or (isinstance(obj, Tensor) and made is obj and requires_grad != obj.requires_grad):
        made = made.detach().clone()
    return made.requires_grad_() if requires_grad else made


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor over the memory of a bytes-like object."""
    made = Tensor._wrap(np.frombuffer(buffer, dtype.numpy, count, offset))
    return made.requires_grad_() if requires_grad else made


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of another library's array."""
    return create.from_numpy(np.from_dlpack(ext_tensor))


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros whose elements lie in memory as `stride` says, in elements."""
    kind = (dtype or dtypes.get_default_dtype()).numpy
    length = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if all(size) else 0
    memory = create.zeros(length, dtype=dtype, device=device)._data
    as_strided = backend.module_of(memory).lib.stride_tricks.as_strided
    view = as_strided(memory, tuple(size), tuple(s * kind.itemsize for s in stride))
    made = Tensor._wrap(view)
    return made.requires_grad_() if requires_grad else made


def detach_(input: Tensor) -> Tensor:
    """Cut the tensor itself from the graph."""
    return input.detach_()


def get_device_module(device: Any = None) -> ModuleType:
    """``torch.cuda`` or ``torch.cpu``; for None that of the accelerator, if there is one.

    Raises:
        RuntimeError: in PyTorch's words, for what is no device.
    """
    if device is None:
        return cuda if cuda.is_available() else cpu
    if not isinstance(device, (str, backend.device)):
        raise RuntimeError(f"Invalid value of device '{device}', expect torch.device, str, or None")
    return cuda if backend.device(device).type == "cuda" else cpu


FUNCTIONS.update(
    {
        "adjoint": adjoint,
        "asarray": asarray,
        "chain_matmul": chain_matmul,
        "detach": lambda input: input.detach(),
        "detach_": detach_,
        "empty_strided": empty_strided,
        "from_dlpack": from_dlpack,
        "frombuffer": frombuffer,
        "ger": _linear.outer,
        "get_device_module": get_device_module,
        "index_put": lambda input, indices, values, accumulate=False: input.index_put(
            indices, values, accumulate
        ),
        "matrix_power": linalg.matrix_power,
        "norm_except_dim": norm_except_dim,
        "moveaxis": shape.movedim,
        "row_stack": arrange.vstack,
    }
)


def _share_memory_(self: Tensor) -> Tensor:
    return self


METHODS: dict[str, Callable[..., Any]] = {
    **{
        name: FUNCTIONS[name]
        for name in ("adjoint", "ger", "hardshrink", "matrix_power", "moveaxis", "prelu")
    },
    "as_subclass": lambda self, cls: self if cls is Tensor else cls(self),
    "const_data_ptr": lambda self: self.data_ptr(),
    "dim_order": lambda self: tuple(sorted(range(self.ndim), key=lambda k: -self.stride(k))),
    "is_conj": settings.is_conj,
    "is_distributed": lambda self: False,
    "is_neg": settings.is_neg,
    "is_nonzero": lambda self: bool(self),
    "is_pinned": lambda self, device=None: False,
    "is_set_to": lambda self, tensor: (
        self.data_ptr() == tensor.data_ptr()
        and self.shape == tensor.shape
        and self.stride() == tensor.stride()
    ),
    "is_shared": lambda self: False,
    "is_signed": settings.is_signed,
    "new": lambda self, *args: (
        self.new_tensor(*args) if args and not isinstance(args[0], int) else self.new_empty(*args)
    ),
    "record_stream": record_stream,
    "share_memory_": _share_memory_,
    "slogdet": linalg.slogdet,
    "storage": storage.storage,
    "storage_type": lambda self: storage.TypedStorage,
    "to_dense": lambda self, dtype=None, masked_grad=None: self if dtype is None else self.to(dtype),
    "untyped_storage": storage.untyped_storage,
}
"""Methods of `Tensor` that need more than operations."""
