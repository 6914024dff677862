# Tensors without elements: what reductions say about nothing.
import torch

e, rows, columns = torch.ones(0), torch.ones(2, 0), torch.ones(0, 3)
print(e, rows, columns, e.shape, rows.numel())
print(e.sum(), e.prod(), rows.sum(1), columns.sum(0), columns.sum(1))
print(e.mean(), e.std(), torch.ones(1).std(), e.norm(), e.any(), e.all())
print(torch.cat([e, torch.ones(2)]), torch.cat([columns, torch.ones(1, 3)]))
print(columns @ torch.ones(3, 2), torch.ones(2, 0) @ torch.ones(0, 2), e + 1, e > 0)
print(torch.arange(0), torch.zeros(0, 2).tolist(), torch.tensor([[]]).shape, torch.empty(0).reshape(0, 4).shape)
for label, attempt in {
    "max": lambda: e.max(),
    "argmax": lambda: e.argmax(),
    "max along": lambda: columns.max(0),
    "max along the other": lambda: columns.max(1).values,
    "argmin along": lambda: rows.argmin(1),
    "item": lambda: e.item(),
    "bool": lambda: bool(e),
}.items():
    try:
        print(label, attempt())
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
x = torch.ones(0, requires_grad=True)
(x * 2).sum().backward()
print(x.grad)
