# A sine wave from a cubic polynomial, by hand-made gradients and by autograd.
import math

import torch

x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x)
coefficients = torch.tensor([0.0, 0.1, 0.0, -0.01], requires_grad=True)
powers = torch.stack([x**n for n in range(4)], dim=1)
for step in range(301):
    prediction = powers @ coefficients
    loss = (prediction - y).pow(2).mean()
    loss.backward()
    if step == 0:
        manual = 2 * (powers.T @ (prediction.detach() - y)) / len(x)
        print(torch.allclose(manual, coefficients.grad, atol=1e-5), manual[1::2])
    with torch.no_grad():
        coefficients -= torch.tensor([0.1, 0.02, 0.005, 0.001]) * coefficients.grad
        coefficients.grad = None
    if step % 100 == 0:
        print(step, f"{loss.item():.4f}")
a, b, c, d = (v.item() for v in coefficients.detach())
print(f"y = {b:.3f} x + {d:.3f} x^3", abs(a) < 1e-5, abs(c) < 1e-5)
