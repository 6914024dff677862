"""The lines many programs begin with: choosing a device, asking for repeatable runs."""

from __future__ import annotations

import engine as torch
from engine import alias


def test_choosing_a_device() -> None:
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert torch.ones(2).to(device).device.type == device
    assert not torch.backends.cudnn.is_available()
    assert torch.backends.cudnn.version() is None


def test_settings_are_kept_and_imports_work() -> None:
    alias.install()
    try:
        import torch.backends.cudnn as cudnn  # type: ignore[import-not-found,unused-ignore]

        cudnn.deterministic, before = True, cudnn.deterministic
        assert torch.backends.cudnn.deterministic
        cudnn.deterministic = before
    finally:
        alias.uninstall()
