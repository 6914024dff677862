# A bidirectional LSTM that tags sequences, packed sequences, and cells.
# tolerance: 1e-3
# The losses are printed to four digits after many steps of float32 arithmetic.
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 4)
        self.lstm = nn.LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(10, 2)

    def forward(self, tokens):
        out, (hidden, cell) = self.lstm(self.embed(tokens))
        return self.head(out), hidden


torch.manual_seed(1)
net = Tagger()
print(net)
tokens = torch.randint(0, 6, (3, 7))
tags = tokens % 2
optimizer = torch.optim.RAdam(net.parameters(), lr=0.05)
for step in range(15):
    optimizer.zero_grad()
    logits, hidden = net(tokens)
    loss = nn.functional.cross_entropy(logits.reshape(-1, 2), tags.reshape(-1))
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(step, f"{loss.item():.3f}", tuple(hidden.shape))

gru = nn.GRU(2, 3)
sequences = [torch.ones(n, 2) for n in (4, 2, 1)]
packed, last = gru(pack_sequence(sequences))
padded, lengths = pad_packed_sequence(packed)
print(packed.batch_sizes, lengths, padded.shape, last.shape)
print(pad_sequence(sequences, batch_first=True).shape)
cell, state = nn.LSTMCell(2, 3), None
for element in torch.ones(3, 1, 2):
    state = cell(element, state)
print([tuple(s.shape) for s in state], nn.RNN(2, 3, nonlinearity="relu"))
