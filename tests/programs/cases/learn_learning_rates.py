# The same bowl with steps too small, right, and too large.
import torch

for rate in (0.01, 0.1, 0.45, 0.5, 0.99, 1.01):
    x = torch.tensor(4.0, requires_grad=True)
    trace = []
    for _ in range(8):
        (x**2).backward()
        with torch.no_grad():
            x -= rate * x.grad
        x.grad = None
        trace.append(x.item())
    print(f"rate {rate}: {[f'{v:.3f}' for v in trace]}")
w = torch.tensor([1.0, 1.0], requires_grad=True)
curvature = torch.tensor([1.0, 50.0])
for step in range(5):
    loss = 0.5 * (curvature * w**2).sum()
    loss.backward()
    print(step, f"{loss.item():.4f}", w.grad)
    w.data.add_(w.grad, alpha=-0.03)
    w.grad.zero_()
