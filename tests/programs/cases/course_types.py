# What types and modules say they are.
import torch
from torch import nn, optim
import torch.nn.functional as F
from torch.autograd import Variable, grad, Function
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence
from torch.optim.lr_scheduler import StepLR
from typing import List, Optional, Tuple, Dict, Callable
from torch import Tensor

x = torch.ones(2, requires_grad=True)
print(type(x), type(x.data), type(x.shape), type(x.dtype), type(x.device))
y = (x * 2).sum()
print(type(y.grad_fn), y.grad_fn.name(), repr(y.grad_fn)[:15])
print(type(nn.Linear(2, 2)), type(nn.Linear(2, 2).weight), type(nn.ReLU()), nn.Linear, nn.Conv2d)
print(
    isinstance(x, Tensor),
    isinstance(x, torch.Tensor),
    issubclass(nn.Parameter, Tensor),
    isinstance(nn.Parameter(x), nn.Parameter),
    isinstance(x, Variable),
)
print(
    Tensor,
    Variable,
    Dataset,
    DataLoader,
    nn.Module,
    Function,
    torch.Size,
    torch.dtype,
    torch.device,
    torch.Generator,
    nn.Parameter,
    nn.Sequential,
)
print(x.__class__.__name__, nn.Linear(1, 1).__class__.__name__, nn.Linear(1, 1)._get_name())
print(torch.float32, repr(torch.float32), str(torch.int64), torch.bool, torch.long, torch.double, torch.half)
print(
    torch.device("cpu"),
    repr(torch.device("cuda:0")),
    torch.device("cuda", 1).index,
    torch.device("cpu") == torch.device("cpu"),
)
print(torch.float32.is_floating_point, torch.int64.itemsize, torch.complex64.is_complex, torch.float32 == torch.float)
print(
    torch.Size([2, 3]),
    torch.Size([2, 3]).numel(),
    torch.Size([2, 3]) == (2, 3),
    list(torch.Size([2, 3])),
    torch.Size([2]) + torch.Size([3]),
)
print(
    torch.max(torch.tensor([[1.0, 2.0]]), 1),
    torch.max(torch.tensor([[1.0, 2.0]]), dim=1)[0],
    type(torch.max(torch.tensor([[1.0, 2.0]]), 1)),
)
print(torch.sort(torch.tensor([2.0, 1.0])), torch.topk(torch.tensor([1.0, 3.0, 2.0]), 2))
v, i = torch.tensor([3.0, 1.0]).sort(descending=True)
print(v, i)
print(torch.unique(torch.tensor([1, 2, 1]), return_counts=True), torch.linalg.eigh(torch.eye(2)))
print(torch.Generator().manual_seed(3), type(torch.Generator()))
print(torch.no_grad, type(torch.no_grad()), torch.enable_grad().__class__)
print(torch.get_default_dtype(), torch.is_grad_enabled(), torch.initial_seed() >= 0)
print(
    nn.CrossEntropyLoss(),
    nn.MSELoss(reduction="sum"),
    nn.Dropout(0.3),
    nn.BatchNorm1d(3),
    nn.LayerNorm(4),
    nn.Embedding(3, 4, padding_idx=0),
    nn.LSTM(3, 4, 2, batch_first=True),
    nn.Transformer.__name__,
)
print(TensorDataset(x), DataLoader.__name__, len(DataLoader(TensorDataset(torch.ones(5)), batch_size=2)))
print(hasattr(torch, "compile"), callable(torch.relu), torch.is_tensor(x), torch.is_tensor([1]))
print(x.type(), x.double().type(), torch.ones(1).long().type(), x.data_ptr() == x.data.data_ptr())
print(
    repr(nn.Parameter(torch.ones(2, 2))),
    nn.ParameterList([nn.Parameter(torch.ones(1))]),
    nn.ModuleDict({"a": nn.ReLU()}),
)


class A(Function):
    @staticmethod
    def forward(ctx, i):
        return i * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


o = A.apply(x)
print(o, o.grad_fn, type(o.grad_fn), o.grad_fn.__class__.__name__, A, type(A.apply))
