# Complex numbers at work: descent on a complex parameter, spectra of a signal, eigenvalues of a rotation.
import math

import torch

# Gradient descent on a complex parameter
p = torch.tensor([0.0 + 0j, 1 - 1j], requires_grad=True)
target = torch.tensor([1 + 1j, -1 + 2j])
for _ in range(3):
    loss = ((p - target) * (p - target).conj()).real.sum()
    loss.backward()
    with torch.no_grad():
        p -= 0.25 * p.grad
        p.grad.zero_()
    print(f"{loss.item():.4f}", p)


t = torch.arange(16, dtype=torch.float64)
signal = torch.sin(2 * math.pi * t / 4).requires_grad_()
spectrum = torch.stft(signal, 8, hop_length=4, window=torch.hann_window(8, dtype=torch.float64), return_complex=True)
print(spectrum.shape, spectrum.dtype, spectrum.abs().argmax(0))
spectrum.abs().pow(2).sum().backward()
print(signal.grad[1:8:2])
back = torch.istft(spectrum, 8, hop_length=4, window=torch.hann_window(8, dtype=torch.float64), length=16)
print(torch.allclose(back, signal), back.shape)
low = torch.fft.rfft(signal)
low[torch.arange(9) > 3] = 0
print(torch.fft.irfft(low, 16).abs().max() < 1e-9)

angle = torch.tensor(0.5, requires_grad=True)
turn = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)]).view(2, 2)
values = torch.linalg.eigvals(turn)
print(values.abs(), values.imag.abs())
values.imag.abs().sum().backward()
print(angle.grad, 2 * torch.cos(torch.tensor(0.5)))
torch.manual_seed(0)
a = torch.randn(6, 3) @ torch.randn(3, 4)
u, s, v = torch.svd_lowrank(a, q=3)
print(s, torch.allclose(u @ torch.diag(s) @ v.T, a, atol=1e-5))
