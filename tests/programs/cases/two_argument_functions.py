# maximum, minimum, where, atan2, lerp: who gets the gradient.
import torch

a = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
b = torch.tensor([2.0, 2.0, 1.0], requires_grad=True)
for name, y in {
    "maximum": torch.maximum(a, b),
    "minimum": torch.minimum(a, b),
    "max": torch.max(a, b),
    "where": torch.where(a > b, a, b),
    "where scalar": torch.where(a > 1.5, a, 0.0),
    "atan2": torch.atan2(a, b),
    "lerp": torch.lerp(a, b, 0.25),
    "pow": a**b,
    "addcmul": torch.addcmul(a, a, b, value=0.5),
    "addcdiv": torch.addcdiv(a, a, b, value=2),
    "hypot": torch.hypot(a, b),
}.items():
    ga, gb = torch.autograd.grad(y.sum(), (a, b), allow_unused=True)
    print(name, y, ga, gb, sep="\n    ")
