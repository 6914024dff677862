# Every operator with tensors and numbers on either side.
import torch

a = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
b = torch.tensor([4.0, 5.0, -6.0])
print(a + b, a - b, a * b, a / b, sep="\n")
print(a + 1, 1 + a, 2 - a, a - 2, 3 * a, a / 2, 2 / a, sep="\n")
print(-a, +a, abs(a), a**2, 2**a, b.abs() ** a, sep="\n")
print(b // 2, b % 3, 7 % b, sep="\n")
print(a > b, a <= 1, a == a, a != b, b < 0, b >= 5, sep="\n")
print((a > 0) & (b > 0), (a > 0) | (b > 0), ~(a > 0), (a > 0) ^ (b > 0), sep="\n")
i = torch.tensor([6, 3])
print(i & 2, i | 1, i ^ 3, ~i, i << 1, i >> 1)
print(a.add(b, alpha=10), a.sub(b), a.mul(2), a.div(2), a.pow(3), a.neg(), sep="\n")
print(torch.add(a, b), torch.sub(b, a), torch.mul(a, b), torch.div(a, b), torch.pow(b, 2), sep="\n")
print(torch.div(b, 4, rounding_mode="floor"), torch.div(b, 4, rounding_mode="trunc"), sep="\n")
