# The game of life, heat, edges and the Mandelbrot set on grids.
# tolerance: 1e-4
# Sums that a BLAS may add up in another order.
import torch, torch.nn.functional as F

g = torch.zeros(1, 1, 6, 6)
g[0, 0, 1, 2] = g[0, 0, 2, 3] = g[0, 0, 3, 1] = g[0, 0, 3, 2] = g[0, 0, 3, 3] = 1
k = torch.ones(1, 1, 3, 3)
k[..., 1, 1] = 0
for _ in range(4):
    n = F.conv2d(F.pad(g, (1, 1, 1, 1), mode="circular"), k)
    g = ((n == 3) | ((g == 1) & (n == 2))).float()
print(g[0, 0].int())
for row in g[0, 0]:
    print("".join("#" if c else "." for c in row.bool().tolist()))
u = torch.zeros(8)
u[4] = 1.0
for _ in range(10):
    u = u + 0.2 * (torch.roll(u, 1) - 2 * u + torch.roll(u, -1))
print(u, u.sum())
kx = torch.tensor([[-1.0, 0, 1]] * 3).view(1, 1, 3, 3)
im = torch.arange(25.0).view(1, 1, 5, 5) ** 2
print(F.conv2d(im, kx), F.conv2d(im, kx.transpose(2, 3)))
X, Y = torch.meshgrid(torch.linspace(-2, 1, 12), torch.linspace(-1, 1, 7), indexing="xy")
c = torch.complex(X, Y)
z = torch.zeros_like(c)
it = torch.zeros(X.shape, dtype=torch.int32)
for _ in range(15):
    z = torch.where(z.abs() <= 2, z * z + c, z)
    it += z.abs() <= 2
print(it)
s = torch.sin(torch.linspace(0, 6.28, 16)) + 0.3 * torch.cos(torch.linspace(0, 50, 16))
S = torch.fft.rfft(s)
S[3:] = 0
print(torch.fft.irfft(S, n=16), S.abs()[:3])
q = torch.tensor([[1.0, 2], [3, 4]])
print(
    torch.rot90(q),
    q.fliplr(),
    q.flipud(),
    torch.kron(q, torch.ones(1, 2)),
    F.pad(q, (1, 0, 0, 1), value=9.0),
    q.repeat_interleave(2, 0),
    F.one_hot(torch.tensor([[0, 1], [2, 0]])),
    torch.nn.functional.avg_pool1d(torch.arange(6.0).view(1, 1, 6), 2),
)
