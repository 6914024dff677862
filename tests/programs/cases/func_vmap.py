# One example's function made into a batch's.
import torch
from torch.func import grad, hessian, jacrev, vmap

m = torch.arange(6.0).view(2, 3)
print(vmap(torch.sum)(m), vmap(torch.sum, in_dims=1)(m), torch.vmap is vmap)
print(vmap(lambda a, b: a * b.sum(), in_dims=(0, None))(m, m))
print(vmap(lambda a: (a, a.sum()), out_dims=(1, 0))(m))
print(vmap(lambda d, k: d["a"] @ d["b"] * k, in_dims=({"a": 0, "b": None}, None))({"a": m, "b": m[0]}, 2))
print(vmap(vmap(lambda a, b: a - b, in_dims=(None, 0)), in_dims=(0, None))(m[:, 0], m[0]))
print(vmap(lambda a: a + 1, in_dims=-1, out_dims=-1)(m).shape, vmap(lambda a: a)(torch.zeros(0, 3)).shape)
w = torch.tensor([0.5, -1.0, 2.0])
loss = lambda w, x, y: (torch.dot(w, x).tanh() - y) ** 2
per_example = vmap(grad(loss), in_dims=(None, 0, 0))(w, m, torch.tensor([1.0, 0.0]))
print(per_example)
print(grad(lambda w: vmap(loss, in_dims=(None, 0, None))(w, m, 0.0).mean())(w))
print(vmap(hessian(lambda a: (a**3).sum()))(m)[1])
print(jacrev(vmap(torch.sin))(m[:, :1]).shape)
torch.manual_seed(1)
same = vmap(lambda a: a + torch.rand(3), randomness="same")(m)
print(torch.equal(same[0], same[1] - 3))
different = vmap(lambda a: a * 0 + torch.rand(3), randomness="different")(m)
print(torch.equal(different[0], different[1]))
for bad in (
    lambda: vmap(torch.sum, in_dims=5)(m),
    lambda: vmap(torch.sum, in_dims=(0, 0))(m),
    lambda: vmap(torch.sum, in_dims=None)(m),
    lambda: vmap(torch.sum)(3.0),
    lambda: vmap(torch.sum)(),
    lambda: vmap(lambda a, b: a)(m, torch.ones(3)),
    lambda: vmap(lambda a: 3)(m),
    lambda: vmap(lambda a: (a, a), out_dims=(0, 0, 0))(m),
    lambda: vmap(lambda a: a + torch.randn(3))(m),
    lambda: vmap(lambda a: a, randomness="some")(m),
    lambda: vmap(lambda a: a, out_dims="x")(m),
):
    try:
        bad()
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
