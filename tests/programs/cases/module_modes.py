# train and eval, freezing, device and dtype, apply.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
print(net.training, net[1].training)
net.eval()
print(net.training, net[1].training)
x = torch.ones(1, 3)
print(torch.equal(net(x), net(x)))
print(net.train() is net, net[1].training)
for parameter in net[0].parameters():
    parameter.requires_grad_(False)
net.eval()
net(x).sum().backward()
print(net[0].weight.grad, net[2].bias.grad)
net.requires_grad_(False)
print(net(x).requires_grad)
net.double()
print(net[0].weight.dtype, net(x.double()).dtype)
print(net.to(torch.float32)[0].weight.dtype, next(net.parameters()).device)


def constant(module):
    if isinstance(module, nn.Linear):
        nn.init.constant_(module.weight, 0.5)
        nn.init.zeros_(module.bias)


net.apply(constant)
print(net(x), net[2].weight)
net.requires_grad_(True).zero_grad()
print(nn.Identity()(x), nn.Flatten()(torch.ones(2, 3, 4)).shape)
