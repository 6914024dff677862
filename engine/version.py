"""``torch.version``: the PyTorch release whose behaviour this engine follows."""

from __future__ import annotations

__version__ = "2.13.0"
cuda: str | None = None
hip: str | None = None
debug = False
git_version = ""
