"""One transformer block. Self-attention looks back along the row, and learns how numbers follow each other.

Section: Templates.
Panel: training.
"""

# %% Rows of counting: 41 42 43 ...
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.sequences("counting", n=512, length=12, seed=0)
print(data.decode(X[0]), "|", data.decode(X[1]))


# %% Embeddings, attention, a small network, each with a shortcut around it
class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))

    def forward(self, x, mask):
        n = self.norm1(x)
        looked, weights = self.attention(n, n, n, attn_mask=mask)
        x = x + looked
        return x + self.mlp(self.norm2(x)), weights


class Model(nn.Module):
    def __init__(self, letters, length, width=32, heads=2):
        super().__init__()
        self.token = nn.Embedding(letters, width)
        self.place = nn.Embedding(length, width)
        self.block = Block(width, heads)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, letters)

    def forward(self, x):
        length = x.shape[1]
        # True: may not be looked at, because it comes later.
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
        h, weights = self.block(self.token(x) + self.place(torch.arange(length)), mask)
        return self.out(self.norm(h)), weights


# %% Training
model = Model(len(data.alphabet), length=X.shape[1])
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)

for step in range(100):
    batch = torch.randint(len(X), (96,))
    logits, _ = model(X[batch])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y[batch].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 19:
        right = (logits.argmax(-1) == y[batch]).float().mean().item()
        print(f"step {step + 1:3}: loss {loss.item():.3f}, {right:.0%} of the next characters right")

# %% Going on with a number
text = "41 42 43 "
with torch.no_grad():
    while len(text) < 12:
        logits, weights = model(data.encode(text)[None])
        text += data.alphabet[logits[0, -1].argmax()]
print("goes on:", text)

# %% Where each character looks
plt.imshow(weights[0], cmap="viridis")
plt.title("attention: row looks at column")
plt.show()
