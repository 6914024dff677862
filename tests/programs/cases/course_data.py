# Data sets, samplers, splits, collation.
import torch, random
from torch.utils.data import *

torch.manual_seed(0)


class Face(Dataset):
    def __init__(self, n, transform=None):
        self.x = torch.arange(n * 2.0).reshape(n, 2)
        self.y = list(range(n))
        self.transform = transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        s = {"image": self.x[idx], "label": self.y[idx], "name": f"img{idx}"}
        return self.transform(s) if self.transform else s


class Scale(object):
    def __init__(self, k):
        self.k = k

    def __call__(self, s):
        s["image"] = s["image"] * self.k
        return s


class Compose:
    def __init__(self, ts):
        self.ts = ts

    def __call__(self, s):
        for t in self.ts:
            s = t(s)
        return s


ds = Face(7, Compose([Scale(2.0), Scale(0.5)]))
print(len(ds), ds[3])
dl = DataLoader(ds, batch_size=3, shuffle=True, num_workers=0)
for i, b in enumerate(dl):
    print(i, b["image"].size(), b["label"], b["name"])
print(len(dl), dl.batch_size, dl.dataset is ds, DataLoader(ds, batch_size=3, drop_last=True).__len__())
print(
    list(DataLoader(range(5), batch_size=2)),
    list(DataLoader([(1, "a", 2.5), (2, "b", 3.5)], batch_size=2)),
    list(DataLoader(torch.eye(2))),
    next(iter(DataLoader([{"a": (1, [2.0, 3.0])}] * 2, batch_size=2))),
)


def collate(batch):
    xs, ys = zip(*batch)
    return torch.nn.utils.rnn.pad_sequence(xs, batch_first=True), torch.tensor(ys)


print(list(DataLoader([(torch.ones(n), n) for n in (1, 3, 2)], batch_size=3, collate_fn=collate)))
a, b, c = random_split(range(10), [5, 3, 2], generator=torch.Generator().manual_seed(42))
print(list(a), list(b), list(c), a.indices, type(a))
print([len(s) for s in random_split(range(10), [0.33, 0.67])])
print(
    list(Subset(range(10), [1, 3])),
    len(ConcatDataset([range(2), range(3)])),
    ConcatDataset([range(2), range(3)])[3],
    list(DataLoader(range(6), sampler=SequentialSampler(range(6)), batch_size=4)),
)
w = WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, replacement=True)
print(
    list(w),
    list(RandomSampler(range(4))),
    list(BatchSampler(SequentialSampler(range(5)), 2, False)),
    list(SubsetRandomSampler([3, 1, 2])),
)


class It(IterableDataset):
    def __iter__(self):
        return iter(range(5))


print(list(DataLoader(It(), batch_size=2)), get_worker_info())
g = torch.Generator()
g.manual_seed(0)
print(list(DataLoader(range(4), shuffle=True, generator=g)))


def seed_worker(worker_id):
    random.seed(0)


print(
    len(
        list(
            DataLoader(
                range(4), num_workers=0, worker_init_fn=seed_worker, pin_memory=False, persistent_workers=False
            )
        )
    ),
    default_collate([1, 2]),
    default_collate([torch.ones(1), torch.zeros(1)]),
)
train_features, train_labels = next(
    iter(DataLoader(TensorDataset(torch.randn(6, 1, 4, 4), torch.arange(6)), batch_size=4))
)
print(f"Feature batch shape: {train_features.size()}")
print(train_features[0].squeeze().shape, train_labels[0])
x, y = TensorDataset(torch.arange(4), torch.arange(4.0))[1:3]
print(x, y, len(TensorDataset(torch.ones(3))))
e = enumerate(DataLoader(TensorDataset(torch.arange(3))), 1)
print(next(e), type(next(e)[1]))
from torch.utils.data import Dataset as DS, dataset

print(dataset.Dataset is DS, (Face(2) + Face(3)).__len__(), torch.utils.data.DataLoader is DataLoader)
