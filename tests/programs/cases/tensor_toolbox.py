# Small functions every course uses somewhere.
import torch
import torch.nn.functional as F

x = torch.tensor([3.0, 1.0, 2.0])
print(x.sort(), x.argsort(), x.flip(0), x.cumsum(0), x.diff())
print(torch.unique(torch.tensor([3, 1, 3, 2])), torch.bincount(torch.tensor([0, 1, 1, 3])))
print(torch.stack([x, x]).shape, torch.tril(torch.ones(3, 3)), torch.triu(torch.ones(2, 2), 1))
print(torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij"))
print(torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4])))
print(F.one_hot(torch.tensor([0, 2]), num_classes=3), F.normalize(torch.tensor([3.0, 4.0]), dim=0))
print(
    torch.einsum("i,i->", x, x),
    torch.dot(x, x),
    torch.linalg.norm(x),
    torch.cross(x, torch.tensor([1.0, 0.0, 0.0]), dim=0),
)
A = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
print(
    torch.linalg.inv(A), torch.linalg.det(A), torch.linalg.solve(A, torch.tensor([1.0, 2.0])), torch.trace(A)
)
print(torch.isclose(torch.tensor([1.0, 1.1]), torch.tensor([1.0, 1.0])), torch.allclose(A, A + 1e-3))
print(
    x.clamp(1.5, 2.5),
    x.masked_fill(x > 2, 0.0),
    torch.where(x > 1.5)[0],
    x.scatter(0, torch.tensor([0]), 9.0),
)
print(
    torch.zeros(3).scatter_add(0, torch.tensor([0, 0, 2]), x),
    torch.zeros(3).index_add(0, torch.tensor([1, 1, 1]), x),
)
print(F.pad(x, (1, 2)), torch.nn.functional.cosine_similarity(x, x.flip(0), dim=0), torch.cdist(A, A))
print(torch.atleast_2d(x).shape, torch.pi, torch.inf, torch.numel(A), x.bool().all())
print(torch.softmax(x, 0), x.type_as(A).dtype)
