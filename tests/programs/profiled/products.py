# Products of matrices and their gradients.
# shapes not compared: aten::mul
import torch

torch.manual_seed(0)
a = torch.randn(2, 3, requires_grad=True)
b = torch.randn(3, 4, requires_grad=True)
v = torch.randn(3, requires_grad=True)
p = torch.randn(2, 2, 3, requires_grad=True)
q = torch.randn(2, 3, 2, requires_grad=True)

# %% profiled
(a @ b).sum().backward()
(a @ v).sum().backward()
(v @ b).sum().backward()
(v @ v).backward()
(p @ q).sum().backward()
(p @ b).sum().backward()
torch.mm(a, b).sum().backward()
torch.bmm(p, q).sum().backward()
torch.mv(a, v).sum().backward()
torch.dot(v, v).backward()
torch.outer(v, v).sum().backward()
torch.addmm(torch.ones(4), a, b).sum().backward()
torch.nn.functional.linear(p, b.t()).sum().backward()
torch.nn.functional.linear(a, b.t(), torch.ones(4)).sum().backward()
a.t().sum().backward()
a.transpose(0, 1).sum().backward()
