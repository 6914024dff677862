# What type a tensor gets, and what happens when types meet.
import torch

print(torch.tensor(1).dtype, torch.tensor(1.0).dtype, torch.tensor(True).dtype)
print(torch.tensor([1, 2.0]).dtype)
print(torch.float, torch.double, torch.long, torch.int, torch.half, torch.uint8, torch.bool)
print(torch.tensor([1, 2], dtype=torch.float64))
print(torch.tensor([1.7, -1.7]).to(torch.int64))
print(torch.tensor([0.0, 2.0]).bool(), torch.tensor([1, 0]).float(), torch.tensor([1.5]).double())
print(torch.tensor([1.9]).long(), torch.tensor([1.9]).int())
i, f, d, b = (
    torch.tensor([1]),
    torch.tensor([1.0]),
    torch.tensor([1.0], dtype=torch.float64),
    torch.tensor([True]),
)
print((i + f).dtype, (i + d).dtype, (f + d).dtype, (b + i).dtype, (b + f).dtype)
print((i + 1.5).dtype, (f + 1).dtype, (i / i).dtype, (i // i).dtype, (b + 1).dtype)
print((torch.tensor(1.0, dtype=torch.float64) + f).dtype)
print(torch.tensor([7, -7]) // 2, torch.tensor([7, -7]) % 3, torch.tensor([7, 2]) / 2)
print(torch.tensor([1, 2, 3]).sum().dtype, torch.tensor([True, True]).sum())
print(f.dtype.is_floating_point, i.dtype.is_floating_point, f.is_floating_point())
print(torch.float32 == torch.float, torch.get_default_dtype())
print(f.type(), i.type(), d.type())
print(torch.tensor([1.0]).type(torch.float64), f.to(d).dtype)
