# Modules as functions of their parameters: ensembles and per-example gradients.
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

torch.manual_seed(0)
models = [nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)) for _ in range(3)]
params, buffers = stack_module_state(models)
print({name: (tuple(p.shape), p.requires_grad) for name, p in params.items()}, buffers)
x = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
base = models[0]
together = vmap(lambda p, x: functional_call(base, p, (x,)), in_dims=(0, None))(params, x)
print(together.shape, torch.allclose(together, torch.stack([m(x) for m in models])))

own = {name: p.detach() for name, p in base.named_parameters()}


def loss(p, x):
    return functional_call(base, p, x).pow(2).sum()


gradients = vmap(grad(loss), in_dims=(None, 0))(own, x)
print({name: tuple(g.shape) for name, g in gradients.items()})
base(x).pow(2).sum().backward()
print(all(torch.allclose(g.sum(0), base.get_parameter(name).grad) for name, g in gradients.items()))

line = nn.Linear(2, 1)
one = {"weight": torch.ones(1, 2)}
print(functional_call(line, (one, {"bias": torch.zeros(1)}), x[0]), line.weight.requires_grad)
for bad in (
    lambda: functional_call(line, (one, one), x[0]),
    lambda: functional_call(line, {"w": one["weight"]}, x[0], strict=True),
    lambda: stack_module_state([]),
    lambda: stack_module_state([line, nn.ReLU()]),
):
    try:
        bad()
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
