# What a tensor knows about itself.
import torch

x = torch.arange(24.0).reshape(2, 3, 4)
print(x.shape, x.size(), x.size(1), x.size(-1))
print(x.ndim, x.dim(), x.numel(), len(x), x.nelement())
print(x.dtype, x.device, x.device.type, x.layout)
print(x.stride(), x.stride(1), x.is_contiguous(), x.transpose(0, 2).is_contiguous())
print(x.transpose(0, 2).stride(), x.T.shape if x.ndim == 2 else x.mT.shape)
print(x.requires_grad, x.is_leaf, x.grad, x.grad_fn)
print(x.element_size(), x.storage_offset(), x[1].storage_offset())
print(torch.Size([2, 3]) == (2, 3), tuple(x.shape), list(x.shape), x.shape[1:], x.shape.numel())
print(isinstance(x, torch.Tensor), torch.is_tensor(x), torch.is_tensor(3.0), type(x))
print(x[0, 0].tolist(), x[0, 0, 1].item(), x.max().item(), int(x[1, 2, 3]), float(x[0, 0, 1]))
print(torch.equal(x, x.clone()), torch.allclose(x, x + 1e-9), torch.numel(x))
d = torch.device("cpu")
print(d, repr(d), d.type, d.index, d == torch.device("cpu"), x.to(d) is x, x.cpu() is x)
print(torch.cuda.is_available(), torch.is_grad_enabled(), torch.is_floating_point(x))
print(f"{x[0, 0, 1]:.2f}", f"{x.mean():.3f}", "{}".format(x[0, 0]))
