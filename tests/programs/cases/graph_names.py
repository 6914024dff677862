# The name of the backward node of each kind of operation.
import torch

x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
v = torch.tensor([1.0, 2.0], requires_grad=True)
results = {
    "x + 1": x + 1, "x - 1": x - 1, "1 - x": 1 - x, "x * x": x * x, "x / 2": x / 2, "1 / x": 1 / x, "-x": -x,
    "x ** 2": x**2, "2 ** x": 2**x, "x ** x": x**x, "x @ x": x @ x, "x @ v": x @ v, "v @ x": v @ x, "v @ v": v @ v,
    "x.T": x.T, "x.t()": x.t(), "x.sum()": x.sum(), "x.sum(0)": x.sum(0), "x.mean()": x.mean(),
    "x.mean(0)": x.mean(0), "x.max()": x.max(), "x.max(0)": x.max(0).values, "x.amax(0)": x.amax(0),
    "x.prod()": x.prod(), "x.var()": x.var(), "x.std()": x.std(), "x.norm()": x.norm(), "x[0]": x[0],
    "x[:, 0]": x[:, 0], "x[0:1]": x[0:1], "x[x > 1]": x[x > 1], "x[[0, 1]]": x[[0, 1]], "x[None]": x[None],
    "reshape": x.reshape(4), "view": x.view(4), "flatten": x.flatten(), "permute": x.permute(1, 0),
    "unsqueeze": x.unsqueeze(0), "squeeze": x[None].squeeze(), "expand": v.expand(3, 2), "clone": x.clone(),
    "repeat": v.repeat(2), "cat": torch.cat([x, x]), "stack": torch.stack([v, v]), "abs": x.abs(),
    "softmax": x.softmax(0), "log_softmax": x.log_softmax(0), "logsumexp": x.logsumexp(0), "double": x.double(),
    "where": torch.where(x > 2, x, v), "cumsum": x.cumsum(0), "outer": torch.outer(v, v), "dot": v.dot(v),
    "mm": x.mm(x), "diag": v.diag(), "trace": x.trace(), "tril": x.tril(), "flip": x.flip(0), "chunk": x.chunk(2)[0],
    "gather": x.gather(0, torch.tensor([[0, 1]])), "bmm": x[None].bmm(x[None]), "sort": x.sort().values,
}  # fmt: skip
for text, result in results.items():
    print(f"{text:12s} {result.grad_fn.name()}")
