# Python's own numbers: as dtypes, as operands, and back again.
import torch

print(torch.tensor([1, 2], dtype=float), torch.zeros(2, dtype=int), torch.tensor([0, 2], dtype=bool))
print(torch.ones(2).to(int), torch.arange(3, dtype=float), torch.full((2,), 1, dtype=float))
x = torch.tensor([1.5, 2.5])
print(x + True, x * 2, x - 0.5, 3 - x, x / 2, 2**x, x**2, x // 1, x % 1)
i = torch.tensor([5, 7])
print(i + 1.5, i / 2, i // 2, i % 3, i**2, -i, i * True, i == 5, i > 5.5)
print(int(i[0]), float(x[1]), bool(i[0]), i[1].item() + 1, [10, 20, 30][torch.tensor(1)], range(int(i[0]))[-1])
print(x.max() > 2, max(x), sum(x), sorted(i.tolist(), reverse=True), round(x[0].item()), abs(-x), len(x))
print(f"{x[0]:.1f} {i[0]:d} {x.mean().item():8.3f}", "%.2f" % x[1], str(i[0]), format(x[0].item(), ".3f"))
for label, attempt in {
    "dtype as text": lambda: torch.tensor([1], dtype="float32"),
    "list operand": lambda: x + [1, 2],
    "None operand": lambda: x * None,
    "float index": lambda: [1, 2][x[0]],
    "float and": lambda: x & x,
    "integer root": lambda: torch.tensor([1, 2]) ** -1,
    "integer division by zero": lambda: i // 0,
}.items():
    try:
        print(label, attempt())
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
print(x == None, x == "a", x != [1])  # noqa: E711
