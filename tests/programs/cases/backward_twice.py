# The graph is freed by backward unless it is asked to stay.
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()
y.backward()
try:
    y.backward()
except RuntimeError as error:
    print(error)
print(x.grad)
x.grad = None
y = (x * x).sum()
y.backward(retain_graph=True)
print(x.grad)
y.backward(retain_graph=True)
print(x.grad)
y.backward()
print(x.grad)
shared = x.exp()
first, second = shared.sum(), (shared * 2).sum()
first.backward()
try:
    second.backward()
except RuntimeError as error:
    print(str(error).split(" (")[0])
linear = (x + 1).sum()
linear.backward()
linear.backward()
print(x.grad)
