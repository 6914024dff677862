"""``torch.special``: special functions under PyTorch's names."""

from __future__ import annotations

from engine.ops.arithmetic import erf, erfc, exp2, expm1, log1p, logit, round, sinc, xlogy
from engine.ops.pointwise import sigmoid as expit
from engine.ops.reduce import log_softmax, logsumexp, softmax
from engine.ops.special import (
    UNTRACKED,
    digamma,
    entr,
    erfcx,
    erfinv,
    i0,
    i0e,
    i1,
    i1e,
    igamma,
    igammac,
    log_ndtr,
    mvlgamma,
    ndtr,
    ndtri,
    polygamma,
    xlog1py,
    zeta,
)
from engine.ops.special import lgamma as gammaln

psi = digamma
multigammaln = mvlgamma
gammainc, gammaincc = igamma, igammac
globals().update(UNTRACKED)

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
    *UNTRACKED,
]
