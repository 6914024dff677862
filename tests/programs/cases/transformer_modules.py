# A small language model of encoder layers with a causal mask.
# tolerance: 1e-3
# The losses are printed to four digits after many steps of float32 arithmetic.
import torch
from torch import nn


class Language(nn.Module):
    def __init__(self, size=8, length=6):
        super().__init__()
        self.embed, self.place = nn.Embedding(5, size), nn.Parameter(torch.zeros(length, size))
        layer = nn.TransformerEncoderLayer(
            size, 2, 16, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
        )
        self.body = nn.TransformerEncoder(layer, 2, nn.LayerNorm(size), enable_nested_tensor=False)
        self.head = nn.Linear(size, 5)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        return self.head(
            self.body(self.embed(tokens) + self.place[: tokens.shape[1]], mask=mask, is_causal=True)
        )


torch.manual_seed(2)
net = Language()
print(net)
tokens = torch.arange(14).reshape(2, 7) % 5
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
for step in range(12):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(step, f"{loss.item():.3f}")
attention = nn.MultiheadAttention(8, 4)
out, weights = attention(torch.ones(3, 2, 8), torch.ones(5, 2, 8), torch.ones(5, 2, 8))
print(out.shape, weights)
