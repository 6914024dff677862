# Reductions and comparisons, values to Python.
# shapes not compared: aten::fill_ aten::as_strided aten::copy_
# rows not compared: aten::resolve_conj aten::resolve_neg aten::detach aten::allclose
import torch

torch.manual_seed(0)
x = torch.randn(4, 6, requires_grad=True)

# %% profiled
x.sum()
x.sum(dim=1)
x.mean()
x.mean(dim=0, keepdim=True)
x.std()
x.var(dim=1)
x.max()
x.max(dim=1)
x.min()
x.argmax(dim=1)
x.norm()
x.prod()
x.softmax(dim=1)
x.log_softmax(dim=1)
x.logsumexp(dim=1)
x.cumsum(dim=0)
x.sort(dim=1)
x.topk(2, dim=1)
(x > 0).any()
(x > 0).all()
(x == x).sum().item()
float(x.mean())
int(torch.tensor(3))
bool(x.sum() > 0)
(x.mean() + x.std() + x.max() + x.norm() + x.mean(dim=0).sum() + x.logsumexp(dim=1).sum()).backward()
