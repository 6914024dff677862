# Numbers, slices, None and Ellipsis; the gradient goes back where it was read.
import torch

x = torch.arange(12.0).reshape(3, 4).requires_grad_()
for label, y in {
    "[1]": x[1],
    "[-1, 2]": x[-1, 2],
    "[:, 1]": x[:, 1],
    "[0:2, ::2]": x[0:2, ::2],
    "[..., 0]": x[..., 0],
    "[None, 0]": x[None, 0],
    "[1:]": x[1:],
    "[-2:, -1:]": x[-2:, -1:],
    "[2][1:3]": x[2][1:3],
    "[5:]": x[5:],
}.items():
    (gradient,) = torch.autograd.grad(y.sum(), x)
    print(label, y, gradient, sep="\n")
for label, key in {
    "too far": 3,
    "too far back": (0, -5),
    "too many": (0, 0, 0),
    "float": 1.5,
    "step": slice(None, None, -1),
}.items():
    try:
        print(x[key])
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
first, second, third = x
print(first, third.sum())
