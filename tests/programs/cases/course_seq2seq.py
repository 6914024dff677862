# Recurrent encoder and decoder with additive attention and teacher forcing.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F, random

torch.manual_seed(0)
random.seed(0)
SOS, EOS, MAX = 0, 1, 6


class EncoderRNN(nn.Module):
    def __init__(s, n, h, p=0.1):
        super().__init__()
        s.embedding = nn.Embedding(n, h)
        s.gru = nn.GRU(h, h, batch_first=True)
        s.dropout = nn.Dropout(p)

    def forward(s, x):
        return s.gru(s.dropout(s.embedding(x)))


class Bahdanau(nn.Module):
    def __init__(s, h):
        super().__init__()
        s.Wa, s.Ua, s.Va = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 1)

    def forward(s, q, k):
        sc = s.Va(torch.tanh(s.Wa(q) + s.Ua(k))).squeeze(2).unsqueeze(1)
        w = F.softmax(sc, dim=-1)
        return torch.bmm(w, k), w


class AttnDecoder(nn.Module):
    def __init__(s, h, n):
        super().__init__()
        s.embedding = nn.Embedding(n, h)
        s.attention = Bahdanau(h)
        s.gru = nn.GRU(2 * h, h, batch_first=True)
        s.out = nn.Linear(h, n)

    def forward(s, eo, eh, target=None):
        x = torch.empty(eo.size(0), 1, dtype=torch.long).fill_(SOS)
        h = eh
        outs, att = [], []
        for i in range(MAX):
            e = s.embedding(x)
            q = h.permute(1, 0, 2)
            c, w = s.attention(q, eo)
            o, h = s.gru(torch.cat((e, c), dim=2), h)
            o = s.out(o)
            outs.append(o)
            att.append(w)
            x = target[:, i].unsqueeze(1) if target is not None else o.topk(1)[1].squeeze(-1).detach()
        return F.log_softmax(torch.cat(outs, 1), -1), h, torch.cat(att, 1)


src = torch.randint(2, 9, (16, MAX))
tgt = src.flip(1)
enc, dec = EncoderRNN(9, 12), AttnDecoder(12, 9)
eo_, do_ = torch.optim.Adam(enc.parameters(), lr=0.01), torch.optim.Adam(dec.parameters(), lr=0.01)
crit = nn.NLLLoss()
for ep in range(6):
    eo_.zero_grad()
    do_.zero_grad()
    o, h = enc(src)
    d, _, a = dec(o, h, tgt)
    l = crit(d.view(-1, d.size(-1)), tgt.view(-1))
    l.backward()
    eo_.step()
    do_.step()
    print(f"{ep} {l:.4f}")
enc.eval()
dec.eval()
with torch.no_grad():
    o, h = enc(src[:1])
    d, _, a = dec(o, h)
    _, top = d.topk(1)
    print(top.squeeze().shape, a.shape, a.sum(-1))
