"""``torch.backends.cudnn``: settings that programs make for repeatable runs; runs here repeat anyway."""

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """No."""
    return False


def version() -> None:
    """None: there is none."""
