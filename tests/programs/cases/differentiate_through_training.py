# The gradient of the loss after a training step, with respect to the step size and the start.
import torch

rate = torch.tensor(0.1, requires_grad=True)
w0 = torch.tensor([1.0, -2.0], requires_grad=True)
x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
y = torch.tensor([1.0, 2.0, 3.0])


def loss_of(w):
    return ((x @ w - y) ** 2).mean()


w = w0
for step in range(3):
    (g,) = torch.autograd.grad(loss_of(w), w, create_graph=True)
    w = w - rate / 20 * g
    print(step, w, w.requires_grad)
final = loss_of(w)
final.backward()
print(final, rate.grad, w0.grad)
epsilon = 1e-3


def final_for(r):
    w = w0.detach()
    for _ in range(3):
        w = w - r / 20 * (2 / 3) * (x.T @ (x @ w - y))
    return loss_of(w).item()


print(f"{(final_for(0.1 + epsilon) - final_for(0.1 - epsilon)) / (2 * epsilon):.1f}")
