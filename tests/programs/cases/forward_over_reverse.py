# Hessians by forward over reverse, and tangents, through operations that are one node made of several.
import torch
import torch.nn.functional as F
from torch.func import grad, hessian, jacrev, jvp

torch.manual_seed(0)
x = torch.rand(4, dtype=torch.float64) + 0.2
m = torch.rand(2, 2, dtype=torch.float64) + torch.eye(2, dtype=torch.float64)
v = torch.tensor([1.0, -2.0, 0.5, 1.5], dtype=torch.float64)
functions = {
    "glu": lambda x: F.glu(x).pow(2).sum(),
    "layer_norm": lambda x: (F.layer_norm(x, (4,)) * v).exp().sum(),
    "group_norm": lambda x: (F.group_norm(x.view(1, 4), 2) * v).exp().sum(),
    "addmv": lambda x: torch.addmv(x[:2], m, x[2:] * x[:2]).pow(3).sum(),
    "addr": lambda x: torch.addr(m, x[:2], x[2:]).pow(2).sum(),
    "baddbmm": lambda x: torch.baddbmm(x.view(1, 2, 2), m[None], x.view(1, 2, 2)).pow(2).sum(),
    "solve": lambda x: torch.linalg.solve(m + x.view(2, 2), x[:2]).sum(),
    "cholesky": lambda x: torch.linalg.cholesky(m @ m.T + x.view(2, 2) @ x.view(2, 2).T).sum(),
    "eigvalsh": lambda x: torch.linalg.eigvalsh(x.view(2, 2) + x.view(2, 2).T).pow(2).sum(),
    "svdvals": lambda x: torch.linalg.svdvals(x.view(2, 2)).log().sum(),
    "var_mean": lambda x: torch.var_mean(x)[0] * torch.std_mean(x)[1],
    "scatter_reduce": lambda x: x.scatter_reduce(0, torch.tensor([0, 0, 1, 2]), x**2, "sum").pow(2).sum(),
    "index_copy": lambda x: x.index_copy(0, torch.tensor([1, 3]), x[:2] ** 2).pow(2).sum(),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.view(1, 4, 1, 1), 2).pow(3).sum(),
    "fft": lambda x: torch.fft.rfft(x).abs().pow(3).sum(),
    "polar": lambda x: torch.polar(x[:2], x[2:]).real.pow(2).sum(),
    "complex": lambda x: torch.complex(x[:2], x[2:]).exp().abs().sum(),
}
for name, f in functions.items():
    value, tangent = jvp(f, (x,), (v,))
    slope = jvp(grad(f), (x,), (v,))[1]
    print(name, f"{value.item():.6f} {tangent.item():.6f}", [f"{s:.5f}" for s in slope.tolist()])
    print(torch.allclose(hessian(f)(x), jacrev(jacrev(f))(x)), [round(s, 4) + 0.0 for s in hessian(f)(x)[0].tolist()])
