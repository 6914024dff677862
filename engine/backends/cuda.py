"""``torch.backends.cuda``: settings of CUDA's matrix products."""

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """Whether CUDA can be used here."""
    from engine.cuda import is_available

    return is_available()
