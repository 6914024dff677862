# Jacobians, Hessians, gradients per sample, ensembles, tangent kernels.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F
from functools import partial
from torch.func import (
    vmap,
    vjp,
    jvp,
    jacrev,
    jacfwd,
    hessian,
    grad,
    grad_and_value,
    functional_call,
    stack_module_state,
)
import copy

torch.manual_seed(0)
D = 4


def predict(weight, bias, x):
    return F.linear(x, weight, bias).tanh()


weight = torch.randn(D, D)
bias = torch.randn(D)
x = torch.randn(D)


def compute_jac(xp):
    jr = [torch.autograd.grad(predict(weight, bias, xp), xp, vec)[0] for vec in unit]
    return torch.stack(jr)


xp = x.clone().requires_grad_()
unit = torch.eye(D)
J = compute_jac(xp)
print(J.shape, J[0])
_, vjp_fn = vjp(partial(predict, weight, bias), x)
(ft,) = vmap(vjp_fn)(unit)
print(torch.allclose(ft, J))
print(
    torch.allclose(jacrev(predict, argnums=2)(weight, bias, x), J),
    torch.allclose(jacfwd(predict, argnums=2)(weight, bias, x), J, atol=1e-6),
)
h = hessian(predict, argnums=2)(weight, bias, x)
print(h.shape, h[0])
bx = torch.randn(3, D)
print(
    vmap(jacrev(predict, argnums=2), in_dims=(None, None, 0))(weight, bias, bx).shape,
    vmap(partial(predict, weight, bias))(bx).shape,
)


def hvp(f, primals, tangents):
    return jvp(grad(f), primals, tangents)[1]


print(hvp(lambda a: a.sin().sum(), (torch.arange(3.0),), (torch.ones(3),)))


class SimpleCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.fc1 = nn.Linear(4 * 3 * 3, 5)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, 2)
        return F.log_softmax(self.fc1(torch.flatten(x, 1)), dim=1)


model = SimpleCNN()
data = torch.randn(4, 1, 8, 8)
targets = torch.randint(0, 5, (4,))
params = {k: v.detach() for k, v in model.named_parameters()}
buffers = {k: v.detach() for k, v in model.named_buffers()}


def compute_loss(params, buffers, sample, target):
    p = functional_call(model, (params, buffers), (sample.unsqueeze(0),))
    return F.nll_loss(p, target.unsqueeze(0))


g = vmap(grad(compute_loss), in_dims=(None, None, 0, 0))(params, buffers, data, targets)
print({k: tuple(v.shape) for k, v in g.items()}, g["fc1.bias"])
ref = [
    torch.autograd.grad(F.nll_loss(model(data[i : i + 1]), targets[i : i + 1]), list(model.parameters()))
    for i in range(4)
]
print(all(torch.allclose(torch.stack([r[j] for r in ref]), v, atol=1e-5) for j, v in enumerate(g.values())))
models = [SimpleCNN() for _ in range(3)]
preds = [m(data) for m in models]
p, b = stack_module_state(models)
base = copy.deepcopy(models[0]).to("meta") if False else copy.deepcopy(models[0])


def fmodel(params, buffers, x):
    return functional_call(base, (params, buffers), (x,))


print(
    vmap(fmodel, in_dims=(0, 0, None))(p, b, data).shape,
    torch.allclose(torch.stack(preds), vmap(fmodel, in_dims=(0, 0, None))(p, b, data), atol=1e-5),
    p["fc1.bias"].shape,
    p["fc1.bias"].requires_grad,
)


def fnet(params, x):
    return functional_call(model, params, (x.unsqueeze(0),)).squeeze(0)


def ntk(params, x1, x2):
    j1 = vmap(jacrev(fnet), (None, 0))(params, x1)
    j1 = [j.flatten(2) for j in j1.values()]
    j2 = vmap(jacrev(fnet), (None, 0))(params, x2)
    j2 = [j.flatten(2) for j in j2.values()]
    return torch.stack([torch.einsum("Naf,Mbf->NMab", a, c) for a, c in zip(j1, j2)]).sum(0)


K = ntk(params, data[:2], data[2:])
print(K.shape, K[0, 0, 0])
print(
    grad_and_value(lambda a: (a**2).sum())(torch.arange(3.0)),
    grad(lambda a, b: a * b, argnums=(0, 1))(torch.tensor(2.0), torch.tensor(3.0)),
)
print(
    vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3)),
    vmap(lambda a, b: a + b, in_dims=(0, None), out_dims=1)(torch.eye(2), torch.ones(2)),
    vmap(vmap(torch.mul))(torch.ones(2, 2), torch.ones(2, 2)),
    vmap(lambda a: a.sum(), randomness="same")(torch.ones(2, 3)),
    vmap(lambda d: d["a"] * 2)({"a": torch.arange(2.0)}),
)
try:
    vmap(torch.dot)(torch.ones(2, 3), torch.ones(3, 3))
except ValueError as e:
    print(e)
try:
    vmap(torch.dot, in_dims=(0,))(torch.ones(2, 3), torch.ones(3, 3))
except ValueError as e:
    print(str(e)[:150])
