# The same arguments by their other names: NumPy's axis and keepdims, size=, out=, and names of other overloads.
import torch

torch.manual_seed(0)
x = torch.rand(size=(2, 3))
print(x, torch.zeros(size=(2,)), torch.ones(size=[1, 2], dtype=torch.int64), torch.randn(size=(2,)))
print(x.sum(axis=1), x.sum(1, keepdims=True), x.mean(axis=0, keepdims=True), x.argmax(axis=1))
print(x.max(axis=1).values, torch.max(x, axis=0).indices, x.std(axis=1), x.var(axis=0, keepdims=True))
print(torch.softmax(x, axis=1).shape, x.cumsum(axis=0), x.all(axis=1), x.any(axis=0, keepdims=True))
print(torch.cat([x, x], axis=1).shape, torch.stack([x, x], axis=2).shape, x.unsqueeze(axis=0).shape)
print(torch.squeeze(x[None], axis=0).shape, x.sort(axis=1, descending=True).values, x.norm(dim=1, keepdim=True))
print(torch.logsumexp(x, axis=1), x.prod(axis=1), x.median(axis=1).values, torch.min(x, axis=1).values)
print(torch.max(x, other=x.flip(0)), x.split(split_size=1)[0], torch.swapaxes(x, axis0=0, axis1=1).shape)
total = torch.empty(3)
print(torch.sum(x, 0, out=total) is total, total)
values, places = torch.empty(2), torch.empty(2, dtype=torch.long)
torch.max(x, 1, out=(values, places))
print(values, places)
result = torch.zeros(2, 2)
torch.matmul(x, x.T, out=result)
print(result, torch.add(x, 1, out=torch.empty(0)).shape, torch.cat([x, x], out=torch.empty(0)).shape)
row = torch.zeros(4)
torch.arange(4, out=row)
print(row, torch.zeros(2, out=torch.empty(0)), torch.linspace(0, 1, 3, out=torch.empty(0)))
print(x.new_zeros((2,), device="cpu"), x.new_full((2,), 3, requires_grad=True), x.new_tensor([1], device="cpu"))
print(torch.arange(-8.0, 8.0, 0.1)[75:86], torch.arange(0, 3, 0.3), torch.arange(1, 2, 0.05, dtype=torch.float64)[-3:])
for attempt in (
    lambda: torch.zeros(2, size=(2,)),
    lambda: torch.zeros(),
    lambda: torch.ones(2.5),
    lambda: torch.randn("a"),
    lambda: torch.randn(2, -1),
    lambda: torch.sum(x.clone().requires_grad_(), 0, out=total),
):
    try:
        print(attempt())
    except (RuntimeError, TypeError) as error:
        print(type(error).__name__, str(error).splitlines()[0][:90])
