"""Times, shares and sizes as PyTorch's profiler prints them."""

from __future__ import annotations


def format_share(part: float, total: float) -> str:
    """A share of the time in percent; PyTorch's ``NaN`` for a share of nothing."""
    return f"{part * 100.0 / total:.2f}%" if total else "NaN"


def format_memory(size: int) -> str:
    """Bytes as PyTorch prints them: ``40 B``, ``1.50 KB``."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if abs(size) >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} B"


def format_time(us: float, unit: str | None = None) -> str:
    """Microseconds as PyTorch prints them: ``1.234s``, ``5.678ms`` or ``9.000us``."""
    if unit == "s" or (unit is None and us >= 1_000_000):
        return f"{us / 1_000_000:.3f}s"
    if unit == "ms" or (unit is None and us >= 1_000):
        return f"{us / 1_000:.3f}ms"
    return f"{us:.3f}us"
