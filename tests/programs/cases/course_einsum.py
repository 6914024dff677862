# Einstein summation, and what it stands for.
import torch

torch.manual_seed(0)
a = torch.arange(6.0).reshape(2, 3)
b = torch.arange(15.0).reshape(3, 5)
v = torch.arange(3.0)
print(torch.einsum("ij->ji", a))
print(torch.einsum("ij->", a))
print(torch.einsum("ij->j", a))
print(torch.einsum("ij->i", a))
print(torch.einsum("ik,k->i", a, v))
print(torch.einsum("ik,kj->ij", a, b))
print(torch.einsum("i,i->", v, v))
print(torch.einsum("ij,ij->", a, a))
print(torch.einsum("i,j->ij", v, torch.arange(3.0, 6.0)))
print(torch.einsum("ii->i", torch.eye(3)))
print(torch.einsum("ii", torch.ones(3, 3)))
x = torch.randn(3, 2, 5)
y = torch.randn(3, 5, 3)
print(torch.einsum("bij,bjk->bik", x, y), torch.allclose(torch.einsum("bij,bjk->bik", x, y), torch.bmm(x, y)))
print(torch.einsum("pqrs,tuqvr->pstuv", torch.randn(2, 3, 5, 7), torch.randn(11, 13, 3, 17, 5)).shape)
A = torch.randn(3, 5, 4)
l = torch.randn(2, 5)
r = torch.randn(2, 4)
print(torch.einsum("bn,anm,bm->ba", l, A, r))
print(
    torch.einsum("...ij,...jk", x, y).shape,
    torch.einsum("b h i d, b h j d -> b h i j", torch.ones(1, 2, 3, 4), torch.ones(1, 2, 5, 4))[0, 0],
)
w = torch.randn(2, 3, requires_grad=True)
o = torch.einsum("ij,jk->ik", w, b)
print(o.grad_fn, o.shape)
o.sum().backward()
print(w.grad)
print(
    torch.tensordot(a, b, dims=1),
    torch.tensordot(a, a, dims=([0, 1], [0, 1])),
    torch.outer(v, v),
    torch.kron(torch.eye(2), torch.ones(1, 2)),
    torch.linalg.multi_dot([a, b, torch.ones(5)]),
)
print(
    torch.matmul(x, y).shape,
    torch.matmul(v, v),
    torch.matmul(a, v),
    (x @ y[0]).shape,
    torch.inner(v, v),
    torch.cross(v, torch.tensor([1.0, 0.0, 0.0]), dim=0),
)
