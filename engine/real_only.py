"""Operations that PyTorch refuses for complex numbers, with its words.

`KERNELS` are those it has no kernel for, by the name it says; `SENTENCES` are those it refuses beforehand; those of
`NO_GRADIENT` compute, but have no derivative.
"""

from __future__ import annotations

from typing import Final

_CLAMP: Final = NotImplementedError("clamp is not supported for complex types")
_FLOATS: Final = "Expected both inputs to be Half, Float or Double tensors but got {0} and {0}"
_SORT: Final = RuntimeError(" Sort does not support complex dtypes on CPU")

KERNELS: Final = {
    **{f"adaptive_{m}_pool2d": f"adaptive_{m}_pool2d" for m in ("avg", "max")},
    **{f"adaptive_{m}_pool3d": f"adaptive_{m}_pool3d_cpu" for m in ("avg", "max")},
    "amax": "max_values_cpu",
    "amin": "min_values_cpu",
    "aminmax": "aminmax_cpu",
    "atan2": "atan2_cpu",
    "attention": "softmax_lastdim_kernel_impl",
    "avg_pool2d": "avg_pool2d",
    "avg_pool3d": "avg_pool3d_out_frame",
    "bernoulli_of": "bernoulli_tensor_cpu_self_",
    "binary_cross_entropy": "binary_cross_entropy",
    "binary_cross_entropy_with_logits": "log_sigmoid_cpu",
    "bitwise_and": "bitwise_and_cpu",
    "bitwise_or": "bitwise_or_cpu",
    "bitwise_xor": "bitwise_xor_cpu",
    "celu": "elu_cpu",
    "clamp_max_tensor": "minimum_cpu",
    "clamp_min_tensor": "maximum_cpu",
    "copysign": "copysign_cpu",
    "copysign_scalar": "copysign_cpu",
    "ctc_loss_of": "ctc_loss_cpu",
    "cummax_dim": "cummax_cpu",
    "cummin_dim": "cummin_cpu",
    "digamma": "digamma",
    "elu": "elu_cpu",
    "erf": "erf_vml_cpu",
    "erfc": "erfc_vml_cpu",
    "erfinv": "erfinv_vml_cpu",
    "floor_divide": "div_floor_cpu",
    "floor_rounded": "div_floor_cpu",
    "fmod_scalar": "fmod_cpu",
    "fmod_tensor": "fmod_cpu",
    "frac": "frac_cpu",
    "fractional_max_pool2d": "fractional_max_pool2d_out_frame",
    "fractional_max_pool3d": "fractional_max_pool3d_out_frame",
    "gcd": "gcd_cpu",
    "ge": "ge_cpu",
    "gelu": "GeluKernelImpl",
    "glu_of": "glu_cpu",
    "grid_sampler_2d_of": "grid_sampler_2d_cpu_kernel_impl",
    "grid_sampler_3d_of": "grid_sampler3d_cpu",
    "gt": "gt_cpu",
    "hardshrink": "hardshrink_cpu",
    "hardsigmoid": "hardsigmoid_cpu",
    "hardswish": "hardswish_cpu",
    "huber_loss": "huber_cpu",
    "hypot": "hypot_cpu",
    "i0": "i0_vml_cpu",
    "igamma": "igamma_cpu",
    "igammac": "igammac_cpu",
    "index_reduce_of": "maximum_cpu",
    "kthvalue_dim": "kthvalue_cpu",
    "le": "le_cpu",
    "leaky_relu": "leaky_relu_cpu",
    "lgamma": "lgamma_vml_cpu",
    "log_sigmoid": "log_sigmoid_cpu",
    "log_softmax_dim": "log_softmax_lastdim_kernel_impl",
    "logaddexp2": "logaddexp2_cpu",
    "logit": "logit_cpu",
    "lt": "lt_cpu",
    "max_all": "max_all",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "max_unpool2d": "max_unpool2d",
    "max_unpool3d": "max_unpool3d",
    "median_all": "median_cpu",
    "median_dim": "median_out",
    "min_all": "min_all",
    "mish": "mish_cpu",
    "mode_dim": "mode_cpu",
    "mse_loss": "mse_cpu",
    "multi_margin_loss_of": "multi_margin_loss_cpu_kernel",
    "multilabel_margin_loss_of": "multilabel_margin_loss_forward_out_frame",
    "mvlgamma": "arange_cpu",
    "nanmedian_all": "median_cpu",
    "nanmedian_dim": "median_out",
    "native_batch_norm": "batch_norm",
    "native_batch_norm_legit": "batch_norm",
    "native_batch_norm_legit_no_stats": "batch_norm",
    "native_batch_norm_of": "batch_norm",
    "native_group_norm": "GroupNormKernelImpl",
    "native_group_norm_of": "GroupNormKernelImpl",
    "native_layer_norm": "LayerNormKernelImpl",
    "native_layer_norm_of": "LayerNormKernelImpl",
    "nextafter": "nextafter_cpu",
    "nll_loss": "nll_loss_out_frame",
    "nll_loss2d": "nll_loss2d_forward_out_frame",
    "polygamma_of": "trigamma",
    "prelu_kernel": "prelu_cpu",
    "remainder_scalar": "remainder_cpu",
    "remainder_tensor": "remainder_cpu",
    "round": "round_vml_cpu",
    "round_decimals": "round_cpu",
    "rrelu_with_noise": "rrelu_with_noise_out_cpu",
    "segment_reduce": "_segment_reduce_cpu",
    "smooth_l1_loss": "smooth_l1_cpu",
    "softmax_backward": "softmax_backward_lastdim_kernel_impl",
    "softmax_dim": "softmax_lastdim_kernel_impl",
    "softplus": "softplus_cpu",
    "softshrink": "softshrink_check",
    "special_entr": "entr_cpu",
    "special_erfcx": "erfcx_cpu",
    "special_i0e": "i0e_cpu",
    "special_i1": "i1_cpu",
    "special_i1e": "i1e_cpu",
    "special_log_ndtr": "log_ndtr_cpu",
    "special_ndtri": "ndtri_cpu",
    "special_xlog1py": "xlog1py_cpu",
    "spread_windows": "avg_pool2d",
    "threshold": "threshold_cpu",
    "threshold_backward": "threshold_cpu",
    "trunc_divide": "div_trunc_cpu",
    "upsample_bicubic2d": "compute_indices_weights_cubic",
    "upsample_bilinear2d": "compute_indices_weights_linear",
    "upsample_linear1d": "compute_indices_weights_linear",
    "upsample_nearest1d": "compute_indices_weights_nearest",
    "upsample_nearest2d": "upsample_nearest2d_channels_last",
    "upsample_nearest3d": "compute_indices_weights_nearest",
    "upsample_nearest_exact1d": "compute_indices_weights_nearest",
    "upsample_nearest_exact2d": "upsample_nearest2d_channels_last",
    "upsample_nearest_exact3d": "compute_indices_weights_nearest",
    "upsample_trilinear3d": "compute_indices_weights_linear",
    "xlogy": "xlogy_cpu",
    "zeta": "zeta_cpu",
}

SENTENCES: Final[dict[str, Exception]] = {
    "argmax": RuntimeError("argmax(): does not support complex input"),
    "argmin": RuntimeError("argmin(): does not support complex input"),
    "argsort": _SORT,
    "cdist": RuntimeError("cdist only supports floating-point dtypes, X1 got: {0}"),
    "ceil": NotImplementedError("ceil is not supported for complex inputs"),
    "clamp": _CLAMP,
    "clamp_max": _CLAMP,
    "clamp_min": _CLAMP,
    "clamp_tensor": _CLAMP,
    "complex": RuntimeError(_FLOATS),
    "deg2rad": RuntimeError("deg2rad is not supported for complex tensors."),
    "embedding_bag_of": RuntimeError(
        "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, Float, "
        "Double; but got CPU{0}Type instead (while checking arguments for embedding_bag)"
    ),
    "fft_r2c": RuntimeError("rfft expects a real input tensor, but got {0}"),
    "floor": NotImplementedError("floor is not supported for complex inputs"),
    "fmax": RuntimeError("fmax not implemented for complex tensors."),
    "fmin": RuntimeError("fmin not implemented for complex tensors."),
    "frexp": RuntimeError("torch.frexp() only supports floating-point dtypes"),
    "hardtanh": _CLAMP,
    "max_dim": RuntimeError("max(): does not support complex input"),
    "maximum": RuntimeError("maximum not implemented for complex tensors."),
    "min_dim": RuntimeError("min(): does not support complex input"),
    "minimum": RuntimeError("minimum not implemented for complex tensors."),
    "nansum_dim": RuntimeError("nansum on CPU does not support complex inputs"),
    "pdist": RuntimeError("pdist only supports floating-point dtypes"),
    "polar": RuntimeError(_FLOATS),
    "rad2deg": RuntimeError("rad2deg is not supported for complex tensors."),
    "relu": _CLAMP,
    "sign": NotImplementedError(
        "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
    ),
    "signbit": NotImplementedError("signbit is not implemented for complex tensors."),
    "sort_dim": _SORT,
    "sort_stable": _SORT,
    "topk_dim": RuntimeError(" topk does not support complex dtypes on CPU"),
    "trunc": NotImplementedError("trunc is not supported for complex inputs"),
    "view_as_complex": RuntimeError(
        "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {0}"
    ),
}

NO_GRADIENT: Final = {
    "embedding": "embedding",
    "nan_to_num": "nan_to_num",
    "normal_mean": "normal",
    "normal_std": "normal",
    "normal_tensors": "normal",
    "scatter_reduce_of": "scatter_reduce",
    "silu": "silu",
    "soft_margin_loss": "soft_margin_loss",
}


def refusal(name: str, kind: str) -> Exception:
    """The error for one of `KERNELS` or `SENTENCES` on complex numbers of that scalar type (``ComplexFloat``)."""
    if name in KERNELS:
        return NotImplementedError(f"\"{KERNELS[name]}\" not implemented for '{kind}'")
    words = SENTENCES[name]
    return type(words)(str(words).replace("{0}", kind))


def no_gradient(name: str) -> RuntimeError:
    """The error for recording one of `NO_GRADIENT`."""
    return RuntimeError(
        f"{NO_GRADIENT[name]} does not support automatic differentiation for outputs with complex dtype."
    )
