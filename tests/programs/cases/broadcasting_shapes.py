# Which shapes go together, and the error for those that do not.
import torch

for left, right in [
    ((3,), ()),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((4, 1, 3), (2, 1)),
    ((0, 3), (1, 3)),
    ((1,), (0,)),
]:
    print(left, right, (torch.ones(left) + torch.ones(right)).shape)
for left, right in [((3,), (4,)), ((2, 3), (3, 2)), ((2, 3), (2,)), ((5, 1, 2), (3, 4))]:
    try:
        torch.ones(left) * torch.ones(right)
    except RuntimeError as error:
        print(error)
print(torch.broadcast_to(torch.tensor([1, 2]), (3, 2)))
print(torch.tensor([[1.0], [2.0]]).expand(2, 3), torch.ones(1).expand_as(torch.ones(2, 2)))
a, b = torch.broadcast_tensors(torch.arange(3), torch.arange(2).reshape(2, 1))
print(a, b)
try:
    torch.ones(2, 3).expand(4, 3)
except RuntimeError as error:
    print(error)
print(torch.broadcast_shapes((2, 1), (3,)))
