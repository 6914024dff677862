# Scaled dot-product attention from matmul and softmax.
import math

import torch

torch.manual_seed(0)
q, k, v = (torch.randn(3, 4, requires_grad=True) for _ in range(3))
scores = q @ k.transpose(-2, -1) / math.sqrt(4)
weights = scores.softmax(dim=-1)
print(weights, torch.allclose(weights.sum(-1), torch.ones(3)))
out = weights @ v
print(out)
mask = torch.tril(torch.ones(3, 3)).bool()
causal = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
print(causal)
out.sum().backward()
print(q.grad, v.grad, sep="\n")
batch = torch.randn(2, 3, 4)
print((batch @ batch.mT).softmax(-1).argmax(-1), torch.bmm(batch, batch.transpose(1, 2)).shape)
