# A value that backward needs was overwritten: versions tell.
import torch


def attempt(label, build):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    try:
        build(x).sum().backward()
        print(f"{label}: fine, {x.grad}")
    except RuntimeError as error:
        print(f"{label}: {error}")


def then(result, *changes):
    for change in changes:
        change()
    return result


def exp_then_add(x):
    y = x.exp()
    return then(y, lambda: y.add_(1))


def sin_then_change_input(x):
    h = x * 1
    y = h.sin()
    return then(y, lambda: h.mul_(2))


def product(x):
    a, b = x * 2, x + 1
    y = a * b
    return then(y, lambda: a.add_(1), lambda: a.zero_())


def matrix(x):
    m = torch.ones(3, 3)
    y = m @ x
    return then(y, lambda: m.__setitem__((0, 0), 5.0))


def through_view(x):
    h = x * 1
    y = h**2
    return then(y, lambda: h[0:2].fill_(0))


def harmless(x):
    y = x + 1
    z = y * 2
    return then(z, lambda: y.zero_())


for build in (exp_then_add, sin_then_change_input, product, matrix, through_view, harmless):
    attempt(build.__name__, build)
