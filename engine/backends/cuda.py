"""``torch.backends.cuda``: settings of CUDA's matrix products."""

from engine.backends.precision import Products

matmul = Products()


_ATTENTION = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def flash_sdp_enabled() -> bool:
    """Whether FlashAttention may be used; attention here is its formula."""
    return _ATTENTION["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Note what `flash_sdp_enabled` gives."""
    _ATTENTION["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """Whether memory-efficient attention may be used; attention here is its formula."""
    return _ATTENTION["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Note what `mem_efficient_sdp_enabled` gives."""
    _ATTENTION["mem_efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """Whether the formula of attention may be used, which is what is used here."""
    return _ATTENTION["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Note what `math_sdp_enabled` gives."""
    _ATTENTION["math"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """Whether cuDNN's attention may be used; attention here is its formula."""
    return _ATTENTION["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Note what `cudnn_sdp_enabled` gives."""
    _ATTENTION["cudnn"] = bool(enabled)


def is_flash_attention_available() -> bool:
    """No."""
    return False


def is_built() -> bool:
    """Whether CUDA can be used here."""
    from engine.cuda import is_available

    return is_available()
