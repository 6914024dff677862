# Watching and changing what flows through a module.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
handles = [
    module.register_forward_hook(
        lambda m, args, out: print(f"{type(m).__name__}: {tuple(args[0].shape)} -> {tuple(out.shape)}")
    )
    for module in net
]
net[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
net[1].register_full_backward_hook(lambda m, gin, gout: print("ReLU", gin, gout))
y = net(torch.tensor([[1.0, 2.0]]))
y.sum().backward()
for handle in handles:
    handle.remove()
net[2].register_forward_hook(lambda m, args, out: out * 100)
print(net(torch.tensor([[1.0, 2.0]])))
net[0].weight.register_hook(lambda g: print("weight gradient", g))
net(torch.tensor([[1.0, 0.0]])).backward()
seen = {}
net[1].register_forward_hook(lambda m, args, out: seen.update(relu=out.detach()))
net(torch.zeros(1, 2))
print(seen)
