# set_printoptions changes digits, width and when a tensor is summarised.
import torch

x = torch.linspace(0.0, 2.0, 7) / 3
torch.set_printoptions(precision=2)
print(x)
torch.set_printoptions(precision=8)
print(x)
torch.set_printoptions(profile="default")
print(x)
torch.set_printoptions(threshold=5, edgeitems=2)
print(torch.arange(10.0))
print(torch.arange(36.0).reshape(6, 6))
torch.set_printoptions(profile="default")
torch.set_printoptions(linewidth=40)
print(torch.arange(15.0) / 7)
torch.set_printoptions(profile="default")
torch.set_printoptions(sci_mode=True)
print(torch.tensor([1.0, 10.5]))
torch.set_printoptions(sci_mode=False)
print(torch.tensor([1.0e-6, 1.0]))
torch.set_printoptions(profile="default")
print(torch.tensor([1.0e-6, 1.0]))
