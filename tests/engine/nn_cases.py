"""Small programs over nn and optim, run in PyTorch to record what they print and in the engine to compare.

Each case is source text that may use ``torch``, ``nn``, ``F``, ``optim`` and the helpers below.
"""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

import contextlib
import hashlib
import io
import warnings
from typing import Any

ACTIVATIONS = [
    *[
        "relu",
        "relu6",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "sigmoid",
        "tanh",
        "softplus",
        "softsign",
    ],
    *[
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "logsigmoid",
        "tanhshrink",
        "softshrink",
        "hardshrink",
        "leaky_relu",
    ],
]
POINTWISE_LOSSES = [
    *["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits"],
    *["poisson_nll_loss", "kl_div"],
]

CASES: dict[str, str] = {}

for _name in ACTIVATIONS:
    CASES[f"F.{_name}"] = f"""
x = torch.linspace(-2, 2, 9)
check(F.{_name}, x)
check(F.{_name}, torch.randn(2, 3, dtype=torch.float64))
"""

CASES["activations with settings"] = """
x = torch.linspace(-2, 2, 9)
check(F.leaky_relu, x, negative_slope=0.2)
check(F.elu, x, alpha=0.5)
check(F.celu, x, alpha=0.5)
check(F.gelu, x, approximate='tanh')
check(F.softplus, x, beta=2, threshold=3)
check(F.hardtanh, x, min_val=-2, max_val=0.5)
check(F.threshold, x, threshold=0.1, value=20)
check(F.softshrink, x, lambd=1.5)
check(F.hardshrink, x, lambd=1.5)
check(F.prelu, x, torch.tensor([0.25]))
check(F.prelu, torch.randn(2, 3, 2), torch.tensor([0.1, 0.2, 0.3]))
print(F.relu(torch.tensor([-1., 2.]).clone(), inplace=True), F.elu_(torch.tensor([-1., 2.])))
x = torch.randn(3, requires_grad=True)
y = F.relu_(x * 2)
print(chain(y))
"""

CASES["softmax family"] = """
x = torch.randn(2, 3, 4)
for dim in (0, 1, -1):
    check(F.softmax, x, dim=dim)
    check(F.log_softmax, x, dim=dim)
check(F.softmin, x[0], dim=1)
check(F.softmax, torch.tensor([1000., 0.]), dim=0)
print(nn.Softmax2d()(x).sum(0))
attempt(lambda: F.softmax(torch.ones(2, dtype=torch.long), 0))
print(F.softmax(torch.ones(2, dtype=torch.long), 0, dtype=torch.float32))
print(nn.Softmax()(x[0]))
"""

for _name in POINTWISE_LOSSES:
    CASES[f"F.{_name}"] = f"""
x, y = torch.randn(3, 4), torch.rand(3, 4)
for reduction in ('mean', 'sum', 'none'):
    check(F.{_name}, x, y, reduction=reduction)
"""

CASES["binary cross entropy"] = """
y = torch.sign(torch.randn(3, 4))
for reduction in ('mean', 'sum', 'none'):
    check(lambda x: F.soft_margin_loss(x, y, reduction=reduction), torch.randn(3, 4))
x, y = torch.rand(3, 4), torch.rand(3, 4)
for reduction in ('mean', 'sum', 'none'):
    check(F.binary_cross_entropy, x, y, reduction=reduction)
check(F.binary_cross_entropy, torch.tensor([0., 1.]), torch.tensor([1., 1.]))
check(F.binary_cross_entropy, x, y, weight=torch.rand(3, 4))
check(F.binary_cross_entropy_with_logits, x, y, pos_weight=torch.tensor([1., 2., 3., 4.]))
check(F.binary_cross_entropy_with_logits, x * 100, y, weight=torch.rand(4))
attempt(lambda: F.binary_cross_entropy(x * 3, y))
attempt(lambda: F.binary_cross_entropy(x, y[0]))
attempt(lambda: F.binary_cross_entropy_with_logits(x, y[0]))
"""

CASES["classification losses"] = """
x, t = torch.randn(3, 4), torch.tensor([0, 3, 1])
for reduction in ('mean', 'sum', 'none'):
    check(F.cross_entropy, x, t, reduction=reduction)
    check(F.nll_loss, x, t, reduction=reduction)
    check(F.cross_entropy, x, t, reduction=reduction, weight=torch.tensor([1., 2., 3., 4.]))
    check(F.cross_entropy, x, t, names=False, reduction=reduction, label_smoothing=0.1)
    check(F.cross_entropy, x, t, names=False, reduction=reduction, label_smoothing=0.1, weight=torch.tensor([1., 2., 3., 4.]))
    check(F.cross_entropy, x, t, reduction=reduction, ignore_index=3)
    check(F.cross_entropy, x, torch.rand(3, 4), reduction=reduction)
check(F.cross_entropy, x[0], t[1])
check(F.cross_entropy, torch.randn(2, 3, 4), torch.tensor([[0, 1, 2, 0], [1, 1, 1, 1]]), names=False)
check(F.cross_entropy, torch.randn(2, 3, 2, 2), torch.zeros(2, 2, 2, dtype=torch.long))
check(F.multi_margin_loss, x, t, names=False)
check(F.multilabel_soft_margin_loss, x, torch.tensor([[0., 1, 0, 1]] * 3))
attempt(lambda: F.cross_entropy(x, t[:2]))
attempt(lambda: F.cross_entropy(x, torch.tensor([0, 1, 4])))
attempt(lambda: F.cross_entropy(x, torch.tensor([0., 1, 2])))
attempt(lambda: F.cross_entropy(x, torch.tensor([[0], [1], [2]])))
attempt(lambda: F.cross_entropy(x, torch.zeros(3, 4, dtype=torch.long)))
attempt(lambda: F.cross_entropy(torch.randn(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)))
attempt(lambda: F.cross_entropy(x[0], torch.tensor([1, 2])))
attempt(lambda: F.cross_entropy(x, t, weight=torch.ones(3)))
attempt(lambda: F.cross_entropy(x, t, reduction='x'))
print(F.cross_entropy(x, torch.tensor([-100] * 3)))
"""

CASES["losses between vectors"] = """
a, b, c = torch.randn(3, 4), torch.randn(3, 4), torch.randn(3, 4)
sign = torch.tensor([1., -1., 1.])
check(F.cosine_similarity, a, b, names=False)
check(F.pairwise_distance, a, b, names=False)
check(F.normalize, a, names=False)
check(lambda a, b: F.cosine_embedding_loss(a, b, sign), a, b, names=False)
check(lambda a, b: F.margin_ranking_loss(a, b, sign), a[:, 0], b[:, 0], names=False)
check(F.triplet_margin_loss, a, b, c, names=False)
check(F.triplet_margin_loss, a, b, c, names=False, swap=True, margin=2.0)
check(lambda a: F.hinge_embedding_loss(a, torch.sign(b)), a, names=False)
check(F.gaussian_nll_loss, a, b, torch.rand(3, 4), names=False)
check(F.kl_div, F.log_softmax(a, 1), F.softmax(b, 1), reduction='batchmean')
check(F.kl_div, F.log_softmax(a, 1), F.log_softmax(b, 1), reduction='sum', log_target=True)
check(F.poisson_nll_loss, a.abs(), b.abs() * 3, names=False, log_input=False, full=True)
"""

CASES["sizes that differ"] = """
check(F.mse_loss, torch.randn(3, 1), torch.randn(3))
check(F.l1_loss, torch.randn(2, 3), torch.randn(3))
attempt(lambda: F.mse_loss(torch.ones(3), torch.ones(4)))
attempt(lambda: F.mse_loss(torch.ones(3), torch.ones(3), reduction='x'))
check(F.mse_loss, torch.randn(3), torch.randn(3), weight=torch.tensor([1., 2., 3.]))
print(F.mse_loss(torch.ones(3), torch.zeros(3), size_average=False))
"""

CASES["linear"] = """
w, b = torch.randn(5, 4), torch.randn(5)
for shape in ((3, 4), (4,), (2, 3, 4)):
    check(F.linear, torch.randn(shape), w, b)
for shape in ((3, 4), (2, 3, 4)):
    check(F.linear, torch.randn(shape), w)
check(F.bilinear, torch.randn(3, 4), torch.randn(3, 6), torch.randn(2, 4, 6), torch.randn(2), names=False)
x = torch.randn(3, 4)
attempt(lambda: F.linear(x, torch.randn(2, 3)))
attempt(lambda: F.linear(x, torch.randn(2, 3), torch.randn(2)))
attempt(lambda: F.linear(x.double(), torch.randn(2, 4), torch.randn(2)))
attempt(lambda: F.linear(torch.tensor(1.), torch.randn(2, 4)))
attempt(lambda: F.linear(torch.randn(5), torch.randn(2, 4), torch.randn(2)))
attempt(lambda: F.linear([1.], torch.randn(2, 4)))
"""

CASES["normalisation"] = """
x = torch.randn(3, 4)
w, b = torch.rand(4), torch.randn(4)
check(F.layer_norm, x, (4,), w, b)
check(F.layer_norm, torch.randn(2, 3, 4), (3, 4))
check(F.layer_norm, torch.randn(2, 3, 4), (3, 4), torch.rand(3, 4), torch.rand(3, 4))
check(F.batch_norm, x, None, None, w, b, True)
mean, var = torch.rand(4), torch.rand(4)
check(lambda x, w, b: F.batch_norm(x, mean, var, w, b), torch.randn(2, 4, 3), w, b)
check(F.group_norm, torch.randn(2, 4, 3), 2, w, b)
check(F.rms_norm, x, (4,), w, names=False)
check(F.instance_norm, torch.randn(2, 4, 3), names=False)
mean, var = torch.zeros(4), torch.ones(4)
F.batch_norm(x, mean, var, training=True, momentum=0.3)
print(mean, var)
attempt(lambda: F.layer_norm(x, (3,)))
attempt(lambda: F.layer_norm(x, (4,), torch.ones(3)))
attempt(lambda: F.batch_norm(torch.ones(1, 3), None, None, training=True))
attempt(lambda: F.batch_norm(x, None, None))
attempt(lambda: F.batch_norm(x, torch.zeros(3), torch.ones(3)))
attempt(lambda: F.group_norm(torch.ones(2, 3, 2), 2))
"""

CASES["embedding"] = """
w = torch.randn(5, 3)
check(lambda w: F.embedding(torch.tensor([[0, 2], [2, 4]]), w), w)
check(lambda w: F.embedding(torch.tensor([0, 2, 2]), w, padding_idx=2), w)
print(F.one_hot(torch.tensor([0, 2, 1])), F.one_hot(torch.tensor([[1], [0]]), 3))
attempt(lambda: F.embedding(torch.tensor([5]), w))
attempt(lambda: F.embedding(torch.tensor([1.]), w))
attempt(lambda: F.one_hot(torch.tensor([1, 5]), 3))
attempt(lambda: F.one_hot(torch.tensor([-1])))
attempt(lambda: F.one_hot(torch.tensor([1.])))
e = nn.Embedding(4, 2, padding_idx=0)
print(e, e.weight, e(torch.tensor([0, 3])))
print(nn.Embedding.from_pretrained(torch.ones(2, 3)).weight)
print(nn.Embedding(4, 2, max_norm=0.5)(torch.tensor([1, 2])).norm(dim=1))
"""

CASES["convolution"] = """
def randn(*sizes): return torch.randint(-3, 4, sizes).float()  # sums of these are exact
x, w, b = randn(2, 3, 6, 5), randn(4, 3, 3, 2), randn(4)
check(F.conv2d, x, w, b)
check(F.conv2d, x, w, b, stride=2, padding=(1, 2))
check(F.conv2d, x, w, dilation=(2, 1))
check(F.conv2d, randn(2, 4, 5, 5), randn(6, 2, 3, 3), groups=2, stride=(1, 2))
check(F.conv1d, randn(2, 3, 7), randn(4, 3, 3), b, padding='same', names=False)
check(F.conv_transpose2d, randn(1, 3, 3, 3), randn(3, 2, 2, 2), randn(2), stride=2, output_padding=1, names=False)
check(F.conv_transpose1d, randn(1, 4, 3), randn(4, 2, 3), groups=2, padding=1, names=False)
attempt(lambda: F.conv2d(torch.ones(3, 4), torch.ones(2, 3, 3, 3)))
attempt(lambda: F.conv2d(torch.ones(1, 2, 5, 5), torch.ones(2, 3, 3, 3)))
attempt(lambda: F.conv2d(torch.ones(1, 3, 2, 2), torch.ones(2, 3, 3, 3)))
attempt(lambda: F.conv2d(torch.ones(1, 3, 2, 2), torch.ones(2, 3, 3, 3), torch.ones(3)))
"""

CASES["pooling and padding"] = """
x = torch.randn(2, 2, 5, 6)
check(F.max_pool2d, x, 2)
check(F.max_pool2d, x, 3, stride=1, padding=1)
check(F.max_pool2d, x, 2, ceil_mode=True)
check(F.max_pool1d, x[0], 2, names=False)
print(F.max_pool2d(x, 2, return_indices=True)[1])
check(F.avg_pool2d, x, 2)
check(F.avg_pool2d, x, 3, stride=2, padding=1)
check(F.avg_pool2d, x, 3, stride=2, padding=1, count_include_pad=False)
check(F.avg_pool2d, x, 2, ceil_mode=True)
check(F.avg_pool1d, x[0], 2, names=False)
check(F.adaptive_avg_pool2d, x, 1)
check(F.adaptive_avg_pool2d, x, (2, 3))
check(F.adaptive_avg_pool2d, x, (3, 4))
check(F.pad, x[0, 0], (1, 2))
check(F.pad, x[0], (1, 1, 2, 0), names=False, mode='reflect')
check(F.pad, x[0], (1, 1, 2, 0), names=False, mode='replicate')
attempt(lambda: F.max_pool2d(torch.ones(2, 2), 2))
attempt(lambda: F.max_pool2d(torch.ones(1, 1, 1, 1), 2))
"""

CASES["dropout"] = """
x = torch.ones(3, 4)
check(F.dropout, x, 0.3)
check(F.dropout, x, 0.3, training=False)
print(F.dropout(x, 1.0), F.dropout(x, 0.0))
print(F.dropout2d(torch.ones(2, 3, 2, 2), 0.5))
print(F.dropout1d(torch.ones(3, 2), 0.5))
print(F.alpha_dropout(x, 0.5, True))
d = nn.Dropout(0.2)
print(d, d(x), d.eval()(x))
attempt(lambda: F.dropout(x, 1.5))
attempt(lambda: nn.Dropout(-1))
print(torch.rand(2))
"""

CASES["attention and gumbel"] = """
q, k, v = torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 4)
check(F.scaled_dot_product_attention, q, k, v, names=False)
check(F.scaled_dot_product_attention, q, k, v, names=False, attn_mask=torch.ones(3, 5, dtype=torch.bool).tril())
check(F.scaled_dot_product_attention, k, k, v, names=False, is_causal=True)
print(F.gumbel_softmax(torch.zeros(2, 3)), F.gumbel_softmax(torch.zeros(2, 3), hard=True))
check(F.glu, torch.randn(3, 4), names=False)
"""

CASES["sums to the last bit"] = """
for n in [*range(1, 70), 100, 127, 128, 255, 257, 513, 1000, 2047, 4097, 9999, 20000, 32767]:
    x = torch.rand(n) - 0.5
    print(n, x.sum().item(), x.mean().item(), (torch.rand(n, dtype=torch.float64) - 0.5).sum().item())
for shape in [(3, 5), (10, 10), (16, 100), (7, 9, 4), (5, 40, 3), (2, 33, 8), (4, 1, 70), (9, 1, 1), (1, 31)]:
    x = torch.randn(shape)
    print(shape, [bits(x.sum(d)) for d in range(len(shape))], bits(x.sum((0, -1))), bits(x.sum((0, 1), keepdim=True)), bits(x.mean(-1)))
for n in (1, 2, 3, 5, 8, 9, 15, 16, 31, 100, 999):
    x = torch.randn(n)
    print(n, x.norm().item(), x.var(unbiased=False).item(), torch.linalg.norm(x).item())
print(torch.tensor([-0.]).sum(), torch.full((3, 2), -0.).sum(0), F.mse_loss(torch.rand(1000), torch.rand(1000)).item())
"""

CASES["repr of modules"] = """
for m in [
    nn.Linear(2, 3), nn.Linear(2, 3, bias=False), nn.Bilinear(2, 3, 4), nn.Identity(5), nn.Flatten(),
    nn.Unflatten(1, (2, 2)), nn.ReLU(), nn.ReLU(True), nn.ReLU6(), nn.ReLU6(True), nn.LeakyReLU(), nn.LeakyReLU(0.2, True),
    nn.ELU(), nn.ELU(0.5, True), nn.CELU(), nn.SELU(), nn.SELU(True), nn.GELU(), nn.GELU('tanh'), nn.SiLU(True), nn.Mish(),
    nn.Sigmoid(), nn.Tanh(), nn.LogSigmoid(), nn.Softplus(), nn.Softsign(), nn.Tanhshrink(), nn.Hardtanh(),
    nn.Hardtanh(-2, 2, True), nn.Hardsigmoid(), nn.Hardswish(True), nn.Hardshrink(), nn.Softshrink(), nn.Threshold(0.1, 20),
    nn.PReLU(), nn.RReLU(), nn.GLU(), nn.Softmax(dim=1), nn.LogSoftmax(1), nn.Softmin(1), nn.Softmax2d(), nn.Dropout(),
    nn.Dropout2d(0.1, True), nn.AlphaDropout(), nn.LayerNorm(4), nn.LayerNorm((2, 3), bias=False),
    nn.LayerNorm(4, elementwise_affine=False), nn.BatchNorm1d(4), nn.BatchNorm2d(4, affine=False), nn.GroupNorm(2, 4),
    nn.InstanceNorm1d(3), nn.RMSNorm(4), nn.Embedding(10, 3), nn.Embedding(10, 3, padding_idx=-1, max_norm=1.0),
    nn.Conv2d(1, 6, 5), nn.Conv2d(2, 4, (3, 5), stride=2, padding=1, dilation=2, groups=2, bias=False),
    nn.Conv1d(1, 2, 3, padding='same'), nn.ConvTranspose2d(1, 2, 3, output_padding=1, stride=2), nn.MaxPool2d(2),
    nn.MaxPool1d(3, 2), nn.AvgPool2d(2), nn.AvgPool1d(2), nn.AdaptiveAvgPool2d(1), nn.ZeroPad2d(1), nn.ConstantPad1d(2, 3.0),
    nn.ReflectionPad1d(1), nn.MSELoss(), nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(), nn.CosineSimilarity(),
]:
    print(m, [(name, tuple(p.shape)) for name, p in m.state_dict().items()])
"""

CASES["repr of trees"] = """
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self.act = nn.ReLU()
    def extra_repr(self):
        return 'first=1\\nsecond=2'

class Empty(nn.Module):
    pass

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(2) for _ in range(3)])
        self.head = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
        self.extra = nn.ModuleDict({'a': nn.Identity(), 'b': Empty()})
        self.free = nn.ParameterList([torch.ones(2), torch.zeros(3, 1)])
        self.named = nn.ParameterDict({'w': torch.ones(2, 2)})
        self.none = None
print(Net())
print(nn.ModuleList(), nn.Sequential(), nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh(), nn.ReLU()]))
net = Net()
print([n for n, _ in net.named_parameters()])
print([n for n, _ in net.named_modules()])
print([n for n, _ in net.named_children()], len(list(net.modules())))
print(list(net.state_dict()))
print(sum(p.numel() for p in net.parameters()))
"""

CASES["types"] = """
print([type(x) for x in (torch.ones(1), nn.Parameter(torch.ones(1)), nn.Linear(1, 1), nn.BatchNorm1d(2), nn.Flatten(), nn.MaxPool2d(2),
    nn.Sequential(), nn.MSELoss(), nn.CosineSimilarity(), nn.ReLU(), nn.LayerNorm(2), nn.ZeroPad2d(1), nn.InstanceNorm1d(1), nn.Embedding(1, 1))])
print(nn.Module, optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Adadelta, optim.Optimizer, optim.lr_scheduler.StepLR)
print(isinstance(nn.Parameter(torch.ones(1)), torch.Tensor), isinstance(torch.ones(1), nn.Parameter), issubclass(nn.Linear, nn.Module))
"""

CASES["containers"] = """
s = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
print(len(s), s[0], s[-1], s[1:], nn.Sequential(s[0]) + nn.Sequential(s[1]))
s.append(nn.Tanh()); s.insert(1, nn.Sigmoid()); print(s)
del s[1]; s[0] = nn.Identity(); print(s, s.pop(1)); print(s)
from collections import OrderedDict
print(nn.Sequential(OrderedDict([('one', nn.ReLU()), ('two', nn.Tanh())])).two)
attempt(lambda: s[9]); attempt(lambda: s + 1)
l = nn.ModuleList([nn.ReLU()]); l += [nn.Tanh()]; l.extend([nn.ReLU()]); l.insert(0, nn.Sigmoid()); print(l, l[1:3], l[-1])
attempt(lambda: l(1)); attempt(lambda: l.extend(3)); attempt(lambda: l[7])
d = nn.ModuleDict([('a', nn.ReLU())]); d['b'] = nn.Tanh(); print(d, list(d), 'a' in d, d.pop('a'), list(d.items()))
p = nn.ParameterList([nn.Parameter(torch.ones(1))]); p.append(torch.zeros(2)); print(p, p[0], len(p), p[0:1])
q = nn.ParameterDict({'b': torch.ones(1), 'a': torch.zeros(2)}); print(q, list(q.keys()), q.get('z'))
attempt(lambda: p()); attempt(lambda: q[3]); attempt(lambda: nn.ModuleDict(3))
print((nn.Sequential(nn.ReLU()) * 2))
"""

CASES["module errors"] = """
class Early(nn.Module):
    def __init__(self, what):
        if what == 'module': self.a = nn.Linear(1, 1)
        if what == 'parameter': self.a = nn.Parameter(torch.ones(1))
        if what == 'buffer': self.register_buffer('a', torch.ones(1))
        if what == 'plain': self.a = 3
for what in ('module', 'parameter', 'buffer', 'plain'):
    attempt(lambda: Early(what).a)
m = nn.Linear(2, 2)
attempt(lambda: setattr(m, 'weight', torch.ones(2)))
attempt(lambda: setattr(m, 'weight', 3))
m.child = nn.ReLU()
attempt(lambda: setattr(m, 'child', 3))
m.register_buffer('buf', torch.ones(1))
attempt(lambda: setattr(m, 'buf', 'x'))
attempt(lambda: m.missing)
attempt(lambda: m.register_parameter('a.b', None)); attempt(lambda: m.register_parameter('', None))
attempt(lambda: m.register_parameter('forward', None)); attempt(lambda: m.register_parameter(3, None))
attempt(lambda: m.register_parameter('q', torch.ones(1))); attempt(lambda: m.register_parameter('q', nn.Parameter(torch.ones(1)) * 2))
attempt(lambda: m.register_buffer('a.b', None)); attempt(lambda: m.register_buffer('weight', None)); attempt(lambda: m.register_buffer('q', 3))
attempt(lambda: m.add_module('q', 3)); attempt(lambda: m.add_module('a.b', m)); attempt(lambda: m.add_module('', m)); attempt(lambda: m.add_module('weight', m))
attempt(lambda: nn.Module()(1)); attempt(lambda: nn.Module(3)); attempt(lambda: nn.Module(x=3))
attempt(lambda: m.get_submodule('x')); attempt(lambda: m.get_parameter('child')); attempt(lambda: m.get_buffer('weight'))
attempt(lambda: m.train(1)); attempt(lambda: m.to(torch.int64)); attempt(lambda: m.load_state_dict(3))
attempt(lambda: nn.Parameter(torch.tensor([1, 2])))
m.weight = None; print(m.weight, list(m.state_dict()))
del m.child; attempt(lambda: m.child); attempt(lambda: delattr(m, 'nothing'))
m.weight = nn.Parameter(torch.ones(2, 2)); m.buf = torch.zeros(3); print(m.buf, m._buffers, 'weight' in dir(m))
"""

CASES["state dicts"] = """
a, b = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
print(a.state_dict())
print(b.load_state_dict(a.state_dict()), b.state_dict()['0.weight'])
print(torch.equal(a[0].weight, b[0].weight), a[0].weight is b[0].weight)
partial = {'0.weight': torch.zeros(2, 2), 'x.y': torch.ones(1)}
attempt(lambda: b.load_state_dict(partial), whole=True)
print(b.load_state_dict(partial, strict=False))
attempt(lambda: b.load_state_dict({**a.state_dict(), '0.weight': torch.zeros(3, 2)}), whole=True)
attempt(lambda: b.load_state_dict({**a.state_dict(), '0.weight': 3}), whole=True)
print(b.state_dict(prefix='p.').keys(), b.state_dict(keep_vars=True)['0.bias'].requires_grad)
c = nn.Linear(1, 1)
c.register_buffer('kept', torch.ones(1)); c.register_buffer('lost', torch.ones(1), persistent=False)
print(list(c.state_dict()))
c.tag = nn.Buffer(torch.zeros(1)); print(list(c.state_dict()), [n for n, _ in c.named_buffers()])
print(c.load_state_dict({'weight': torch.ones(1, 1), 'bias': torch.ones(1), 'kept': torch.zeros(1), 'tag': torch.ones(1)}, assign=True), c.weight)
"""

CASES["hooks"] = """
m = nn.Linear(2, 1, bias=False)
with torch.no_grad(): m.weight.copy_(torch.tensor([[1., 2.]]))
h = [
    m.register_forward_pre_hook(lambda mod, args: print('pre', args)),
    m.register_forward_hook(lambda mod, args, out: print('post', out)),
    m.register_full_backward_pre_hook(lambda mod, g: print('back pre', g)),
    m.register_full_backward_hook(lambda mod, gi, go: print('back', gi, go)),
]
x = torch.tensor([[3., 4.]], requires_grad=True)
y = m(x); print(chain(y)); y.sum().backward(); print(x.grad, m.weight.grad)
for handle in h: handle.remove()
print(m(x))
with m.register_forward_hook(lambda mod, args, out: out * 10): print(m(x))
print(m(x))
m.register_forward_pre_hook(lambda mod, args: (args[0] * 2,)); print(m(x))
m.register_forward_pre_hook(lambda mod, args, kwargs: print('first', kwargs), with_kwargs=True, prepend=True); print(m(input=x) if False else m(x))
n = nn.Linear(2, 2); n.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 100,))
z = torch.ones(1, 2, requires_grad=True); n(z).sum().backward(); print(z.grad / n.weight.sum(0))
n.register_full_backward_pre_hook(lambda mod, go: (go[0] * 0,)); n.zero_grad(set_to_none=True); n(z).sum().backward(); print(n.weight.grad)
class Two(nn.Module):
    def forward(self, a, b): return a * 2, b * 3
t = Two(); t.register_full_backward_hook(lambda mod, gi, go: print(gi, go))
a, b = torch.ones(2, requires_grad=True), torch.ones(2)
p, q = t(a, b); (p.sum() * 5).backward(); print(a.grad)
"""

CASES["moving and switching"] = """
m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
print({n: t.dtype for n, t in m.double().state_dict().items()})
print(m.float()[0].weight.dtype, m.half()[0].weight.dtype, m.to(torch.float64)[0].weight.dtype, m.to('cpu') is m)
m.to(dtype=torch.float32, device='cpu'); print(m[0].weight.dtype, m[0].weight.is_leaf, m[0].weight.requires_grad)
print(m.training, m.eval().training, m[1].training, m.train()[1].training)
m.requires_grad_(False); print([p.requires_grad for p in m.parameters()])
seen = []; m.apply(lambda mod: seen.append(type(mod).__name__)); print(seen)
m.requires_grad_(); m(torch.randn(3, 2)).sum().backward()
m.zero_grad(set_to_none=True); print(m[0].weight.grad)
import copy
c = copy.deepcopy(m); print(c, c[0].weight is m[0].weight, torch.equal(c[0].weight, m[0].weight))
shared = nn.Linear(2, 2); both = nn.Sequential(shared, shared); print(len(list(both.parameters())), [n for n, _ in both.named_parameters(remove_duplicate=False)])
print(m.get_parameter('0.weight').shape, m.get_submodule('1'), m.get_buffer('1.running_mean'))
"""

CASES["batch norm as a module"] = """
m = nn.BatchNorm1d(3)
for _ in range(3): y = m(torch.randn(4, 3) * 2 + 1)
print(y, m.running_mean, m.running_var, m.num_batches_tracked)
print(m.eval()(torch.ones(2, 3)))
attempt(lambda: m(torch.ones(3))); attempt(lambda: m(torch.ones(2, 4)))
c = nn.BatchNorm2d(2, momentum=None); c(torch.randn(2, 2, 3, 3)); c(torch.randn(2, 2, 3, 3)); print(c.running_mean, c.running_var)
print(nn.InstanceNorm1d(2)(torch.randn(2, 3)), nn.GroupNorm(1, 2)(torch.randn(2, 2, 2)), nn.LayerNorm(3)(torch.randn(2, 3)))
"""

CASES["a small image network"] = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3)
        self.fc1, self.fc2 = nn.Linear(6 * 2 * 2, 10), nn.Linear(10, 3)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))
net = Net(); print(net)
x, t = torch.randn(5, 1, 10, 10), torch.tensor([0, 1, 2, 0, 1])
opt = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for _ in range(5):
    opt.zero_grad(); loss = nn.CrossEntropyLoss()(net(x), t); loss.backward(); opt.step(); print(loss)
print(net.conv1.weight[0])
"""

CASES["initial values"] = """
torch.set_printoptions(precision=3)
for f in [nn.init.uniform_, nn.init.normal_, nn.init.xavier_uniform_, nn.init.xavier_normal_, nn.init.kaiming_uniform_,
          nn.init.kaiming_normal_, nn.init.trunc_normal_, nn.init.ones_, nn.init.zeros_, nn.init.eye_, nn.init.orthogonal_]:
    print(f.__name__, f(torch.empty(3, 4)))
w = torch.empty(4, 3)
print(nn.init.constant_(w, 0.3), nn.init.sparse_(w, 0.5), nn.init.orthogonal_(w, gain=2))
print(nn.init.kaiming_uniform_(w, mode='fan_out', nonlinearity='relu'), nn.init.dirac_(torch.empty(2, 2, 3)))
print(nn.init.trunc_normal_(w, 0, 1, 2.0, 3.0), nn.init.normal_(torch.empty(5, 7).t(), 1, 2))
print([nn.init.calculate_gain(n) for n in ('linear', 'tanh', 'relu', 'leaky_relu', 'selu', 'conv2d')])
attempt(lambda: nn.init.calculate_gain('x')); attempt(lambda: nn.init.kaiming_uniform_(torch.empty(3))); attempt(lambda: nn.init.eye_(torch.empty(3)))
attempt(lambda: nn.init.kaiming_uniform_(w, mode='x'))
for m in (nn.Linear(3, 2), nn.Bilinear(2, 2, 2), nn.Conv2d(1, 2, 2), nn.Embedding(2, 3), nn.ConvTranspose1d(2, 2, 2), nn.PReLU()):
    for name, p in m.named_parameters(): print(name, p)
x = torch.empty(2, 2, requires_grad=True); nn.init.uniform_(x); print(x.requires_grad, x._version)
print(nn.init.uniform_(torch.empty(5, 7).t()), nn.init.normal_(torch.empty(2, 3, 4).permute(1, 2, 0)))
torch.set_printoptions(precision=4)
"""

CASES["clipping and vectors"] = """
m = nn.Linear(3, 2)
m(torch.randn(4, 3)).pow(2).sum().backward()
print(nn.utils.clip_grad_norm_(m.parameters(), 1.0), m.weight.grad, m.bias.grad)
print(nn.utils.clip_grad_norm_(m.parameters(), 10.0), nn.utils.clip_grad_norm_(m.parameters(), 0.5, norm_type=float('inf')))
nn.utils.clip_grad_value_(m.parameters(), 0.2); print(m.weight.grad)
v = nn.utils.parameters_to_vector(m.parameters()); print(v, chain(v)[:3])
nn.utils.vector_to_parameters(torch.arange(8.), m.parameters()); print(m.weight, m.bias)
m.weight.grad.fill_(float('nan')); attempt(lambda: nn.utils.clip_grad_norm_(m.parameters(), 1.0, error_if_nonfinite=True))
"""


def _chain(tensor: Any, depth: int = 6) -> str:
    def name(node: Any, left: int) -> str:
        if node is None:
            return "-"
        kind = node.name().removeprefix("torch::autograd::")
        if kind == "AccumulateGrad" or not left:
            return "leaf"
        return f"{kind}({', '.join(name(n, left - 1) for n, _ in node.next_functions)})"

    return name(tensor.grad_fn, depth)


def run(torch: Any, source: str) -> str:
    """What the case prints, warnings included, with PyTorch or the engine as `torch`."""
    out = io.StringIO()

    def check(function: Any, *args: Any, names: bool = True, **keywords: Any) -> None:
        """Print a function's value, the chain of its backward nodes, and its gradients."""
        leaves = [
            a.detach().clone().requires_grad_()
            if isinstance(a, torch.Tensor) and a.is_floating_point()
            else a
            for a in args
        ]
        torch.set_printoptions(precision=3)  # the last bits of exp and its like differ between machines
        value = function(*leaves, **keywords)
        print(value.detach(), _chain(value) if names else "", file=out)
        if value.requires_grad:
            value.backward(torch.linspace(0.5, 2, value.numel()).reshape(value.shape).to(value.dtype))
        for leaf in leaves:
            if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
                print(leaf.grad, file=out)
        torch.set_printoptions(precision=4)

    def attempt(function: Any, whole: bool = False) -> None:
        """Print what a call gives, or its error's type and first line."""
        try:
            print(function(), file=out)
        except Exception as error:
            text = str(error) if whole else str(error).split("\n")[0]
            print(f"{type(error).__name__}: {text}", file=out)

    def bits(tensor: Any) -> str:
        """A digest of a tensor's exact values; a number as it is."""
        if not isinstance(tensor, torch.Tensor):
            return repr(tensor)
        return hashlib.sha256(tensor.detach().cpu().numpy().tobytes()).hexdigest()[:12]

    scope = {
        "torch": torch,
        "nn": torch.nn,
        "F": torch.nn.functional,
        "optim": torch.optim,
        "check": check,
        "attempt": attempt,
        "chain": _chain,
        "bits": bits,
        "print": lambda *values, **keywords: print(*values, file=out, **keywords),
    }
    torch.set_printoptions(profile="default")  # another case may have left its own
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out):
        warnings.simplefilter("always")
        try:
            exec(compile(source, "<case>", "exec"), scope)
        finally:
            torch.set_printoptions(profile="default")
    shown = dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught)
    return out.getvalue() + "".join(f"{line}\n" for line in shown)
