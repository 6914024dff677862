# A network of matrices only: forward, loss, backward, update.
import torch

torch.manual_seed(0)
samples, inputs, hidden, outputs = 64, 20, 10, 3
x = torch.randn(samples, inputs)
y = torch.randn(samples, outputs)
w1 = (torch.randn(inputs, hidden) * 0.1).requires_grad_()
w2 = (torch.randn(hidden, outputs) * 0.1).requires_grad_()
for step in range(51):
    prediction = x.mm(w1).clamp(min=0).mm(w2)
    loss = (prediction - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w1 -= 1e-3 * w1.grad
        w2 -= 1e-3 * w2.grad
        w1.grad.zero_()
        w2.grad.zero_()
    if step % 10 == 0:
        print(f"{step}: {loss.item():.3f}")
print(w2)
