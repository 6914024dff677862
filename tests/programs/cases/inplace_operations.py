# In-place operations change the numbers, count versions and stay differentiable.
import torch

x = torch.tensor([1.0, 4.0, 9.0])
print(x.add_(1), x._version)
print(x.mul_(2), x._version)
print(x.sub_(1).div_(3), x._version)
print(x.sin_(), torch.cos_(x), x._version)
print(x.zero_(), x.fill_(2.5), x.copy_(torch.tensor([1.0, 2.0, 3.0])), x._version)
x += 1
x -= torch.ones(3)
x *= 3
x /= 2
x **= 2
print(x, x._version)
print(x.clamp_(0, 10), x.neg_(), x.abs_(), x.sqrt_(), x.exp_(), x.relu_(), x.sigmoid_(), x.tanh_(), sep="\n")
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 3
b += 1
print(b)
b.mul_(a)
print(b, b._version)
b.sum().backward()
print(a.grad)
same = b
b = b.detach()
b += 1
print(same is b, same._version)
i = torch.tensor([1, 2])
for action in (lambda: i.add_(0.5), lambda: i.div_(2), lambda: torch.ones(2).add_(torch.ones(3, 2))):
    try:
        action()
    except RuntimeError as error:
        print(error)
