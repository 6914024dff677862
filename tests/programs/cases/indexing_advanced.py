# Lists, index tensors and masks; repeated indices add up in the gradient.
import torch

x = torch.arange(12.0).reshape(3, 4).requires_grad_()
rows, columns = torch.tensor([0, 2, 2]), torch.tensor([1, 3, 3])
for label, y in {
    "list": x[[0, 2]],
    "repeated rows": x[rows],
    "pairs": x[rows, columns],
    "mask": x[x > 6],
    "row mask": x[torch.tensor([True, False, True])],
    "slice and list": x[:, [0, 0, 1]],
    "broadcast": x[torch.tensor([[0], [1]]), torch.tensor([0, 3])],
    "number and list": x[1, [0, 2]],
    "index_select": x.index_select(1, torch.tensor([3, 0])),
    "gather": x.gather(1, torch.tensor([[0, 0], [1, 2], [3, 3]])),
    "take": x.take(torch.tensor([0, 11, 11])),
    "masked_select": x.masked_select(x < 2),
    "masked_fill": x.masked_fill(x > 5, -1.0),
}.items():
    (gradient,) = torch.autograd.grad(y.sum(), x)
    print(label, y, gradient, sep="\n")
print(torch.nonzero(x > 8), torch.where(x > 8))
try:
    x[torch.tensor([0, 5])]
except IndexError as error:
    print(error)
try:
    x[torch.tensor([True, False])]
except IndexError as error:
    print(error)
