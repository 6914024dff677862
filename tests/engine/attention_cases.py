"""Programs over attention and transformers; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

_HEAD = """torch.set_printoptions(precision=3, sci_mode=False)
def r(t): return t.detach().mul(1000).round().add(0.).div(1000)  # without the signs of zeros
"""

CASES["MultiheadAttention"] = (
    _HEAD
    + """
q, k = torch.randn(4, 2, 6), torch.randn(3, 2, 6)
mask = torch.tensor([[False, True, False]] * 3 + [[False, False, True]])
for settings in (dict(), dict(bias=False), dict(add_bias_kv=True, add_zero_attn=True), dict(kdim=5, vdim=7), dict(batch_first=True)):
    m = nn.MultiheadAttention(6, 3, **settings); print(m, [(n, tuple(p.shape), bits(p)) for n, p in m.named_parameters()])
    a, b, c = q, k, k.clone()
    if 'kdim' in settings: b, c = torch.randn(3, 2, 5), torch.randn(3, 2, 7)
    if m.batch_first: a, b, c = (t.transpose(0, 1) for t in (a, b, c))
    out, w = m(a, b, c); print(out.detach(), w.detach())
    out.square().sum().backward(); print([r(p.grad) for p in m.parameters()])
    print(m(a, b, c, average_attn_weights=False)[1].shape, m(a, b, c, need_weights=False)[1], m(a, b, c, need_weights=False)[0].detach())
    print(m(a, b, c, attn_mask=mask)[0].detach(), m(a, b, c, attn_mask=mask, need_weights=False)[0].detach())
    padding = torch.tensor([[False, False, True], [False, False, False]])
    print(m(a, b, c, key_padding_mask=padding)[1].detach(), m(a, b, c, key_padding_mask=padding, attn_mask=mask, need_weights=False)[0].detach())
m = nn.MultiheadAttention(6, 2, dropout=0.3); x = torch.randn(3, 6)
torch.manual_seed(4); print(m(x, x, x)[0].detach()); m.eval(); print(m(x, x, x)[0].detach())
x = torch.randn(5, 2, 6, requires_grad=True); causal = nn.Transformer.generate_square_subsequent_mask(5)
out, w = m(x, x, x, attn_mask=causal, is_causal=True); print(w.detach()); out.sum().backward(); print(x.grad)
print(m(x, x, x, attn_mask=causal, is_causal=True, need_weights=False)[0].detach(), m(x, x[:3], x[:3])[0].detach())
attempt(lambda: nn.MultiheadAttention(6, 4)); attempt(lambda: nn.MultiheadAttention(0, 1)); attempt(lambda: m(torch.ones(2, 5), torch.ones(2, 5), torch.ones(2, 5))); attempt(lambda: m(x, x[0], x)); attempt(lambda: m(x, x, x, is_causal=True)); attempt(lambda: m(x[0, 0], x, x))
attempt(lambda: m(x, x, x, attn_mask=torch.zeros(3, 3))); attempt(lambda: m(x, x, x, attn_mask=torch.zeros(3, 3, 3))); attempt(lambda: m(x, x, x, attn_mask=torch.zeros(5, 5, dtype=torch.long))); attempt(lambda: m(x, x, x, key_padding_mask=torch.zeros(2, 3))); attempt(lambda: m(x, x, x, key_padding_mask=torch.zeros(5)))
m(x, x, x, attn_mask=causal, key_padding_mask=torch.zeros(2, 5, dtype=torch.bool))
"""
)

CASES["encoder layers"] = (
    _HEAD
    + """
import copy
x = torch.randn(5, 2, 8)
for settings in (dict(), dict(norm_first=True, activation='gelu'), dict(batch_first=True, bias=False), dict(activation=nn.GELU(), batch_first=True)):
    m = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, **settings); print(m, [(n, tuple(p.shape), bits(p)) for n, p in m.named_parameters()])
    a = x.clone().requires_grad_(); out = m(a); print(out.detach()); out.square().sum().backward(); print(a.grad.shape, [r(p.grad.sum()) for p in m.parameters()][:2])
    n = a.shape[1 if m.self_attn.batch_first else 0]
    print(m(x, src_mask=nn.Transformer.generate_square_subsequent_mask(n), is_causal=True).detach())
m = nn.TransformerEncoderLayer(8, 2, 16); torch.manual_seed(1); print(m(x).detach()); m.eval(); print(m(x).detach(), m(x[0]).shape)
attempt(lambda: nn.TransformerEncoderLayer(8, 2, activation='x')); attempt(lambda: nn.TransformerEncoderLayer(8, 3))
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True); e = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8)); print(e, sum(p.numel() for p in e.parameters()))
import warnings; warnings.filterwarnings('ignore', message='The PyTorch API of nested')
padding = torch.tensor([[False, False], [False, True], [False, True], [False, False], [False, True]])
print(e(x).shape); e.eval(); print(e(x, src_key_padding_mask=padding).detach())
with torch.no_grad(): print(e(x, src_key_padding_mask=padding)); print(e(x, mask=torch.zeros(2, 2)))
nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 1); nn.TransformerEncoder(nn.TransformerEncoderLayer(9, 3, batch_first=True), 1); nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, norm_first=True), 1); nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, activation=torch.tanh, batch_first=True), 1)
"""
)

CASES["decoders"] = (
    _HEAD
    + """
tgt, memory = torch.randn(4, 2, 8), torch.randn(5, 2, 8)
for settings in (dict(), dict(norm_first=True, activation='gelu', bias=False)):
    m = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, **settings); print(m, [(n, bits(p)) for n, p in m.named_parameters()]); out = m(tgt, memory, tgt_mask=nn.Transformer.generate_square_subsequent_mask(4), tgt_is_causal=True); print(out.detach()); out.square().sum().backward(); print([r(p.grad.sum()) for p in m.parameters()][:2])
d = nn.TransformerDecoder(m, 2); print(d(tgt, memory, tgt_mask=nn.Transformer.generate_square_subsequent_mask(4), memory_key_padding_mask=torch.tensor([[False] * 5, [False] * 3 + [True] * 2])).detach())
m = nn.TransformerDecoderLayer(8, 2, 16); torch.manual_seed(2); print(m(tgt, memory).detach())
"""
)

CASES["Transformer"] = (
    _HEAD
    + """
m = nn.Transformer(8, 2, 1, 2, 16, dropout=0.0); print(m); print([(n, bits(p)) for n, p in m.named_parameters()])
src, tgt = torch.randn(5, 2, 8), torch.randn(3, 2, 8)
out = m(src, tgt, tgt_mask=m.generate_square_subsequent_mask(3)); print(out.detach()); out.square().sum().backward(); print([p.grad.abs().sum() > 0 for p in m.parameters()][:4])
print(nn.Transformer.generate_square_subsequent_mask(3), nn.Transformer.generate_square_subsequent_mask(2, dtype=torch.float64), type(m), type(m.encoder.layers[0].self_attn), type(m.encoder.layers[0].self_attn.out_proj))
attempt(lambda: m(src, tgt[:, :1])); attempt(lambda: m(src[..., :4], tgt))
t = nn.Transformer(8, 2, 1, 1, 16, batch_first=True, norm_first=True); t.eval(); print(t(src, torch.randn(5, 3, 8)).detach())
"""
)
