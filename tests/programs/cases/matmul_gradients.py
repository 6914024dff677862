# Products of vectors, matrices and batches, and their gradients.
import torch

A = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
B = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]], requires_grad=True)
v = torch.tensor([1.0, -1.0], requires_grad=True)
for label, y in {
    "matrix matrix": A @ B,
    "matrix vector": A @ v,
    "vector matrix": v @ B,
    "vector vector": v @ v,
    "mm": torch.mm(B, A),
    "mv": torch.mv(A, v),
    "outer": torch.outer(v, v),
    "transposed": A.T @ A,
    "batched": A.reshape(3, 1, 2) @ B,
    "batch by vector": A.reshape(1, 3, 2) @ v,
    "einsum": torch.einsum("ij,jk->ik", A, B),
    "addmm": torch.addmm(torch.ones(3), A, B),
}.items():
    grads = torch.autograd.grad(y.sum(), (A, B, v), allow_unused=True)
    print(label, y, *grads, sep="\n")
for left, right in [((2, 3), (2, 3)), ((3,), (4,)), ((2, 3), (2,)), ((2, 2, 3), (3, 3, 2))]:
    try:
        torch.ones(left) @ torch.ones(right)
    except RuntimeError as error:
        print(left, right, error)
