# Sizes and orders of dimensions given by name, and what is refused at the edges.
import torch

x = torch.arange(6.0)
m = x.view(size=(2, 3))
print(m, x.reshape(shape=(3, 2)), torch.reshape(input=x, shape=[3, 2]))
print(m.permute(dims=(1, 0)), torch.permute(m, dims=(1, 0)))
print(x.expand(size=(2, 6)).shape, x.repeat(repeats=(2,)).shape)
print(x.tile(dims=(2,)).shape, torch.flip(x, dims=(0,)))
print(x.view(dtype=torch.int32).dtype)
print(torch.narrow(x, 0, -1, 1), x.narrow(0, -3, 2))

w = torch.arange(6.0, requires_grad=True)
(w.reshape(shape=(2, 3)).permute(dims=(1, 0)) * m.T).sum().backward()
print(w.grad)

for refused in (
    lambda: torch.topk(torch.tensor(3.0), 2),
    lambda: torch.kthvalue(torch.tensor(3.0), 2),
    lambda: torch.nn.Flatten()(torch.tensor(1.0)),
    lambda: torch.cartesian_prod(torch.tensor(1.0)),
):
    try:
        print(refused())
    except (RuntimeError, IndexError) as problem:
        print(type(problem).__name__, problem)
