# NumPy arrays and numbers among tensors, in both directions.
import torch
import numpy as np
import math

x = torch.linspace(0, 1, 5)
y = x**2
print(
    x.numpy(),
    np.array(y),
    y.numpy().dtype,
    torch.from_numpy(np.arange(3)),
    torch.tensor(np.float32(2)),
    torch.as_tensor(np.eye(2)),
    np.asarray(x).sum(),
    x.numpy().tolist(),
)
n = np.zeros(3)
t = torch.from_numpy(n)
t[0] = 5
n[1] = 7
print(n, t, t.dtype, t.float().numpy() is n, torch.tensor(n) is t)
print(
    np.sin(x),
    np.sqrt(x),
    np.exp(x).dtype,
    np.mean(x.numpy()),
    np.stack([x, y]).shape,
    np.concatenate([x, y])[:3],
    np.maximum(x, 0.5),
    np.round(y.numpy(), 2),
    np.allclose(x, x),
    np.where(x > 0.5, 1, 0),
    np.dot(x, y),
    np.outer(x[:2], y[:2]),
    np.argmax(y),
    np.linalg.norm(x),
)
print(
    np.float64(2) * x,
    x * np.float32(3),
    np.pi * x[:2],
    x + np.int64(1),
    x[np.array([0, 2])],
    x[np.int64(1)],
    np.arange(5)[x > 0.5] if False else np.arange(5)[(x > 0.5).numpy()],
    [10, 20, 30][torch.tensor(1)],
    math.sin(x[1]),
    math.sqrt(y.sum()),
    float(x[1]),
    int(torch.tensor(3.7)),
    round(x[1].item(), 2),
    sum(x),
    max(x),
    min(x),
    sorted(y.tolist())[:2],
    list(range(torch.tensor(3))),
)
print(
    torch.tensor(np.array([[1, 2], [3, 4]], dtype=np.int32)),
    torch.tensor([np.float32(1.5), np.float32(2)]),
    torch.tensor(np.array([True, False])),
    torch.from_numpy(np.array([1, 2], dtype=np.uint8)),
    torch.tensor([[1, 2.5], [3, 4]]),
    torch.tensor(np.array(3)),
    torch.tensor([torch.tensor(1), torch.tensor(2.0)]),
    torch.tensor([x[1], x[2]]),
    torch.stack([torch.tensor(v) for v in (1.0, 2.0)]),
)
g = torch.tensor([1.0, 2.0], requires_grad=True)
for f in (
    lambda: g.numpy(),
    lambda: np.array(g),
    lambda: np.sin(g),
    lambda: g * np.ones(2),
    lambda: g.detach().numpy(),
    lambda: g.data.numpy(),
    lambda: g.tolist(),
    lambda: np.ones(2) * g.detach(),
    lambda: torch.from_numpy(np.ones(2)[::-1]),
    lambda: torch.from_numpy(np.array(["a"])),
    lambda: torch.ones(2, 2) + np.ones(2),
    lambda: x.numpy(force=True)[:1],
    lambda: torch.tensor([[1, 2], [3]]),
    lambda: torch.tensor([1, None]),
    lambda: torch.tensor(["a"]),
    lambda: torch.tensor({"a": 1}),
    lambda: torch.tensor([g, g]),
    lambda: np.ones(3) + torch.ones(3).int().numpy(),
):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, str(e)[:150])
losses = []
for i in range(3):
    losses.append(y.sum() / (i + 1))
print(
    losses,
    np.mean([l.item() for l in losses]),
    torch.stack(losses).mean(),
    torch.tensor(losses),
    f"{np.mean(losses):.4f}",
    sum(losses) / len(losses),
)
rng = np.random.default_rng(0)
print(torch.from_numpy(rng.normal(size=(2, 2))).float(), torch.tensor(rng.integers(0, 10, 3)))
