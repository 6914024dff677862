# The small sets of data.py, down to the bits of their numbers.
import torch
import data

torch.manual_seed(3)
for name in ("moons", "circles", "spirals", "blobs", "ring", "xor", "line", "curve", "digits", "sequences"):
    make = getattr(data, name)
    for options in ({}, {"n": 37, "seed": 5}):
        X, y = make(**options)
        print(name, tuple(X.shape), X.dtype, tuple(y.shape), y.dtype)
        # The very bits: a difference in the last place of one number shows.
        bits = X.view(torch.int32).long() if X.is_floating_point() else X
        wanted = y.view(torch.int32).long() if y.is_floating_point() else y
        places = torch.arange(bits.numel()).reshape(bits.shape) % 1009 + 1
        print((bits * places).sum().item(), wanted.sum().item())
        print(torch.equal(X, make(**options)[0]), torch.equal(X, make(**options | {"seed": 9})[0]))
print("the program's own numbers:", torch.rand(2))

for kind in data.curves:
    print(kind, data.curve(kind, n=7, noise=0)[1].squeeze(1))
for kind in data.kinds:
    X, y = data.sequences(kind, n=3, length=12, seed=2)
    print(kind, [data.decode(row) for row in X], repr(data.decode(y[0])), torch.equal(X[:, 1:], y[:, :-1]))
print(data.xor(4, noise=0))
print(data.encode("2+3=5"), data.decode(data.encode("(a.b) 1")))
X, y = data.blobs(8, seed=1)
print(*(part.shape for part in data.split(X, y, test=0.25)), data.split(X, y, seed=4)[3])
digits, labels = data.digits(10, noise=0, jitter=0)
print((digits[:, 0] > 0.5).long()[[0, 4, 7]], labels)

for wrong in (
    lambda: data.moons(0),
    lambda: data.curve("circle"),
    lambda: data.sequences("letters"),
    lambda: data.encode("A"),
    lambda: data.decode(torch.zeros(2, 2)),
    lambda: data.split(X, y, test=1.5),
):
    try:
        wrong()
    except ValueError as error:
        print(error)
