"""Mixed precision: ``torch.amp``. Everything is computed in the dtype it has; only the interface is PyTorch's."""

from engine.amp.autocast import autocast, custom_bwd, custom_fwd, is_autocast_available
from engine.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
