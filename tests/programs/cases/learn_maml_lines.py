# Learning to learn: a start from which one gradient step fits any line.
import torch

torch.manual_seed(0)
start = torch.zeros(2, requires_grad=True)
meta = torch.optim.SGD([start], lr=0.05)
x = torch.linspace(0.0, 1.0, 8)


def loss_of(w, slope, shift):
    return ((w[0] * x + w[1] - slope * x - shift) ** 2).mean()


for step in range(41):
    total = torch.zeros(())
    for slope, shift in ((2.0, 1.0), (4.0, 0.5), (3.0, -0.25)):
        (g,) = torch.autograd.grad(loss_of(start, slope, shift), start, create_graph=True)
        total = total + loss_of(start - 0.3 * g, slope, shift)
    meta.zero_grad()
    total.backward()
    meta.step()
    if step % 10 == 0:
        print(step, f"{total.item():.4f}", start.detach(), start.grad)
H = torch.autograd.functional.hessian(lambda w: loss_of(w, 1.0, 0.0), start.detach())
print(H, torch.linalg.det(H) > 0)
