# Ordinary Python control flow decides what the graph is.
import torch


def branchy(x):
    return x * 2 if x.sum() > 0 else x**3


def collatz_like(x):
    steps = 0
    while x < 100:
        x = x * 3 if steps % 2 else x + 5
        steps += 1
    return x, steps


for start in (torch.tensor([1.0, 2.0]), torch.tensor([-1.0, -2.0])):
    x = start.requires_grad_()
    y = branchy(x)
    y.sum().backward()
    print(y, x.grad)
t = torch.tensor(1.5, requires_grad=True)
result, steps = collatz_like(t)
result.backward()
print(result, steps, t.grad)
total = torch.zeros(())
p = torch.tensor(0.5, requires_grad=True)
for n in range(10):
    total = total + p**n
total.backward()
print(total, p.grad)
print([f"{v.item():.0f}" for v in torch.arange(3.0) if v > 0], [bool(v) for v in torch.tensor([0, 1])])
root = torch.tensor(2.0, requires_grad=True)
guess = torch.tensor(1.0)
for _ in range(6):
    guess = 0.5 * (guess + root / guess)
guess.backward()
print(guess, root.grad)


def depth(node):
    return 0 if node is None else 1 + max([depth(n) for n, _ in node.next_functions], default=0)


print(depth(result.grad_fn), depth(guess.grad_fn))
