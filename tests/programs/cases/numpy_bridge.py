# Tensors and NumPy arrays: shared memory, copies and types.
import numpy as np
import torch

a = np.array([1.0, 2.0, 3.0])
t = torch.from_numpy(a)
print(t, t.dtype)
a[0] = 10.0
print(t)
t.mul_(2)
print(a)
copy = torch.tensor(a)
a[1] = -1.0
print(copy, torch.as_tensor(a))
print(torch.tensor(np.float32(1.5)), torch.tensor(np.array([[1, 2]])), torch.tensor(np.int64(3)).dtype)
f = torch.ones(2, 2)
n = f.numpy()
print(type(n).__name__, n.dtype, n.shape)
n += 1
print(f)
print(np.sin(torch.zeros(2).numpy()), torch.tensor([1.0, 2.0]).numpy().mean(), np.asarray(f).sum())
x = torch.ones(2, requires_grad=True)
print(x.detach().numpy(), x.tolist(), x[0].item())
for attempt in (lambda: x.numpy(), lambda: np.asarray(x), lambda: torch.from_numpy([1.0])):
    try:
        attempt()
    except Exception as error:
        print(type(error).__name__, error)
print(torch.from_numpy(np.arange(3)).dtype, torch.from_numpy(np.array([True])).dtype, f.numpy() is f.numpy())
