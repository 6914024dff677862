# A layer that turns gradients around, for domain adaptation.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn
from torch.autograd import Function

torch.manual_seed(0)


class GRL(Function):
    @staticmethod
    def forward(ctx, x, lambd):
        ctx.lambd = lambd
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.lambd, None


x = torch.randn(3, 2, requires_grad=True)
y = GRL.apply(x, 0.5)
y.sum().backward()
print(x.grad, y.grad_fn, torch.equal(x, y))


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(2, 4)
        self.c = nn.Linear(4, 2)
        self.d = nn.Linear(4, 2)

    def forward(self, x, a=1.0):
        h = torch.relu(self.f(x))
        return self.c(h), self.d(GRL.apply(h, a))


m = DANN()
c, d = m(x.detach())
l = nn.functional.cross_entropy(c, torch.tensor([0, 1, 0])) + nn.functional.cross_entropy(d, torch.tensor([1, 0, 1]))
l.backward()
print(l, m.f.weight.grad)
