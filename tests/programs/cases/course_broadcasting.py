# Which shapes broadcast, which dtypes come out.
import torch

x = torch.empty(5, 7, 3)
y = torch.empty(5, 7, 3)
print((x + y).shape)


def t(a, b):
    try:
        print(a, b, (torch.zeros(a) + torch.zeros(b)).shape)
    except RuntimeError as e:
        print(a, b, e)


for a, b in [
    ((0,), (2, 2)),
    ((5, 3, 4, 1), (3, 1, 1)),
    ((5, 2, 4, 1), (3, 1, 1)),
    ((5, 1, 4, 1), (3, 1, 1)),
    ((1,), (3, 1, 7)),
    ((), (2,)),
    ((2, 3), (3, 2)),
    ((4, 1), (1, 4)),
    ((3,), (4,)),
    ((2, 1, 3), (5, 1)),
]:
    t(a, b)
x = torch.ones(5, 3, 4, 1)
y = torch.ones(3, 1, 1)
print(x.add_(y).size())
try:
    torch.ones(1, 3, 1).add_(torch.ones(3, 1, 7))
except RuntimeError as e:
    print(e)
print(
    torch.broadcast_shapes((2, 1), (1, 3)),
    torch.broadcast_tensors(torch.arange(3).view(1, 3), torch.arange(2).view(2, 1)),
    torch.arange(3)[:, None] * torch.arange(4),
    (torch.arange(6.0).view(2, 3) - torch.arange(6.0).view(2, 3).mean(1, keepdim=True)),
)
w = torch.ones(3, requires_grad=True)
b = torch.ones(2, 1, requires_grad=True)
o = torch.arange(6.0).view(2, 3) * w + b
o.sum().backward()
print(w.grad, b.grad, o.grad_fn.next_functions)
a = torch.tensor([1, 2])
print(
    a / 2,
    a // 2,
    a % 2,
    a**2,
    a * 1.5,
    a + True,
    -a,
    a > 1,
    a == torch.tensor([1, 3]),
    1 / a,
    2 - a,
    a.float() / 0,
    torch.tensor(-7) // 2,
    torch.tensor(-7) % 3,
    torch.div(torch.tensor([-7.0, 7]), 2, rounding_mode="trunc"),
    torch.floor_divide(torch.tensor(-7), 2),
    torch.true_divide(a, 2),
    torch.remainder(torch.tensor(-7.0), 3),
    torch.fmod(torch.tensor(-7.0), 3),
)
print(
    torch.tensor(1, dtype=torch.int32) + torch.tensor([1], dtype=torch.int64),
    (torch.ones(1, dtype=torch.float16) + torch.ones(1)).dtype,
    (torch.tensor(1.0) + torch.ones(1, dtype=torch.long)).dtype,
    (torch.ones(1, dtype=torch.uint8) + torch.ones(1, dtype=torch.int8)).dtype,
    (torch.ones(1).double() * torch.tensor(2.0)).dtype,
    (torch.tensor(True) + 1),
    (torch.tensor([True]) * 2.5).dtype,
    torch.result_type(torch.ones(1, dtype=torch.int32), 1.0),
    torch.promote_types(torch.int8, torch.uint8),
    torch.can_cast(torch.double, torch.int),
)
