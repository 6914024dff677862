# How people print losses, tensors and shapes.
import torch

torch.manual_seed(0)
loss = torch.tensor(0.123456789, requires_grad=True)
print(
    f"loss: {loss:.4f}",
    f"{loss.item():.3e}",
    "loss: %.3f" % loss,
    "loss: {}".format(loss),
    "loss: {:.2f}".format(loss.item()),
    loss,
    str(loss),
    repr(loss),
)
print(f"{loss}", f"{loss!r}", f"{loss:>10.3f}|", f"{loss:<10.3f}|", f"{loss:+.2f}")
acc = torch.tensor(0.875)
print(f"acc {acc:.2%} {100 * acc:.1f}% {100 * acc:>6.2f}")
print(f"{torch.tensor(5)} {torch.tensor(5):d} {torch.tensor(5):4d} {torch.tensor(True)}")
t = torch.randn(3)
print(f"{t}", f"values: {t.tolist()}", f"{t.mean():.4f} ± {t.std():.4f}", [f"{v:.2f}" for v in t])
print("epoch", 1, "loss", loss.item(), sep=" | ", end=" <end>\n")
print(t.shape, tuple(t.shape), list(t.shape), t.size(0), len(t), t.numel())
print("shape: %s" % str(t.shape), "shape: {}".format(t.shape), f"{t.shape=}", f"{t.dtype=}")
print({"loss": loss.detach(), "t": t[:2]}, [loss, acc], (acc,), {1: torch.tensor([1])})
print(
    torch.tensor([1e-5, 1.0]),
    torch.tensor([1e5, 1.0]),
    torch.tensor([12345.678]),
    torch.tensor([0.00001]),
    torch.tensor([1e10, 1e-10]),
)
print(
    torch.tensor([1.0, 2.0]),
    torch.tensor([1.5, 2.0]),
    torch.tensor([1, 2]),
    torch.tensor([True]),
    torch.tensor([]),
    torch.tensor(3),
    torch.tensor(3.0),
)
print(torch.arange(2000), torch.arange(1000).float())
print(torch.rand(3, 1200)[:, :4], torch.zeros(50, 50), sep="\n")
print(torch.randn(2, 2, 2), torch.zeros(1, 0, 3), torch.ones(0), torch.ones(1, 1, 1))
print(
    torch.tensor([[1.123456, 22.1], [333.3, 4444.123]]),
    torch.tensor([-1.0, 1.0]),
    torch.tensor([float("inf"), -1.5, float("nan")]),
)
print(
    torch.randn(4, requires_grad=True),
    torch.randn(2, requires_grad=True).exp(),
    torch.tensor([1.0], dtype=torch.float64),
    torch.tensor([1], dtype=torch.int8),
)
print(
    torch.tensor(1 + 2j),
    torch.tensor([1 + 2j, 0.5j]),
    torch.tensor([1e-3, 1e3]),
    torch.tensor([1e-4, 1e4]),
    torch.tensor([99999.0, 1.0]),
    torch.tensor([100000.0, 1.0]),
)
torch.set_printoptions(precision=2, sci_mode=False)
print(torch.tensor([1e-5, 12345.678]), t)
torch.set_printoptions(precision=6)
print(t, loss)
torch.set_printoptions(profile="short")
print(torch.arange(2000.0), t)
torch.set_printoptions(profile="default", linewidth=40)
print(torch.arange(30))
torch.set_printoptions(profile="default", threshold=10, edgeitems=2)
print(torch.arange(30), torch.randn(6, 6))
torch.set_printoptions(profile="default", linewidth=80)
print(torch.randn(10, 3).tolist()[0][:1], t.numpy(), t.detach().cpu().numpy().round(2))
import pprint

pprint.pprint({"a": torch.ones(2), "b": [torch.zeros(1)]})
print(torch.nn.Linear(2, 1).state_dict())
print(torch.ones(2, 3).__repr__(), torch.ones(2).__str__(), "%s" % torch.ones(2), "%r" % torch.ones(2))
print(*torch.arange(3), *torch.ones(2, 2), sep=", ")
for i, row in enumerate(torch.eye(2)):
    print(i, row)
for a, b in zip(torch.arange(2), torch.ones(2)):
    print(a.item(), b)
