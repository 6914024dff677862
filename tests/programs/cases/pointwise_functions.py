# Values and derivatives of the elementwise functions.
import torch

names = """exp log log1p expm1 sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh sigmoid relu abs neg square
reciprocal floor ceil round trunc sign erf exp2 log2 log10 frac""".split()
for name in names:
    x = torch.tensor([0.25, 0.5, 0.75], requires_grad=True)
    y = getattr(torch, name)(x)
    y.sum().backward()
    print(name, y, x.grad)
    assert torch.equal(getattr(x, name)(), y)
x = torch.tensor([-1.5, 0.0, 2.5], requires_grad=True)
for y in (x.clamp(-1, 1), x.clamp(min=0), x.relu(), x.abs(), x.sign(), x.tanh(), torch.clamp(x, max=1.0)):
    (g,) = torch.autograd.grad(y.sum(), x)
    print(y, g)
