# A transformer from scratch, the built-in encoder, RMS norm, rotary positions, low-rank adapters.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, math, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=50):
        super().__init__()
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class MHA(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        assert d % h == 0, "d_model must be divisible by num_heads"
        self.d, self.h, self.k = d, h, d // h
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(d, d) for _ in range(4))

    def sdpa(self, Q, K, V, mask=None):
        s = torch.matmul(Q, K.transpose(-2, -1)) / math.sqrt(self.k)
        if mask is not None:
            s = s.masked_fill(mask == 0, -1e9)
        return torch.matmul(torch.softmax(s, dim=-1), V)

    def split(self, x):
        b, s, d = x.size()
        return x.view(b, s, self.h, self.k).transpose(1, 2)

    def combine(self, x):
        b, _, s, d = x.size()
        return x.transpose(1, 2).contiguous().view(b, s, self.d)

    def forward(self, Q, K, V, mask=None):
        return self.W_o(
            self.combine(self.sdpa(self.split(self.W_q(Q)), self.split(self.W_k(K)), self.split(self.W_v(V)), mask))
        )


class Dec(nn.Module):
    def __init__(self, d, h, ff, p=0.0):
        super().__init__()
        self.sa, self.ca = MHA(d, h), MHA(d, h)
        self.ff = nn.Sequential(nn.Linear(d, ff), nn.ReLU(), nn.Linear(ff, d))
        self.n1, self.n2, self.n3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.dr = nn.Dropout(p)

    def forward(self, x, e, sm, tm):
        x = self.n1(x + self.dr(self.sa(x, x, x, tm)))
        x = self.n2(x + self.dr(self.ca(x, e, e, sm)))
        return self.n3(x + self.dr(self.ff(x)))


class Tr(nn.Module):
    def __init__(self, v=12, d=16):
        super().__init__()
        self.e = nn.Embedding(v, d)
        self.pe = PositionalEncoding(d)
        self.dec = nn.ModuleList([Dec(d, 2, 32) for _ in range(2)])
        self.out = nn.Linear(d, v)

    def forward(self, s, t):
        sm = (s != 0).unsqueeze(1).unsqueeze(2)
        tm = (t != 0).unsqueeze(1).unsqueeze(3)
        n = t.size(1)
        np_ = (1 - torch.triu(torch.ones(1, n, n), diagonal=1)).bool()
        tm = tm & np_
        e, x = self.pe(self.e(s)), self.pe(self.e(t))
        for l in self.dec:
            x = l(x, e, sm, tm)
        return self.out(x)


m = Tr()
s = torch.randint(1, 12, (4, 6))
t = torch.randint(1, 12, (4, 7))
crit = nn.CrossEntropyLoss(ignore_index=0)
o = torch.optim.Adam(m.parameters(), lr=1e-2, betas=(0.9, 0.98), eps=1e-9)
for i in range(6):
    o.zero_grad()
    out = m(s, t[:, :-1])
    l = crit(out.contiguous().view(-1, 12), t[:, 1:].contiguous().view(-1))
    l.backward()
    o.step()
    print(f"Epoch: {i + 1}, Loss: {l.item():.4f}")
print(m, m.pe.pe[0, :2], sep="\n")
enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), 2)
print(
    enc(torch.randn(2, 5, 16), mask=nn.Transformer.generate_square_subsequent_mask(5)).shape,
    nn.Transformer.generate_square_subsequent_mask(3),
)
y = enc(torch.ones(1, 3, 16), src_key_padding_mask=torch.tensor([[False, False, True]]))
print(y[0, 0, :4])


class RMSNorm(nn.Module):
    def __init__(s, d, eps=1e-5):
        super().__init__()
        s.w = nn.Parameter(torch.ones(d))
        s.eps = eps

    def forward(s, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + s.eps) * s.w


print(
    RMSNorm(4)(torch.arange(4.0)),
    torch.allclose(RMSNorm(4)(torch.arange(4.0)), nn.RMSNorm(4, eps=1e-5)(torch.arange(4.0))),
)


def rope(x, base=10000.0):
    b, n, d = x.shape
    f = 1.0 / base ** (torch.arange(0, d, 2) / d)
    a = torch.outer(torch.arange(n), f)
    c, s = a.cos(), a.sin()
    x1, x2 = x[..., ::2], x[..., 1::2]
    return torch.stack([x1 * c - x2 * s, x1 * s + x2 * c], -1).flatten(-2)


def rope_c(x, base=10000.0):
    b, n, d = x.shape
    f = torch.polar(
        torch.ones(n, d // 2), torch.outer(torch.arange(n).float(), 1.0 / base ** (torch.arange(0, d, 2).float() / d))
    )
    return torch.view_as_real(torch.view_as_complex(x.reshape(b, n, -1, 2)) * f).flatten(-2)


q = torch.randn(1, 4, 6)
print(rope(q)[0, 1], torch.allclose(rope(q), rope_c(q), atol=1e-6))
print(
    F.scaled_dot_product_attention(q, q, q, is_causal=True)[0, :2],
    F.scaled_dot_product_attention(q, q, q, attn_mask=torch.ones(4, 4).tril().bool())[0, 1],
)
lora = nn.Linear(6, 6, bias=False)
A, B = nn.Parameter(torch.randn(2, 6)), nn.Parameter(torch.zeros(6, 2))
print(
    torch.allclose(lora(q), lora(q) + q @ A.T @ B.T),
    F.silu(q)[0, 0, :2],
    F.gelu(q, approximate="tanh")[0, 0, :2],
    F.glu(q)[0, 0],
)
