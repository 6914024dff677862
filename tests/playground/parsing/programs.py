"""Programs that are read as blocks in the tests of both languages: by name, each with what is special about it.

`scripts/gen_programs.py` writes them with their documents into ``static/src/document/programs.gen.json``.
"""

# ruff: noqa: E501 (programs of few lines stand in one)

from __future__ import annotations

from textwrap import dedent

_T = "import torch\n"
_N = "import torch\nfrom torch import nn\n"
_F = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
_D = "import data\nimport torch\nfrom torch import nn\n"


def _p(text: str, head: str = "") -> str:
    return head + dedent(text.lstrip("\n") if text.startswith("\n") else text)


_LOOP = """
    for step in range(200):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(X), y)
        loss.backward()
        optimizer.step()
    """

PROGRAMS: dict[str, str] = {
    # Straight lines
    "one line": _T + "x = torch.ones(3)\n",
    "sine": _p("""
    x = torch.linspace(-1, 1, 50)
    y = torch.sin(x)
    z = y * 2 + 1
    """, _T),
    "nested calls": _T + "y = torch.exp(torch.sin(torch.ones(3) * 2)).sum()\n",
    "methods": _T + "x = torch.randn(2, 3)\ny = x.sin().relu().sum(dim=1).mean()\n",
    "operators": _p("""
    a = torch.randn(2, 3)
    b = torch.randn(3, 2)
    c = a @ b
    d = -c ** 2 + c / 2 - c % 3
    e = (c > 0) & (c < 1) | ~(c == 0)
    f = c // 2
    """, _T),
    "every comparison": _p("""
    a = torch.arange(4)
    b = a < 2
    c = a <= 2
    d = a > 2
    e = a >= 2
    f = a == 2
    g = a != 2
    """, _T),
    "numbers": _p("""
    import math
    lr = 0.1
    n = 2 * 8 + 1
    turn = 2 * math.pi
    x = torch.ones(n) * turn
    y = x * lr
    """, _T),
    "a negative number": _T + "n = -3\nx = torch.full((2,), -1.5)\n",
    "indexing": _p("""
    x = torch.arange(12).reshape(3, 4)
    a = x[0]
    b = x[:, 1]
    c = x[1:, ::2]
    d = x[-1, None]
    e = x[x > 3]
    i = torch.tensor([0, 2])
    f = x[i]
    g = x[..., 0]
    """, _T),
    "attributes": _p("""
    x = torch.randn(2, 3, requires_grad=True)
    y = x.T @ x
    y.sum().backward()
    print(x.grad, x.shape)
    """, _T),
    "functional": _p("""
    x = torch.randn(4, 3)
    a = F.relu(x)
    b = F.softmax(a, dim=-1)
    c = F.gelu(b) + nn.functional.silu(b)
    d = torch.nn.functional.normalize(c, dim=1)
    """, _F),
    "lists of tensors": _p("""
    a = torch.ones(2)
    b = torch.zeros(2)
    c = torch.cat([a, b])
    d = torch.stack((a, b, a + b), dim=1)
    e = torch.einsum("i,j->ij", a, b)
    u, v = torch.meshgrid(a, b, indexing="ij")
    """, _T),
    "several results": _p("""
    x = torch.randn(5, 3)
    values, indices = torch.topk(x, 2)
    a, b = x.split([2, 3])
    n, d = x.shape
    low, high = x.aminmax(dim=0)
    m = x.reshape(d, n)
    """, _T),
    "two at once": _T + "a, b = torch.ones(2), torch.zeros(2)\nc = a + b\n",
    "swapped": _T + "a = torch.ones(2)\nb = torch.zeros(2)\na, b = b, a\nc = a - b\n",
    "another name": _T + "a = torch.ones(2)\nb = a\nc = b + 1\n",
    "two names": _T + "a = b = torch.ones(2)\nc = a + b\n",
    "bound again": _T + "x = torch.ones(2)\nx = x + 1\nx = x * 2\nprint(x)\n",
    "annotated": _T + "x: torch.Tensor = torch.ones(2)\ny: float\n",
    "keywords": _T + "x = torch.linspace(start=0, end=1, steps=5, dtype=torch.float64)\ny = torch.sum(input=x, dim=0, keepdim=True)\n",
    "axis": _T + "x = torch.ones(2, 3)\ny = torch.sum(x, axis=1, keepdims=True)\n",
    "ranges": _T + "a = torch.arange(5)\nb = torch.arange(1, 5)\nc = torch.arange(0, 10, 2)\nd = torch.randint(10, (3,))\ne = torch.randint(1, 10, (3,))\n",
    "factories": _p("""
    a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    b = torch.zeros_like(a)
    c = torch.eye(2)
    d = torch.rand(2, 2, dtype=torch.float64)
    e = torch.full((2, 2), 7.0)
    f = torch.normal(0.0, 1.0, (2, 2))
    g = torch.randn((2, 2))
    h = torch.ones(size=(2, 2))
    """, _T),
    "leaves": _T + "w = torch.randn(3).requires_grad_()\nb = torch.zeros(1, requires_grad=True)\n",
    "where": _T + "x = torch.randn(4)\ny = torch.where(x > 0, x, torch.zeros_like(x))\nz = torch.clamp(x, min=0.0, max=1.0)\n",
    "conversions": _T + "x = torch.arange(4)\ny = x.float().double().to(torch.float32)\nz = y.long()\n",
    "printing": _T + 'x = torch.ones(2)\nprint("x is", x, x.sum(), sep=", ")\nprint(f"{x.sum().item():.3f} of {x}")\nprint()\n',
    "backward": _T + "x = torch.tensor([1.0, 2.0], requires_grad=True)\ny = (x ** 2).sum()\ny.backward()\nprint(x.grad)\n",
    "backward with a vector": _T + "x = torch.ones(3, requires_grad=True)\ny = x * 2\ny.backward(torch.tensor([0.1, 1.0, 0.01]))\n",
    "sizes": _p("""
    import math
    q = torch.randn(2, 5, 8)
    d = q.shape[-1]
    scores = q @ q.mT / math.sqrt(d)
    n = len(q)
    flat = q.reshape(n, -1)
    half = scores / q.size(-1) ** 0.5
    """, _T),
    "a value alone": _T + "x = torch.ones(2)\nx\nx + 1\n",
    "a function's other name": _F + "act = torch.tanh\nsame = F.relu\nkind = torch.float64\nx = act(same(torch.ones(2, dtype=kind)))\n",
    "aliases of functions": _T + "x = torch.ones(2)\na = torch.absolute(x)\nb = torch.multiply(a, x)\nc = torch.clip(b, 0, 1)\nd = abs(c)\n",
    # Something is still open
    "open": _T + "x = torch.sin(...)\ny = x + ...\nz = torch.cat([x, ...])\n",
    "open layer": _N + "linear = nn.Linear(2, 8)\nh = linear(...)\n",
    "open loss": _N + "x = torch.ones(2)\nloss = nn.functional.mse_loss(x, ...)\n",
    "open in between": _T + "x = ...\ny = torch.sin(x)\n",
    "open list": _T + "x = torch.stack([...])\n",
    # Layers
    "a layer": _N + "x = torch.randn(4, 2)\nlinear = nn.Linear(2, 8)\nh = linear(x)\n",
    "a layer not called": _N + "linear = nn.Linear(2, 8)\n",
    "a layer called twice": _N + "x = torch.randn(4, 8)\nlinear = nn.Linear(8, 8)\nh = linear(x)\nk = linear(h)\n",
    "made and called": _N + "x = torch.randn(4, 2)\ny = nn.Linear(2, 3)(x)\nz = nn.ReLU()(nn.Linear(3, 1)(y))\n",
    "layers in a row": _p("""
    x = torch.randn(4, 1, 8, 8)
    conv = nn.Conv2d(1, 4, kernel_size=3, padding=1)
    norm = nn.BatchNorm2d(4)
    pool = nn.MaxPool2d(2)
    flatten = nn.Flatten()
    head = nn.Linear(64, 10)
    h = pool(torch.relu(norm(conv(x))))
    scores = head(flatten(h))
    """, _N),
    "sequential": _N + "net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))\ny = net(torch.randn(4, 2))\n",
    "sequential over lines": _p("""
    net = nn.Sequential(
        nn.Linear(2, 8),  # in
        nn.ReLU(),
        # the last one
        nn.Linear(8, 1),
    )
    y = net(torch.randn(4, 2))
    """, _N),
    "sequential of names": _N + "first = nn.Linear(2, 8)\nnet = nn.Sequential(first, nn.ReLU())\ny = net(torch.ones(1, 2))\n",
    "sequential in sequential": _N + "net = nn.Sequential(nn.Sequential(nn.Linear(2, 8), nn.ReLU()), nn.Linear(8, 1))\ny = net(torch.ones(1, 2))\n",
    "sequential not called": _N + "net = nn.Sequential(nn.Linear(2, 8), nn.ReLU())\n",
    "empty sequential": _N + "net = nn.Sequential()\ny = net(torch.ones(2))\n",
    "recurrent": _N + "x = torch.randn(4, 6, 8)\nlstm = nn.LSTM(8, 16, batch_first=True)\nout, (h, c) = lstm(x)\nlast = out[:, -1]\n",
    "gru": _N + "x = torch.randn(4, 6, 8)\ngru = nn.GRU(8, 16, batch_first=True)\nout, _ = gru(x)\n",
    "embedding": _N + "tokens = torch.randint(0, 10, (4, 6))\ntable = nn.Embedding(10, 8)\nx = table(tokens)\n",
    "attention": _N + "x = torch.randn(4, 6, 8)\nattention = nn.MultiheadAttention(8, 2, batch_first=True)\ny, weights = attention(x, x, x)\n",
    "losses": _p("""
    logits = torch.randn(4, 3)
    target = torch.tensor([0, 1, 2, 1])
    criterion = nn.CrossEntropyLoss()
    loss = criterion(logits, target)
    other = F.cross_entropy(logits, target, reduction="sum")
    third = nn.MSELoss()(logits, torch.zeros(4, 3))
    """, _F),
    "a parameter": _N + "w = nn.Parameter(torch.randn(3, 1))\ny = torch.ones(2, 3) @ w\n",
    "parts of a layer": _N + "layer = nn.Linear(2, 3)\nw = layer.weight\nprint(layer.bias, w.T)\n",
    # Data
    "moons": _D + "X, y = data.moons()\nprint(X.shape, y.float().mean())\n",
    "data sets": _D + 'X, y = data.circles(100, noise=0.1)\nA, b = data.xor(n=50, seed=1)\nC, d = data.curve("sine")\npairs = data.blobs()\n',
    "data split": _D + "X, y = data.moons()\nX, y, X_test, y_test = data.split(X, y, test=0.2)\ncode = data.encode('abc')\nprint(data.decode(code))\n",
    "own table": _D + "X = data.X\ny = data.y\nmean = data.X.mean(dim=0)\n",
    # Modules
    "a module": _p("""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(2, 8)
            self.fc2 = nn.Linear(8, 1)

        def forward(self, x):
            h = torch.tanh(self.fc1(x))
            return self.fc2(h)


    net = Net()
    y = net(torch.randn(4, 2))
    """, _N),
    "a module with parameters": _p('''
    class Block(nn.Module):
        """A layer and what comes after it."""

        def __init__(self, size, hidden=16, *, scale=1.0):
            super(Block, self).__init__()
            inner = 2 * hidden
            self.up = nn.Linear(size, inner)
            self.down = nn.Linear(inner, size)
            self.scale = scale
            self.gain = nn.Parameter(torch.ones(size))

        def forward(self, x):
            """Adds to x."""
            return x + self.scale * self.gain * self.down(torch.relu(self.up(x)))


    block = Block(4, hidden=8)
    out = block(torch.randn(2, 4))
    again = block(out)
    ''', _N),
    "modules in modules": _p("""
    class Part(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.fc = nn.Linear(n, n)

        def forward(self, x):
            return torch.relu(self.fc(x))

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Part(4)
            self.second = Part(4)
            self.last = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))

        def forward(self, x):
            return self.last(self.second(self.first(x)))

    y = Whole()(torch.randn(3, 4))
    """, _N),
    "forward first": _p("""
    class Net(nn.Module):
        def forward(self, x, y):
            both = torch.cat([x, y], dim=1)
            return self.fc(both), both

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 1)

    net = Net()
    out, both = net(torch.ones(2, 2), torch.zeros(2, 2))
    """, _N),
    "a module without layers": _p("""
    class Square(nn.Module):
        def forward(self, x):
            return x ** 2

    y = Square()(torch.ones(2))
    """, _N),
    "one-line methods": _N + "class Net(nn.Module):\n    def __init__(self): super().__init__(); self.fc = nn.Linear(2, 1)\n    def forward(self, x): return self.fc(x)\n\nnet = Net()\ny = net(torch.ones(1, 2))\n",
    "a module with a method more": _p("""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1)

        def forward(self, x):
            return self.fc(x)

        def size(self):
            return sum(p.numel() for p in self.parameters())

    net = Net()
    print(net(torch.ones(1, 2)))
    """, _N),
    "a module with a branch": _p("""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1)

        def forward(self, x):
            if x.sum() > 0:
                x = x * 2
            return self.fc(x)

    net = Net()
    y = net(torch.ones(1, 2))
    """, _N),
    "a module with a list": _p("""
    class Net(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(n)])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    y = Net(3)(torch.ones(1, 2))
    """, _N),
    "attention by hand": _p("""
    class Attention(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.q = nn.Linear(dim, dim, bias=False)
            self.k = nn.Linear(dim, dim, bias=False)
            self.v = nn.Linear(dim, dim, bias=False)

        def forward(self, x):
            q, k, v = self.q(x), self.k(x), self.v(x)
            weights = torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5, dim=-1)
            return weights @ v

    y = Attention(8)(torch.randn(2, 5, 8))
    """, _N),
    "not a module": _p("""
    class Thing:
        def __init__(self):
            self.x = 1

    thing = Thing()
    print(thing.x)
    """),
    # Functions
    "a function": _T + "def f(x):\n    y = x ** 2\n    return y + 1\n\na = f(torch.ones(2))\nb = f(a)\n",
    "a function of two": _p('''
    def model(x, w, b=0.0):
        """A line."""
        return x * w + b

    y = model(torch.ones(3), 2.0)
    z = model(x=torch.ones(3), w=torch.ones(3), b=1.0)
    ''', _T),
    "two results": _T + "def both(x):\n    return x.sin(), x.cos()\n\ns, c = both(torch.ones(2))\npair = both(torch.zeros(2))\n",
    "a function with a loop": _T + "def f(x, n):\n    for _ in range(n):\n        x = x * 2\n    return x\n\ny = f(torch.ones(2), 3)\n",
    "a function that prints": _T + "def show(x):\n    print(x)\n\nshow(torch.ones(2))\n",
    "a global in a function": _T + "w = torch.ones(2)\n\ndef f(x):\n    return x * w\n\ny = f(torch.ones(2))\n",
    "a decorated function": _T + "@torch.no_grad()\ndef f(x):\n    return x * 2\n\ny = f(torch.ones(2))\n",
    "a lambda": _T + "f = lambda x: x * 2\ny = f(torch.ones(2))\n",
    # Training
    "a training loop": _p("""
    X, y = data.moons(200, noise=0.1, seed=0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(200):
        optimizer.zero_grad()
        scores = net(X)
        loss = nn.functional.cross_entropy(scores, y)
        loss.backward()
        optimizer.step()
    print(loss.item())
    """, _D),
    "a training loop with more": _p("""
    torch.manual_seed(0)
    X, y = data.xor()
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for epoch in range(50):
        # forward
        out = net(X).squeeze(1)
        loss = criterion(out, y.float())

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if epoch % 10 == 0:
            print(epoch, loss.item())
        # the end of the loop
    # after the loop
    print(losses[-1])
    """, _D),
    "training weights": _p("""
    x = torch.linspace(-1, 1, 20)
    target = 3 * x - 1
    w = torch.zeros(1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for step in range(100):
        loss = ((w * x + b - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(w, b)
    """, _T),
    "the loss in one line": _p("""
    net = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(10):
        optimizer.zero_grad()
        F.mse_loss(net(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
        optimizer.step()
    """, _F),
    "a training loop of a module": _p("""
    class Net(nn.Module):
        def __init__(self, hidden):
            super().__init__()
            self.fc1 = nn.Linear(1, hidden)
            self.fc2 = nn.Linear(hidden, 1)

        def forward(self, x):
            return self.fc2(torch.tanh(self.fc1(x)))

    X, y = data.curve()
    net = Net(16)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=1e-3)
    """, _D) + dedent(_LOOP),
    "two optimizers": _p("""
    a = nn.Linear(1, 1)
    b = nn.Linear(1, 1)
    first = torch.optim.SGD(a.parameters(), lr=0.1)
    second = torch.optim.SGD(b.parameters(), lr=0.1)
    x = torch.ones(4, 1)
    for step in range(3):
        first.zero_grad()
        one = a(x).pow(2).mean()
        one.backward()
        first.step()
        second.zero_grad()
        two = (b(x) - a(x).detach()).pow(2).mean()
        two.backward()
        second.step()
    """, _N),
    "training with a scheduler": _p("""
    X = torch.randn(8, 2)
    y = torch.randn(8, 1)
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
    for step in range(20):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(X), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    """, _N),
    "one step": _N + "net = nn.Linear(2, 1)\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)\nloss = net(torch.ones(1, 2)).sum()\noptimizer.zero_grad()\nloss.backward()\noptimizer.step()\n",
    "batches": _p("""
    X = torch.randn(8, 2)
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        for batch in X.split(4):
            optimizer.zero_grad()
            loss = net(batch).pow(2).mean()
            loss.backward()
            optimizer.step()
    """, _N),
    "batches of a loader": _p("""
    from torch.utils.data import DataLoader, TensorDataset

    X, y = torch.randn(8, 2), torch.randn(8, 1)
    loader = DataLoader(TensorDataset(X, y), batch_size=4)
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    # rounds
    for epoch in range(2):
        for a, b in loader:  # batches
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(a), b)
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(epoch, loss.item())
    """, _N),
    "a loop by hand": _p("""
    w = torch.zeros(2, requires_grad=True)
    for _ in range(5):
        loss = ((w - 1) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    """, _T),
    "an optimizer alone": _N + "net = nn.Linear(1, 1)\noptimizer = torch.optim.RMSprop(net.parameters(), lr=0.01)\n",
    "training in one line": _N + "net = nn.Linear(1, 1)\no = torch.optim.SGD(net.parameters(), lr=0.1)\nfor i in range(2): o.zero_grad(); l = net(torch.ones(1, 1)).sum(); l.backward(); o.step()\n",
    # Code
    "branches and loops": _p("""
    x = torch.ones(3)
    if x.sum() > 2:
        x = x * 2
    elif x.sum() > 1:
        x = x * 3
    else:
        x = x * 4
    while x.sum() < 100:
        x = x + x
    for k in range(3):
        x = x + k
    y = x.sin()
    """, _T),
    "unknown calls": _T + "import numpy as np\nimport matplotlib.pyplot as plt\nx = torch.linspace(0, 1, 5)\na = np.sin(3.0)\nplt.plot(x)\nplt.title('a plot')\nplt.show()\ny = x + a\n",
    "undefined": _T + "y = foo(torch.ones(2))\nz = bar + 1\n",
    "errors and files": _p("""
    try:
        x = torch.ones(2)
    except RuntimeError as error:
        print(error)
    finally:
        pass
    assert x is not None
    with torch.no_grad():
        y = x * 2
    del y
    """, _T),
    "in place": _T + "x = torch.ones(3)\nx += 1\nx[0] = 5\nx.add_(1)\nx.grad = None\ny = x * 2\n",
    "comprehensions": _T + "x = torch.ones(3)\nparts = [x * k for k in range(3)]\nbest = max(p.sum() for p in parts)\ny = torch.stack(parts)\nsquares = {k: k ** 2 for k in range(3)}\n",
    "choices": _T + "x = torch.ones(3)\ny = x if x.sum() > 2 else -x\nz = x is y\nw = x.sum() > 0 and y.sum() > 0\n",
    "stars": _T + "sizes = (2, 3)\nx = torch.ones(*sizes)\nfirst, *rest = x\noptions = {'dim': 0}\ny = x.sum(**options)\n",
    "walrus": _T + "y = (x := torch.ones(2)) + 1\n",
    "strings": _T + 'name = "x"\nlong = """two\n  lines  # not a comment\n"""\nx = torch.ones(2)\nprint(name, long, x)\n',
    "formatted names": _T + 'x = torch.ones(2)\nw = 3\nprint(f"x = {x} and {x.sum():>{w}} {x!r} {{x}} {[x for x in [1]]}", f\'{x["a"] if False else x}\')\n',
    "scopes": _p("""
    x = torch.ones(2)
    def outer(a):
        def inner():
            nonlocal a
            global x
            a = x
            x = a + 1
            return a
        return inner()
    y = [x for x in range(3)]
    f = lambda x, z=x: x + z
    class Holder:
        x = x
        def get(self, x=x):
            return self.x + x
    """, _T),
    "match": _T + 'command = ["go", 1]\nmatch command:\n    case ["go", x] if x > 0:\n        y = torch.ones(x)\n    case {"k": v, **rest}:\n        y = rest\n    case str() as s:\n        y = s\n    case [*many]:\n        y = many\n',
    "async": "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    return 1\nprint(main)\n",
    # Form
    "cells": "# %% One\nimport torch\n\nx = torch.ones(2)\n\n# %% Two\n# about y\ny = x + 1  # here\n\n# %% [markdown]\n# words\n",
    "comments everywhere": "# first\n\n# second\nimport torch  # why\n\n\n# about x\nx = torch.ones(  # open\n    2,  # two\n    # nothing\n)  # closed\n\n# last\n",
    "no line break at the end": "import torch\nx = torch.ones(2)",
    "semicolons": "import torch; x = torch.ones(2); y = x + 1 ; print(y);\nz = y ; # done\n",
    "continued lines": "import torch\nx = torch.ones(2) \\\n    + 1\ny = x \\\n  ; z = x\n",
    "odd spaces": "import torch\nx=torch . ones( 2 ,3 )\ny   =   x@x . T\nz = ( ( x ) )+(y . sum( ))\n",
    "tabs": "import torch\nfrom torch import nn\nclass Net(nn.Module):\n\tdef __init__(self):\n\t\tsuper().__init__()\n\t\tself.fc = nn.Linear(2, 1)\n\n\tdef forward(self, x):\n\t\treturn self.fc(x)\n\ny = Net()(torch.ones(1, 2))\n",
    "windows lines": "import torch\r\n\r\n# comment\r\nx = torch.ones(2)\r\nfor i in range(2):\r\n    x = x + 1\r\n    # in\r\n# out\r\ny = x.sin()\r\n",
    "old mac lines": "import torch\rx = torch.ones(2)\ry = x + 1\r",
    "beyond ascii": 'import torch\n# θ ändert sich 🎉\nθ = torch.ones(2)\nname = "🎉🎉"; y = θ + 1  # 🎉 after\nprint("🎉", θ, f"{θ} é {y}")\n',
    "parentheses": _T + "x = (torch.ones(2))\ny = ((x + 1) * (x - 1)) / ((2))\nz = (\n    x\n    + y\n)\n",
    "form feed": "import torch\n\x0cx = torch.ones(2)\n\x0c\ny = x\n",
    "docstring": '"""What this is.\n\nMore.\n"""\nimport torch\n\nx = torch.ones(2)\n',
    "notebook commands": "%matplotlib inline\n!pip install torch\nimport torch\nx = torch.ones(2)\n",
    "one-line blocks": "import torch\nx = torch.ones(2)\nif x.sum() > 1: x = x * 2; y = x\nfor k in range(2): x = x + k\nclass A: pass\n",
    "imports": "import torch.nn as nn, torch\nimport torch.optim\nfrom torch.nn import Linear, ReLU as Rectifier\nfrom torch.optim import (\n    Adam,  # this\n    SGD,\n)\nfrom torch.nn import *\nfc = Linear(2, 3)\ny = Rectifier()(fc(torch.ones(1, 2)))\no = Adam(fc.parameters(), lr=0.1)\n",
    "an import bound again": "import torch\nfrom torch import nn\nnn = 3\nx = torch.ones(nn)\n",
    "only comments": "# nothing here\n\n# at all\n",
    "nothing": "",
    "blank lines": "\n\n   \n",
    "a name twice on a line": _T + "x = torch.ones(2); x = x + x; y = x * x + x\n",
    "shadowed": _T + "x = torch.ones(2)\nsum = x.sum()\nprint = 3\ny = sum + print\n",
    "deep": _T + "x = torch.ones(1)\ny = " + "torch.sin(" * 40 + "x" + ")" * 40 + "\n",
    "many terms": _T + "x = torch.ones(1)\ny = " + " + ".join(["x"] * 120) + "\n",
    # What does not fit
    "misfit of a product": _T + "a = torch.ones(2, 3)\nb = torch.ones(2, 3)\nc = a @ b\nd = c + 1\n",
    "misfit of a layer": _N + "x = torch.ones(4, 3)\nlinear = nn.Linear(2, 8)\nh = linear(x)\n",
    "misfit in a module": _p("""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(2, 8)
            self.fc2 = nn.Linear(4, 1)

        def forward(self, x):
            h = torch.relu(self.fc1(x))
            return self.fc2(h)

    net = Net()
    y = net(torch.ones(1, 2))
    """, _N),
    "misfit of a sum": _T + "a = torch.ones(3)\nb = torch.ones(4)\nc = a + b\n",
    "misfit of a loss": _N + "scores = torch.randn(4, 3)\ntarget = torch.tensor([0, 1])\nloss = nn.functional.cross_entropy(scores, target)\n",
    "a wrong argument": _T + "x = torch.ones(2)\ny = torch.sin(x, 3, 4)\nz = torch.softmax(x, dim=5)\n",
    "too large": _T + "x = torch.zeros(100000, 100000)\ny = x.sum()\n",
    "out of order": _T + "a = torch.ones(2)\n# first\nb = torch.sin(a)\nprint(b)\n# second\nc = torch.cos(a)\nd = torch.exp(c)  # grows\n",
    "parts to train": _p("""
    torch.manual_seed(0)
    X, y = data.moons(40)
    hidden = 4
    linear = nn.Linear(2, hidden)
    out = nn.Linear(hidden, 1)
    criterion = nn.BCEWithLogitsLoss()
    h = torch.relu(linear(X))
    # the score
    score = out(h).squeeze(1)
    loss = criterion(score, y.float())
    print(loss)
    optimizer = torch.optim.Adam([...], lr=0.01)
    """, _D),
    "parts that are trained": _p("""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 16).unsqueeze(1)
    y = x ** 3
    linear = nn.Linear(1, 8)
    tanh = nn.Tanh()
    out = nn.Linear(8, 1)
    optimizer = torch.optim.SGD([*linear.parameters(), *out.parameters()], lr=0.1)
    for step in range(5):
        optimizer.zero_grad()
        h = tanh(linear(x))
        loss = ((out(h) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    print(loss)
    print(linear.weight[0])
    """, _N),
    "grouped and trained": _p("""
    class Net(nn.Module):
        \"\"\"A curve.\"\"\"

        def __init__(self, hidden):
            super().__init__()
            self.linear = nn.Linear(1, hidden)
            self.out = nn.Linear(hidden, 1)

        def forward(self, x):
            # bends
            h = torch.tanh(self.linear(x))
            return self.out(h)


    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 16).unsqueeze(1)
    y = x ** 3
    net = Net(8)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(5):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    print(loss)
    print(net.linear.weight[0])
    """, _N),
    "tabs and windows lines": "import torch\r\nfrom torch import nn\r\n\r\nclass Net(nn.Module):\r\n\tdef __init__(self):\r\n\t\tsuper().__init__()\r\n\t\tself.fc = nn.Linear(2, 1)\r\n\r\n\tdef forward(self, x):\r\n\t\treturn self.fc(x)\r\n\r\nnet = Net()\r\ny = net(torch.ones(1, 2))\r\n",
}  # fmt: skip
"""Programs by name."""
