"""Losses as modules. Each calls the function of `engine.nn.functional` of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from engine.nn import functional as F
from engine.nn.functional.loss import reduction_of
from engine.nn.modules.distance import PairwiseDistance
from engine.nn.modules.module import Module
from engine.tensor import Tensor

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class _Loss(Module):
    """A loss with a reduction: ``mean``, ``sum`` or ``none``. `settings` names further keywords of its function."""

    reduction: str
    function: ClassVar[Callable[..., Any]]
    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        **settings: Any,
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = reduction_of(size_average, reduce, reduction)
        self.reduction = reduction
        for name, value in settings.items():
            setattr(self, name, value)

    def forward(self, *tensors: Tensor) -> Tensor:
        keywords = {name: getattr(self, name) for name in self.settings}
        return type(self).function(*tensors, **keywords, reduction=self.reduction)  # type: ignore[no-any-return]


class _WeightedLoss(_Loss):
    """A loss with a weight for each class or element, kept as a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        **settings: Any,
    ) -> None:
        super().__init__(size_average, reduce, reduction, **settings)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """Absolute difference."""

    function = staticmethod(F.l1_loss)


class MSELoss(_Loss):
    """Squared difference."""

    function = staticmethod(F.mse_loss)


class SmoothL1Loss(_Loss):
    """Squared where the difference is below `beta`, absolute above, divided by `beta`."""

    function = staticmethod(F.smooth_l1_loss)
    settings = ("beta",)

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction, beta=beta)


class HuberLoss(_Loss):
    """Squared where the difference is below `delta`, absolute above."""

    function = staticmethod(F.huber_loss)
    settings = ("delta",)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class BCELoss(_WeightedLoss):
    """Cross entropy of probabilities with targets from 0 to 1."""

    function = staticmethod(F.binary_cross_entropy)
    settings = ("weight",)


class BCEWithLogitsLoss(_WeightedLoss):
    """Cross entropy of the sigmoid of the input with targets from 0 to 1."""

    function = staticmethod(F.binary_cross_entropy_with_logits)
    settings = ("weight", "pos_weight")

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class NLLLoss(_WeightedLoss):
    """Minus the log-probability of each target class."""

    function = staticmethod(F.nll_loss)
    settings = ("weight", "ignore_index")

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction, ignore_index=ignore_index)


class CrossEntropyLoss(_WeightedLoss):
    """`NLLLoss` of the log-softmax of the input."""

    function = staticmethod(F.cross_entropy)
    settings = ("weight", "ignore_index", "label_smoothing")

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            weight,
            size_average,
            reduce,
            reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence of log-probabilities from a target."""

    function = staticmethod(F.kl_div)
    settings = ("log_target",)

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction, log_target=log_target)


class PoissonNLLLoss(_Loss):
    """Negative log-likelihood of counts under a Poisson distribution."""

    function = staticmethod(F.poisson_nll_loss)
    settings = ("log_input", "full", "eps")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction, log_input=log_input, full=full, eps=eps)


class GaussianNLLLoss(_Loss):
    """Negative log-likelihood of targets under normal distributions: ``loss(input, target, var)``."""

    function = staticmethod(F.gaussian_nll_loss)
    settings = ("full", "eps")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction, full=full, eps=eps)


class SoftMarginLoss(_Loss):
    """``log(1 + exp(-target * input))`` for targets -1 and 1."""

    function = staticmethod(F.soft_margin_loss)


class _MarginLoss(_Loss):
    settings = ("margin",)
    standard: ClassVar[float] = 0.0

    def __init__(
        self,
        margin: float | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction, margin=self.standard if margin is None else margin)


class CosineEmbeddingLoss(_MarginLoss):
    """1 - cosine for targets 1, max(0, cosine - margin) for targets -1."""

    function = staticmethod(F.cosine_embedding_loss)


class MarginRankingLoss(_MarginLoss):
    """max(0, -target * (x1 - x2) + margin)."""

    function = staticmethod(F.margin_ranking_loss)


class HingeEmbeddingLoss(_MarginLoss):
    """x for targets 1, max(0, margin - x) for targets -1."""

    function = staticmethod(F.hinge_embedding_loss)
    standard = 1.0


class TripletMarginLoss(_Loss):
    """max(0, margin + distance to the positive - distance to the negative)."""

    function = staticmethod(F.triplet_margin_loss)
    settings = ("margin", "p", "eps", "swap")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        super().__init__(size_average, reduce, reduction, margin=margin, p=p, eps=eps, swap=swap)


class MultiMarginLoss(_WeightedLoss):
    """The mean over classes of max(0, margin - x[target] + x[class]) ** p."""

    function = staticmethod(F.multi_margin_loss)
    settings = ("p", "margin", "weight")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        super().__init__(weight, size_average, reduce, reduction, p=p, margin=margin)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over classes of the logistic loss of each label."""

    function = staticmethod(F.multilabel_soft_margin_loss)
    settings = ("weight",)


class MultiLabelMarginLoss(_Loss):
    """The mean hinge between each wanted class and each other one; targets end at the first -1."""

    function = staticmethod(F.multilabel_margin_loss)


class NLLLoss2d(NLLLoss):
    """The older name of `NLLLoss` for pictures."""


class CTCLoss(_Loss):
    """Minus the log-likelihood of label sequences, over all their alignments."""

    function = staticmethod(F.ctc_loss)
    settings = ("blank", "zero_infinity")

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction, blank=blank, zero_infinity=zero_infinity)


class TripletMarginWithDistanceLoss(_Loss):
    """`TripletMarginLoss` under any distance."""

    function = staticmethod(F.triplet_margin_with_distance_loss)
    settings = ("distance_function", "margin", "swap")

    def __init__(
        self,
        *,
        distance_function: Callable[..., Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        super().__init__(reduction=reduction, margin=margin, swap=swap)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
