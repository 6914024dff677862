# Names classified letter by letter; packed sequences and cells.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, string, unicodedata

torch.manual_seed(0)
letters = string.ascii_letters + " .,;'"
n_letters = len(letters)


def to_ascii(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn" and c in letters)


print(to_ascii("Ślusàrski"), n_letters)


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][letters.find(letter)] = 1
    return tensor


print(lineToTensor("Jo").size(), lineToTensor("ab").nonzero())


class RNN(nn.Module):
    def __init__(self, i, h, o):
        super(RNN, self).__init__()
        self.hidden_size = h
        self.i2h = nn.Linear(i + h, h)
        self.h2o = nn.Linear(h, o)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


data = {"A": ["Anna", "Ada", "Alma"], "B": ["Bob", "Boris", "Bo"], "C": ["Cleo", "Carl"]}
cats = list(data)
rnn = RNN(n_letters, 16, 3)
criterion = nn.NLLLoss()


def train(c, name):
    h = rnn.initHidden()
    rnn.zero_grad()
    lt = lineToTensor(name)
    for i in range(lt.size()[0]):
        output, h = rnn(lt[i], h)
    loss = criterion(output, torch.tensor([cats.index(c)], dtype=torch.long))
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.05)
    return output, loss.item()


for ep in range(6):
    tot = 0
    ok = 0
    for c in cats:
        for n in data[c]:
            o, l = train(c, n)
            tot += l
            top_n, top_i = o.topk(1)
            ok += cats[top_i[0].item()] == c
    print(ep, f"{tot:.4f}", f"{ok}/8")
with torch.no_grad():
    h = rnn.initHidden()
    lt = lineToTensor("Bart")
    for i in range(4):
        o, h = rnn(lt[i], h)
    v, i = o.topk(2, 1, True)
    for k in range(2):
        print("(%.2f) %s" % (v[0][k].item(), cats[i[0][k].item()]))
seqs = [lineToTensor(n).squeeze(1) for n in data["B"]]
p = nn.utils.rnn.pad_sequence(seqs)
lens = torch.tensor([len(s) for s in seqs])
pk = nn.utils.rnn.pack_padded_sequence(p, lens, enforce_sorted=False)
o, h = nn.GRU(n_letters, 4)(pk)
print(pk.batch_sizes, h.shape)
u, l = nn.utils.rnn.pad_packed_sequence(o, batch_first=True)
print(u.shape, l, u[0, 3:].sum())
print(nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]))
print(nn.LSTMCell(3, 2)(torch.ones(1, 3)), nn.GRUCell(3, 2), nn.RNNCell(3, 2)(torch.ones(1, 3)).shape)
lstm = nn.LSTM(3, 3, num_layers=2, bidirectional=True, dropout=0.2, proj_size=2)
o, (h, c) = lstm(torch.randn(4, 1, 3))
print(o.shape, h.shape, c.shape, lstm, [w.shape for w in lstm.all_weights[0]])
