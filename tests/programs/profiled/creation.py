# Making tensors and changing them in place.
# shapes not compared: aten::arange aten::to
import torch

torch.manual_seed(0)
x = torch.randn(2, 3)

# %% profiled
torch.ones(2, 3)
torch.zeros(2, 3)
torch.full((2,), 3.0)
torch.empty(2)
torch.arange(5)
torch.arange(0, 1, 0.1)
torch.linspace(0, 1, 5)
torch.eye(3)
torch.rand(2, 3)
torch.randn(2, 3)
torch.randint(0, 5, (3,))
torch.randperm(4)
torch.tensor([1.0, 2.0])
torch.tensor(3.0, requires_grad=True)
torch.zeros_like(x)
torch.ones_like(x)
torch.rand_like(x)
torch.randn_like(x)
torch.full_like(x, 2.0)
torch.bernoulli(torch.full((3,), 0.5))
torch.normal(0.0, 1.0, (2,))
x.clone()
x.detach()
x.double()
x.float()
x.to(torch.float64)
x.int()
x.long()
y = x.clone()
y.zero_()
y.fill_(2.0)
y += x
y -= 1
y *= 2
y /= x
y.copy_(x)
y.clamp_(0, 1)
y.uniform_(0, 1)
y.normal_()
y.requires_grad_()
torch.randn(3, requires_grad=True)
