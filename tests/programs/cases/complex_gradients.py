# Complex numbers: gradients by the conjugate Wirtinger convention, printed as PyTorch prints them, and its errors.
import torch

z = torch.tensor([1 + 2j, -0.5 + 0.3j, 0.7 - 1.1j], requires_grad=True)
w = torch.tensor([2 - 1j, 1j, 0.5 + 0.5j])
for f in (
    lambda z: z * w, lambda z: z / w, lambda z: w / z, lambda z: z**2, lambda z: z**w, torch.exp, torch.log, torch.sqrt,
    torch.sin, torch.tanh, lambda z: z.reciprocal(), lambda z: z.conj(), lambda z: z.sgn(), lambda z: z.cumprod(0),
):
    y = f(z)
    (g,) = torch.autograd.grad(y, z, torch.ones_like(y))
    print(y, g)
for f in (torch.abs, torch.angle, torch.real, torch.imag, lambda z: (z * z.conj()).real, lambda z: z.norm(), lambda z: z.var()):
    y = f(z)
    y.sum().backward()
    print(y, z.grad)
    z.grad = None

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
(x * w).abs().sum().backward()
print(x.grad)
loss = ((z * w).sum()).abs() ** 2
(g,) = torch.autograd.grad(loss, z, create_graph=True)
print(g)
(g2,) = torch.autograd.grad(g.abs().sum(), z)
print(g2)

part = torch.zeros(3, dtype=torch.complex64)
part.real = x.detach()
part.imag[1] = 5.0
print(part, torch.view_as_real(part))

m = torch.tensor([[4 + 0j, 1 - 1j], [1 + 1j, 3 + 0j]], requires_grad=True)
print(torch.linalg.eigvalsh(m), torch.linalg.cholesky(m))
torch.linalg.inv(m).abs().sum().backward()
print(m.grad.real, torch.allclose(m.grad, m.grad.mH, atol=1e-6))
m.grad = None
torch.linalg.det(m).real.backward()
print(m.grad)
torch.fft.fft(x).abs().pow(2).sum().backward()
print(x.grad)
for attempt in (
    lambda: (z * w).sum().backward(),
    lambda: z.relu(),
    lambda: z.sign(),
    lambda: z.max(),
    lambda: z.sort(),
    lambda: z < w,
    lambda: z.floor(),
    lambda: torch.maximum(z, w),
    lambda: torch.nn.functional.softmax(z, 0),
    lambda: torch.nn.functional.mse_loss(z, w),
    lambda: torch.nn.functional.silu(z),
    lambda: x.imag,
    lambda: torch.complex(x, x.double()),
):
    try:
        print(attempt())
    except (RuntimeError, NotImplementedError) as error:
        print(type(error).__name__, error)
print(torch.autograd.gradcheck(lambda z: (z.exp() * z.conj()).sum(), torch.randn(3, dtype=torch.cdouble, requires_grad=True)))
