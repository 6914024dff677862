# Typical mistakes with tensors, and what is said of them.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def attempt(label, f):
    try:
        r = f()
        print(label, "OK", r if not isinstance(r, torch.Tensor) else (r.shape, r.dtype))
    except Exception as e:
        print(label, "->", type(e).__name__ + ":", e)


x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def f1():
    x[0] = 5.0


attempt("inplace leaf setitem", f1)


def f2():
    x.add_(1)


attempt("inplace leaf", f2)


def f3():
    y = x.sum()
    y.backward()
    y.backward()


attempt("twice ok for sum", f3)


def f4():
    y = (x**2).sum()
    y.backward()
    y.backward()


attempt("twice", f4)
attempt("vector backward", lambda: (x * 2).backward())
attempt("no grad", lambda: torch.tensor([1.0, 2.0]).sum().backward())
attempt("numpy", lambda: x.numpy())
attempt("item of 3", lambda: x.item())
attempt("int grad", lambda: torch.tensor([1, 2], requires_grad=True))
attempt("int requires", lambda: torch.arange(3).requires_grad_())
attempt("bool of vec", lambda: bool(torch.tensor([True, False])))
attempt("if vec", lambda: 1 if x > 2 else 0)
attempt("linear shape", lambda: nn.Linear(4, 2)(torch.randn(3, 5)))
attempt("linear int", lambda: nn.Linear(4, 2)(torch.ones(3, 4, dtype=torch.long)))
attempt("linear double", lambda: nn.Linear(4, 2)(torch.ones(3, 4).double()))
attempt("linear numpy", lambda: nn.Linear(4, 2)(__import__("numpy").ones((3, 4))))
attempt("linear list", lambda: nn.Linear(2, 2)([1.0, 2.0]))
attempt("ce float target", lambda: F.cross_entropy(torch.randn(3, 4), torch.tensor([0.0, 1.0, 2.0])))
attempt("ce shape", lambda: F.cross_entropy(torch.randn(3, 4), torch.tensor([[0], [1], [2]])))
attempt("ce batch", lambda: F.cross_entropy(torch.randn(3, 4), torch.tensor([0, 1])))
attempt("ce range", lambda: F.cross_entropy(torch.randn(3, 4), torch.tensor([0, 1, 4])))
attempt("ce int32", lambda: F.cross_entropy(torch.randn(3, 4), torch.tensor([0, 1, 2], dtype=torch.int32)))
attempt("nll range", lambda: F.nll_loss(torch.randn(3, 4), torch.tensor([0, 1, -1])))
attempt("bce range", lambda: F.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.0])))
attempt("bce long", lambda: F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1])))
attempt("bce logits long", lambda: F.binary_cross_entropy_with_logits(torch.tensor([0.5]), torch.tensor([1])))
attempt("bce shape", lambda: F.binary_cross_entropy(torch.rand(3, 1), torch.rand(3)))
attempt("bcel shape", lambda: F.binary_cross_entropy_with_logits(torch.rand(3, 1), torch.rand(3)))
attempt("mse shape", lambda: F.mse_loss(torch.randn(3, 1), torch.randn(3)))
attempt("mse bad", lambda: F.mse_loss(torch.randn(3, 2), torch.randn(4)))
attempt("mse long", lambda: F.mse_loss(torch.tensor([1, 2]), torch.tensor([1, 3])))
attempt("emb float", lambda: nn.Embedding(5, 3)(torch.tensor([1.0, 2.0])))
attempt("emb range", lambda: nn.Embedding(5, 3)(torch.tensor([1, 5])))
attempt("conv channels", lambda: nn.Conv2d(3, 6, 3)(torch.randn(1, 1, 8, 8)))
attempt("conv dims", lambda: nn.Conv2d(3, 6, 3)(torch.randn(8, 8)))
attempt("conv small", lambda: nn.Conv2d(1, 6, 5)(torch.randn(1, 1, 3, 3)))
attempt("bn dims", lambda: nn.BatchNorm2d(3)(torch.randn(4, 3)))
attempt("bn1d", lambda: nn.BatchNorm1d(3)(torch.randn(1, 3)))
attempt("bn feat", lambda: nn.BatchNorm1d(4)(torch.randn(5, 3)))
attempt("ln", lambda: nn.LayerNorm(4)(torch.randn(5, 3)))
attempt("pool", lambda: F.max_pool2d(torch.randn(1, 1, 2, 2), 3))
attempt("idx", lambda: x[3])
attempt("idx neg", lambda: x[-4])
attempt("idx tensor", lambda: x[torch.tensor([0, 3])])
attempt("idx many", lambda: x[0, 0])
attempt("idx float", lambda: x[1.5])
attempt("idx mask", lambda: x[torch.tensor([True, False])])
attempt("gather", lambda: torch.gather(torch.randn(2, 3), 1, torch.tensor([[3]])))
attempt("gather dtype", lambda: torch.gather(torch.randn(2, 3), 1, torch.tensor([[0.0]])))
attempt("view", lambda: torch.arange(6).view(4, 2))
attempt("view neg", lambda: torch.arange(6).view(4, -1))
attempt("view two neg", lambda: torch.arange(6).view(-1, -1))
attempt("view noncontig", lambda: torch.arange(6).view(2, 3).t().view(6))
attempt("reshape", lambda: torch.arange(6).reshape(7))
attempt("cat dims", lambda: torch.cat([torch.ones(2, 3), torch.ones(3, 2)]))
attempt("cat ndim", lambda: torch.cat([torch.ones(2, 3), torch.ones(3)]))
attempt("cat str", lambda: torch.cat(torch.ones(2)))
attempt("stack", lambda: torch.stack([torch.ones(2), torch.ones(3)]))
attempt("stack empty", lambda: torch.stack([]))
attempt("matmul", lambda: torch.ones(2, 3) @ torch.ones(2, 3))
attempt("matmul dtype", lambda: torch.ones(2, 3) @ torch.ones(3, 2, dtype=torch.long))
attempt("mm 3d", lambda: torch.mm(torch.ones(2, 3, 1), torch.ones(3, 2)))
attempt("bmm", lambda: torch.bmm(torch.ones(2, 3, 4), torch.ones(3, 4, 5)))
attempt("matmul 0d", lambda: torch.tensor(1.0) @ torch.ones(2))
attempt("mv", lambda: torch.ones(2, 3) @ torch.ones(2))
attempt("expand", lambda: torch.ones(2, 3).expand(4, 3))
attempt("squeeze", lambda: torch.ones(2, 3).squeeze(2))
attempt("permute", lambda: torch.ones(2, 3).permute(0, 0))
attempt("softmax dim", lambda: torch.softmax(torch.ones(2, 3), 2))
attempt("sum dim", lambda: torch.ones(2, 3).sum(3))
attempt("mean long", lambda: torch.arange(3).mean())
attempt("broadcast", lambda: torch.ones(3) + torch.ones(4))
attempt("inplace bcast", lambda: torch.ones(3).add_(torch.ones(2, 3)))
attempt("inplace type", lambda: torch.arange(3).add_(0.5))
attempt("div_ int", lambda: torch.arange(3).div_(2))
attempt("unpack", lambda: dict(a=1)["b"])
attempt("str add", lambda: x + "a")
attempt("list add", lambda: x + [1, 2, 3])
attempt("None", lambda: x + None)
attempt("tensor ragged", lambda: torch.tensor([[1, 2], [3]]))
attempt("tensor str", lambda: torch.tensor("abc"))
attempt("tensor none", lambda: torch.tensor([1, None]))
attempt("tensor of tensors", lambda: torch.tensor([torch.ones(2), torch.ones(2)]))
attempt("ragged np", lambda: torch.from_numpy([1, 2]))
attempt("multinomial", lambda: torch.multinomial(torch.tensor([0.0, 0.0]), 1))
attempt("multinomial2", lambda: torch.multinomial(torch.tensor([0.5, 0.5]), 3))
attempt("randint", lambda: torch.randint(5, 5, (2,)))
attempt("randperm", lambda: torch.randperm(-1))
attempt("bad device", lambda: torch.device("gpu"))
attempt("grad unused", lambda: torch.autograd.grad(x.sum(), torch.ones(2, requires_grad=True)))
attempt("grad nograd", lambda: torch.autograd.grad(x.sum(), torch.ones(2)))
attempt("grad shape", lambda: (x * 2).backward(torch.ones(2)))


def f5():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    b = a.exp()
    b += 1
    b.sum().backward()


attempt("saved modified", f5)


def f6():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    a.grad = torch.ones(3)


attempt("grad assign", f6)


def f7():
    a = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        b = a * 2
    b.sum().backward()


attempt("no_grad backward", f7)


def f8():
    a = torch.ones(2, requires_grad=True)
    b = a.view(1, 2)
    b.mul_(2)


attempt("view leaf inplace", f8)
attempt("dropout p", lambda: nn.Dropout(1.5))
attempt("one_hot", lambda: F.one_hot(torch.tensor([0, 3]), 3))
attempt("one_hot f", lambda: F.one_hot(torch.tensor([0.0, 1.0])))
attempt("pad", lambda: F.pad(torch.ones(2), (1, 1, 1, 1)))
attempt("interp", lambda: F.interpolate(torch.ones(1, 1, 4)))
attempt("chunk", lambda: torch.ones(4).chunk(0))
attempt("split", lambda: torch.ones(4).split([1, 2]))
attempt("topk", lambda: torch.ones(3).topk(4))
attempt("eye", lambda: torch.eye(-1))
attempt("arange", lambda: torch.arange(0, 5, -1))
attempt("inverse", lambda: torch.linalg.inv(torch.zeros(2, 2)))
attempt("cholesky", lambda: torch.linalg.cholesky(-torch.eye(2)))
attempt("einsum", lambda: torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(4, 5)))
attempt("einsum2", lambda: torch.einsum("ij,jk->ik", torch.ones(2, 3)))
attempt("einsum3", lambda: torch.einsum("ij->ik", torch.ones(2, 3)))
