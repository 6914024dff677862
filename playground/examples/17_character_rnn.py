"""Spelling, letter by letter. A recurrent network reads made-up words and then invents some of its own.

Section: Templates.
Panel: training.
"""

# %% Rows of text; the target is the same row, one letter further
import data
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.sequences("words", n=120, length=16, seed=0)
print("a row:   ", data.decode(X[0]))
print("its next:", data.decode(y[0]))


# %% A memory that is carried from letter to letter
class Speller(nn.Module):
    def __init__(self, letters, width=48):
        super().__init__()
        self.embed = nn.Embedding(letters, 16)
        self.rnn = nn.RNN(16, width, batch_first=True)
        self.out = nn.Linear(width, letters)

    def forward(self, x, memory=None):
        states, memory = self.rnn(self.embed(x), memory)
        return self.out(states), memory


model = Speller(len(data.alphabet))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

# %% Training
for step in range(150):
    logits, _ = model(X)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 30 == 29:
        print(f"step {step + 1:3}: loss {loss.item():.3f}")


# %% Writing: each letter is drawn from what the network expects
@torch.no_grad()
def write(start, count):
    text, memory, x = start, None, data.encode(start)[None]
    for _ in range(count):
        logits, memory = model(x, memory)
        x = torch.multinomial(torch.softmax(logits[0, -1] / 0.7, 0), 1)[None]
        text += data.decode(x[0])
    return text


print(write("ma", 40))
print(write("to", 40))
