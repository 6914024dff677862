# A view is another look at the same numbers.
import torch

x = torch.arange(6.0)
v = x.view(2, 3)
x[0] = 100.0
print(v)
v[1, 2] = -5.0
print(x)
t = v.t()
t[0, 1] = 33.0
print(x, v)
print(v._is_view(), v._base is x, t._base is x, x._base, x.clone()._base)
print(x._version, v._version, t._version)
d = x.detach()
d += 1
print(x, x._version)
print(
    x.reshape(3, 2)._base is x, x.flatten().data_ptr() == x.data_ptr(), x.clone().data_ptr() == x.data_ptr()
)
print(v.T.contiguous().view(6), v.is_contiguous(), t.is_contiguous())
try:
    t.view(6)
except RuntimeError as error:
    print(error)
n = x.numpy()
n[1] = 77.0
print(x[1], torch.from_numpy(n)[1], x.data[1], x.unsqueeze(0)._version)
