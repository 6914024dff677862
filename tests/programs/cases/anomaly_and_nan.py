# Where a NaN comes from, and looking for it with anomaly mode.
import warnings

import torch

x = torch.tensor([0.0, 1.0, 4.0], requires_grad=True)
y = x.sqrt()
y.sum().backward()
print(y, x.grad)
x.grad = None
(torch.where(x > 0, x.sqrt(), torch.zeros(3))).sum().backward()
print(x.grad)
x.grad = None
safe = torch.where(x > 0, x, torch.ones(3)).sqrt()
torch.where(x > 0, safe, torch.zeros(3)).sum().backward()
print(x.grad)
print(
    torch.tensor([0.0]) / 0,
    torch.log(torch.tensor([-1.0, 0.0])),
    torch.isnan(x.grad).any(),
    torch.isinf(y).sum(),
)
print(
    torch.nan_to_num(torch.tensor([float("nan"), float("inf"), 1.0])),
    torch.isfinite(torch.tensor([1.0, float("nan")])),
)
warnings.simplefilter("ignore")
with torch.autograd.set_detect_anomaly(True):
    z = torch.tensor([-1.0], requires_grad=True)
    out = (z.sqrt() * 0).sum()
    try:
        out.backward()
    except RuntimeError as error:
        print(error)
with torch.autograd.detect_anomaly(check_nan=False):
    out = (z.sqrt() * 0).sum()
    out.backward()
    print(z.grad)
