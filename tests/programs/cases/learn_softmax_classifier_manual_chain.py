# The chain rule of a network written out, compared with autograd line by line.
import torch

torch.manual_seed(3)
x = torch.randn(4, 3)
y = torch.tensor([0, 1, 1, 0])
W1 = torch.randn(3, 5, requires_grad=True)
W2 = torch.randn(5, 2, requires_grad=True)
h = x @ W1
a = torch.tanh(h)
z = a @ W2
p = z.softmax(1)
loss = -p[range(4), y].log().mean()
for tensor in (h, a, z, p):
    tensor.retain_grad()
loss.backward()
with torch.no_grad():
    dz = p.clone()
    dz[range(4), y] -= 1
    dz /= 4
    dW2 = a.T @ dz
    da = dz @ W2.T
    dh = da * (1 - a**2)
    dW1 = x.T @ dh
for name, mine, theirs in [
    ("z", dz, z.grad),
    ("W2", dW2, W2.grad),
    ("a", da, a.grad),
    ("h", dh, h.grad),
    ("W1", dW1, W1.grad),
]:
    print(f"{name:3s} close: {torch.allclose(mine, theirs, atol=1e-6)!s:5s} norm: {theirs.norm().item():.4f}")
print(loss, p.grad.shape)
