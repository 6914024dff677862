"""``torch.backends.cuda``: settings of CUDA's matrix products."""

from engine.backends.precision import Products

matmul = Products()


def is_built() -> bool:
    """Whether CUDA can be used here."""
    from engine.cuda import is_available

    return is_available()
