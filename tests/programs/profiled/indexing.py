# Indexing, joining and reshaping.
# rows not compared: aten::lift_fresh aten::repeat
# shapes not compared: aten::reshape aten::view aten::select aten::as_strided aten::as_strided_ aten::zero_
import torch

torch.manual_seed(0)
x = torch.randn(4, 6, requires_grad=True)
rows = torch.tensor([0, 2])

# %% profiled
a = x[0]
b = x[:, 1]
c = x[1:3, ::2]
d = x[rows]
e = x[x > 0]
f = x[..., None]
x.detach()[0, 1] = 5.0
x.detach()[rows] = 1.0
g = torch.cat([x, x], dim=1)
h = torch.stack([a, a])
i = x.t().reshape(-1)
j = x.permute(1, 0).contiguous()
k = x.unsqueeze(0).expand(2, 4, 6)
m = torch.where(x > 0, x, torch.zeros_like(x))
n = x.gather(1, torch.zeros(4, 1, dtype=torch.int64))
o = x.split(2)
p = x.chunk(2, dim=1)
q = x.flatten()
r = x.view(2, 12).squeeze()
s = x.repeat(2, 1)
(
    d.sum() + e.sum() + c.sum() + g.sum() + i.sum() + n.sum() + m.sum() + o[0].sum() + b.sum() + a.sum()
).backward()
