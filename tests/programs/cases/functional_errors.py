# Strictness and wrong arguments.
import torch
from torch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

x = torch.tensor([1.0, 2.0])
constant = torch.ones(2)
attempts = {
    "independent, not strict": lambda: jacobian(lambda t: constant, x),
    "independent, strict": lambda: jacobian(lambda t: constant, x, strict=True),
    "one input unused, strict": lambda: jacobian(lambda a, b: a * 2, (x, x), strict=True),
    "detached, strict": lambda: jacobian(lambda t: t.detach() * 2, x, strict=True),
    "linear hessian, strict": lambda: hessian(lambda t: t.sum(), x, strict=True),
    "vjp strict": lambda: vjp(lambda t: constant, x, x, strict=True),
    "jvp strict": lambda: jvp(lambda t: constant, x, x, strict=True),
    "vhp strict": lambda: vhp(lambda t: t.sum(), x, x, strict=True),
    "hvp strict": lambda: hvp(lambda t: t.sum(), x, x, strict=True),
    "vjp without v": lambda: vjp(lambda t: t * 2, x),
    "vjp wrong shape": lambda: vjp(lambda t: t * 2, x, torch.ones(3)),
    "jvp wrong shape": lambda: jvp(lambda t: t * 2, x, torch.ones(1)),
    "jvp without v": lambda: jvp(lambda t: t * 2, x),
    "vjp count": lambda: vjp(lambda t: t * 2, x, (x, x)),
    "not a tensor": lambda: jacobian(lambda t: t * 2, [1.0, 2.0]),
    "number out": lambda: jacobian(lambda t: 3.0, x),
    "tuple hessian": lambda: hessian(lambda t: (t.sum(),), x),
    "vector hessian": lambda: hessian(lambda t: t * 2, x),
    "hvp shape": lambda: hvp(lambda t: (t**2).sum(), x, torch.ones(3)),
    "integers": lambda: jacobian(lambda t: t * 2, torch.tensor([1, 2])),
}
for label, attempt in attempts.items():
    try:
        print(f"{label}: {attempt()}")
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
