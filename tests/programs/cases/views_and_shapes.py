# Functions that only look differently: shapes and gradients.
import torch

x = torch.arange(6.0).reshape(2, 3).requires_grad_()
weights = torch.arange(1.0, 7.0)
for label, y in {
    "view": x.view(3, 2), "view -1": x.view(-1), "reshape": x.reshape(1, 6), "T": x.T, "transpose": x.transpose(0, 1),
    "permute": x.permute(1, 0), "unsqueeze": x.unsqueeze(1), "squeeze": x.unsqueeze(0).squeeze(0),
    "flatten": x.flatten(), "movedim": x.movedim(0, 1), "swapaxes": x.swapaxes(0, 1),
    "unflatten": x.unflatten(1, (3, 1)), "ravel": x.ravel(), "narrow": x.narrow(1, 0, 2), "select": x.select(0, 1),
    "diagonal": x.diagonal(), "flip": x.flip(1), "roll": x.roll(1, 1),
}.items():  # fmt: skip
    flat = y.reshape(-1)
    (gradient,) = torch.autograd.grad((flat * weights[: flat.numel()]).sum(), x)
    print(label, tuple(y.shape), y.grad_fn.name(), gradient.tolist())
print([tuple(p.shape) for p in x.split(2, dim=1)], [tuple(p.shape) for p in x.chunk(2, dim=1)])
print([p.tolist() for p in x.unbind(1)])
print(
    torch.cat([x, x], dim=1).shape,
    torch.stack([x, x], dim=2).shape,
    torch.hstack([x, x]).shape,
    torch.vstack([x, x]).shape,
)
print(x.repeat(2, 2).shape, x.tile((2,)).shape, x.repeat_interleave(2).shape, x.squeeze().shape)
