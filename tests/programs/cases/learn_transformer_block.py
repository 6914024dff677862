# One block of a transformer: attention with a mask, residuals, normalisation, and a copying task.
import math

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(w, dim=2)
        q, k, v = (m.view(b, t, self.heads, w // self.heads).transpose(1, 2) for m in (q, k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(w // self.heads)
        scores = scores.masked_fill(torch.tril(torch.ones(t, t)) == 0, float("-inf"))
        x = x + self.out((F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(b, t, w))
        return x + self.mlp(self.norm2(x))


torch.manual_seed(0)
embed, block, head = nn.Embedding(5, 8), Block(8, 2), nn.Linear(8, 5)
parameters = [*embed.parameters(), *block.parameters(), *head.parameters()]
optimizer = torch.optim.AdamW(parameters, lr=0.01)
tokens = torch.randint(5, (6, 7))
for step in range(31):
    logits = head(block(embed(tokens[:, :-1])))
    loss = F.cross_entropy(logits.reshape(-1, 5), tokens[:, :-1].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(step, f"{loss.item():.3f}")
print(block)
print(sum(p.numel() for p in parameters), block.qkv.weight.grad.shape)
