# randint, randperm, bernoulli, multinomial, dropout.
import torch

torch.manual_seed(0)
print(torch.randint(10, (8,)))
print(torch.randint(-5, 5, (2, 3)), torch.randint(0, 2, (4,), dtype=torch.float32))
print(torch.randperm(10), torch.randperm(1), torch.randperm(5)[:2])
print(torch.randint(1000000, (3,)))
print(torch.rand(4) < 0.5, torch.rand(1))
torch.manual_seed(0)
data = torch.arange(6.0).reshape(3, 2)
print(data[torch.randperm(3)])
torch.manual_seed(9)
print(torch.bernoulli(torch.full((6,), 0.5)))
print([torch.randint(6, (1,)).item() + 1 for _ in range(6)])
