"""Programs over torch.utils.data; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

CASES["data sets"] = """
from collections import namedtuple
D = torch.utils.data
class Squares(D.Dataset):
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, k): return torch.tensor(float(k)) ** 2, k
t = D.TensorDataset(torch.arange(6.).reshape(3, 2), torch.tensor([5, 6, 7]))
print(len(t), t[1], t[-1], t[0:2])
c = Squares(3) + Squares(2) + t
print(len(c), c[4], c[-1], c[5], c.datasets[0].cumulative_sizes, D.ConcatDataset([[1, 2], [3]])[2])
s = D.Subset(Squares(10), [9, 2, 4])
print(len(s), s[0], s.__getitems__([1, 2]), D.Subset(torch.arange(5), [3, 1])[[0, 1]])
p = D.StackDataset(torch.arange(3), Squares(3)); print(len(p), p[2], p.__getitems__([0, 1]))
p = D.StackDataset(a=[1, 2], b=s.indices[:2]); print(p[1], p.__getitems__([1, 0]))
class Stream(D.IterableDataset):
    def __iter__(self): return iter(range(5))
    def __len__(self): return 5
print(list(Stream() + Stream()), len(Stream() + Stream()))
attempt(lambda: D.TensorDataset(torch.ones(2), torch.ones(3))); attempt(lambda: D.ConcatDataset([])); attempt(lambda: D.ConcatDataset([Stream()]))
attempt(lambda: c[-20]); attempt(lambda: c[20]); attempt(lambda: D.Dataset()[0]);
attempt(lambda: D.StackDataset()); attempt(lambda: D.StackDataset([1], [1, 2])); attempt(lambda: D.StackDataset([1], a=[1]))
class Odd(D.Subset):
    def __getitem__(self, k): return 1
attempt(lambda: Odd([1], [0]))
print(type(t), type(D.DataLoader(t)), D.Dataset.__module__)
"""

CASES["random_split"] = """
D = torch.utils.data
for lengths in ([3, 7], [0.5, 0.3, 0.2], [0.33, 0.33, 0.34], [1, 9, 0], [1.0]):
    print([list(s.indices) for s in D.random_split(range(10), lengths)])
print([list(s) for s in D.random_split(range(10), [4, 6], generator=torch.Generator().manual_seed(42))], torch.rand(2))
print([len(s) for s in D.random_split(range(2), [0.1, 0.1, 0.8])])
attempt(lambda: D.random_split(range(10), [3, 3])); attempt(lambda: D.random_split(range(10), [1.5, -0.5]))
"""

CASES["samplers"] = """
D = torch.utils.data
print(list(D.SequentialSampler(range(4))), len(D.SequentialSampler(range(4))))
for r in (D.RandomSampler(range(7)), D.RandomSampler(range(7), num_samples=17), D.RandomSampler(range(7), True, 40), D.RandomSampler(range(7), num_samples=3, generator=torch.Generator().manual_seed(3))):
    print(list(r), list(r), len(r), torch.rand(1))
g = torch.Generator().manual_seed(1)
print(list(D.RandomSampler(range(5), True, 64, generator=g)), torch.rand(2, generator=g))
print(list(D.SubsetRandomSampler([5, 7, 9, 11])), list(D.SubsetRandomSampler('abc', generator=g)))
print(list(D.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, replacement=True)), list(D.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False)), torch.rand(1))
b = D.BatchSampler(D.SequentialSampler(range(10)), 3, False); print(list(b), len(b))
b = D.BatchSampler(D.SequentialSampler(range(10)), 3, True); print(list(b), len(b))
attempt(lambda: D.RandomSampler([])); attempt(lambda: D.RandomSampler([1], replacement=3)); attempt(lambda: D.RandomSampler([1], num_samples=-1))
attempt(lambda: D.WeightedRandomSampler([1.0], 0)); attempt(lambda: D.WeightedRandomSampler([1.0], 1, 3)); attempt(lambda: D.WeightedRandomSampler([[1.0]], 1))
attempt(lambda: D.BatchSampler([1], 0, False)); attempt(lambda: D.BatchSampler([1], 1, 0)); attempt(lambda: D.BatchSampler([1], True, False))
attempt(lambda: iter(D.Sampler()))
"""

CASES["loaders"] = """
D = torch.utils.data
x = torch.arange(10.); t = D.TensorDataset(x, x.long() * 2)
torch.manual_seed(3)
for settings in (dict(), dict(batch_size=4), dict(batch_size=4, shuffle=True), dict(batch_size=4, drop_last=True, shuffle=True), dict(batch_size=None), dict(batch_size=3, shuffle=True, generator=torch.Generator().manual_seed(5)),
                 dict(batch_size=3, sampler=D.SubsetRandomSampler([1, 3, 5, 7])), dict(batch_sampler=[[0, 1], [5]]), dict(batch_size=5, collate_fn=lambda rows: len(rows)), dict(batch_size=None, sampler=[[1, 2], [4]])):
    loader = D.DataLoader(t, **settings)
    for epoch in range(2): print(list(loader), len(loader))
    print(torch.rand(1))
loader = D.DataLoader(t, 4, True); it = iter(loader); next(it); print(torch.randn(2)); print(next(it), len(it)); print(loader.batch_size, loader.drop_last, loader.num_workers, loader.generator, loader.pin_memory, loader.timeout)
a, b = next(iter(D.DataLoader(t, batch_size=10))); print(a.shape, b.dtype)
print(list(D.DataLoader(list(range(5)), batch_size=2)), list(D.DataLoader(x, 4)), list(D.DataLoader('abcde', 2)))
print(list(D.DataLoader(D.Subset(t, [3, 1, 2]), 2)))
class Stream(D.IterableDataset):
    def __init__(self, n): self.n = n
    def __iter__(self): return iter(range(self.n))
    def __len__(self): return 5
for n in (5, 8):
    print(list(D.DataLoader(Stream(n), 2)), list(D.DataLoader(Stream(n), 2, drop_last=True)), list(D.DataLoader(Stream(n), None)), len(D.DataLoader(Stream(n), 2)), len(D.DataLoader(Stream(n), 2, drop_last=True)))
attempt(lambda: D.DataLoader(t, num_workers=-1)); attempt(lambda: D.DataLoader(t, timeout=-1)); attempt(lambda: D.DataLoader(t, prefetch_factor=2)); attempt(lambda: D.DataLoader(t, persistent_workers=True))
attempt(lambda: D.DataLoader(Stream(2), shuffle=True)); attempt(lambda: D.DataLoader(Stream(2), sampler=[1])); attempt(lambda: D.DataLoader(Stream(2), batch_sampler=[[1]]))
attempt(lambda: D.DataLoader(t, shuffle=True, sampler=[1])); attempt(lambda: D.DataLoader(t, 2, batch_sampler=[[1]])); attempt(lambda: D.DataLoader(t, None, drop_last=True)); attempt(lambda: D.DataLoader(t, 0))
attempt(lambda: setattr(loader, 'batch_size', 3)); attempt(lambda: D.DataLoader([], shuffle=True)); attempt(lambda: D.DataLoader(t, multiprocessing_context='fork'))
Stream.__repr__ = lambda s: 'S'; loader = D.DataLoader(Stream(7), None); print(len(loader)); print(list(loader))
print(D.get_worker_info())
"""

CASES["collate"] = """
import numpy as np, collections
from collections import namedtuple
c, v = torch.utils.data.default_collate, torch.utils.data.default_convert
P = namedtuple('P', 'x y')
print(c([1, 2]), c([1.5, 2.0]), c([True, False]), c(['a', 'b']), c([b'a']), c([{'a': 0, 'b': [1, 2]}, {'a': 100, 'b': [3, 4]}]), c([P(0, 1), P(2, 3)]), c([(0, 1), (2, 3)]), c([[0, 1], [2, 3]]))
print(c([np.ones(2), np.zeros(2)]), c([np.float32(1), np.float32(2)]), c([np.int16(1), np.int16(2)]), c([torch.ones(2), torch.zeros(2)]), c([range(2), range(2)]), c([collections.OrderedDict(a=1)] * 2), c([([1.0, (2, 'x')], {'k': torch.eye(1)})] * 2))
attempt(lambda: c([[1], [1, 2]])); attempt(lambda: c([object()])); attempt(lambda: c([{1}])); attempt(lambda: c([None])); attempt(lambda: c([np.array(['a'])])); attempt(lambda: c([torch.ones(2), torch.ones(3)]))
print(v(np.ones(2)), v([np.float32(1), 2, 'x']), v((1, 2)), v({'a': np.arange(2)}), v(P(np.ones(1), 1)), v('abc'), v(torch.ones(1)), v(np.array(['a'])))
"""
