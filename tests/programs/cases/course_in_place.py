# Versions, views, leaves and modes under in-place writes.
import torch

a = torch.ones(3, requires_grad=True)
b = a * 2
print(b._version)
b.add_(1)
print(b._version, b, b.grad_fn)
c = b.clone()
c[0] = 9
print(c, c.grad_fn)
c.sum().backward()
print(a.grad)
x = torch.randn(3).abs().requires_grad_() * 1
y = x.sigmoid()
try:
    y.mul_(2)
    y.sum().backward()
except RuntimeError as e:
    print(str(e)[:300])
v = torch.zeros(2, 2)
r = v[0]
r += 1
v[:, 1].mul_(5)
print(v, r._base is v, v._version, r._is_view(), v[0].is_leaf)
w = torch.ones(2, 2, requires_grad=True)
u = w.clone()
u[0].mul_(3)
u[:, 0].zero_()
print(u, u.grad_fn)
(u**2).sum().backward()
print(w.grad)
for f in (
    lambda: w.add_(1),
    lambda: w[0].add_(1),
    lambda: w.t_() if False else w.fill_(0),
    lambda: w.data.add_(1),
    lambda: torch.relu_(w),
    lambda: w.detach().add_(1),
    lambda: w.view(-1).mul_(2),
    lambda: w.unsqueeze_(0) if False else w.zero_(),
    lambda: w.copy_(torch.zeros(2, 2)),
    lambda: w.expand(3, 2, 2).add_(1),
    lambda: torch.ones(1).expand(3).add_(1),
):
    try:
        print(type(f()).__name__, w._version)
    except RuntimeError as e:
        print(str(e)[:160])
with torch.no_grad():
    w.add_(1)
    w[0] = 0
    w.clamp_(max=2)
print(w, w.is_leaf, w._version)
w.data = torch.zeros(3)
print(w, w.shape)
w.requires_grad = False
print(w)
w.requires_grad_(True)
d = w.detach()
d[0] = 5
print(w, d.requires_grad)


@torch.no_grad()
def ev(t):
    return t * 2


print(ev(w).requires_grad, torch.is_grad_enabled())
with torch.no_grad():
    with torch.enable_grad():
        q = w * 2
print(q.requires_grad, (w * 2).requires_grad)
torch.set_grad_enabled(False)
print((w * 2).requires_grad)
torch.set_grad_enabled(True)
m = torch.nn.ReLU(inplace=True)
t = torch.tensor([-1.0, 2.0])
o = m(t)
print(o is t, t)
e = torch.tensor([1.0, 2.0], requires_grad=True).exp()
torch.nn.functional.relu(e, inplace=True).sum().backward() if False else None
f = torch.ones(2, requires_grad=True)
g = f * 1
torch.nn.functional.dropout(g, 0.5, True, inplace=True)
print(g.grad_fn)
h = torch.arange(4.0)
k = h.view(2, 2)
h[0] = 7
print(
    k,
    h.data_ptr() == k.data_ptr(),
    h.clone().data_ptr() == h.data_ptr(),
    h.contiguous() is h,
    k.t().contiguous().is_contiguous(),
    h.resize_(6).shape,
    h[:4],
    torch.empty_like(h).shape,
)
h.set_(torch.ones(2)) if hasattr(h, "set_") else None
print(h)
s = torch.ones(2, requires_grad=True)
l = (s**2).sum()
s.data.mul_(3)
l.backward()
print(s.grad)
s2 = torch.ones(2, requires_grad=True)
l = (s2**2).sum()
with torch.no_grad():
    s2.mul_(3)
try:
    l.backward()
except RuntimeError as err:
    print(str(err)[:200])
