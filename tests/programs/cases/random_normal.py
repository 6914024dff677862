# randn: short and long draws take different roads in PyTorch; both are followed.
import torch

for size in (1, 2, 3, 15, 16, 17, 33):
    torch.manual_seed(0)
    print(size, torch.randn(size), torch.randn(2))
torch.manual_seed(3)
print(torch.randn(4, 5), torch.randn(()), torch.randn(2, dtype=torch.float64))
print(torch.randn(16, dtype=torch.float64))
print(torch.randn_like(torch.zeros(3)), torch.randn(2, 2, requires_grad=True))
print(torch.normal(2.0, 3.0, size=(4,)), torch.empty(3).normal_(10.0, 0.5))
print(torch.normal(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 10.0])))
torch.manual_seed(4)
x = torch.randn(1000)
print(x.mean(), x.std(), x.abs().max())
