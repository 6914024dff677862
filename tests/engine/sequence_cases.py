"""Programs over recurrent layers and packed sequences; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

_LAYERS = """
torch.set_printoptions(precision=3, sci_mode=False)
x, y = torch.randn(5, 3, 4), torch.linspace(0.5, 2, 5)
for settings in (dict(), dict(num_layers=2), dict(bidirectional=True, num_layers=2), dict(batch_first=True), dict(bias=False), {more}):
    m = nn.{name}(4, 3, **settings); print(m); print([(n, tuple(p.shape), bits(p)) for n, p in m.named_parameters()])
    a = x.clone().requires_grad_()
    out, state = m(a); states = state if isinstance(state, tuple) else (state,)
    print(out.detach(), [s.detach() for s in states])
    (out.sum(-1) * (y.view(5, 1))).sum().backward() if not m.batch_first else out.square().sum().backward()
    print(a.grad, [p.grad for p in m.parameters()])
    out, state = m(x, tuple(s.detach() + 1 for s in states) if len(states) > 1 else states[0].detach() + 1); print(out.detach().sum(-1))
    print(m(x[0])[0].detach(), m(x[0])[0].shape)
m = nn.{name}(4, 3, 2, dropout=0.5); torch.manual_seed(3); print(m(x)[0].detach()); m.eval(); print(m(x)[0].detach(), m)
print(len(m.all_weights), [len(w) for w in m.all_weights], m.flatten_parameters()); m.double(); print(m(x.double())[0].dtype)
nn.{name}(4, 3, dropout=0.5)
attempt(lambda: m(x)); attempt(lambda: m.float()(torch.ones(1, 2, 3))); attempt(lambda: m(torch.ones(4))); attempt(lambda: nn.{name}(0, 3)); attempt(lambda: nn.{name}(4, 0)); attempt(lambda: nn.{name}(4, 3, 0)); attempt(lambda: nn.{name}(4., 3)); attempt(lambda: nn.{name}(4, 3, dropout=2)); attempt(lambda: nn.{name}(4, 3, bias=1))
import copy; c = copy.deepcopy(m); print(torch.equal(c(x)[0], m(x)[0])); c.load_state_dict(nn.{name}(4, 3, 2).state_dict()); print(list(c.state_dict()))
from torch_or_engine import rnn as R
packed = R.pack_sequence([torch.randn(2, 4), torch.randn(5, 4), torch.randn(3, 4)], enforce_sorted=False)
for settings in (dict(), dict(num_layers=2, bidirectional=True)):
    m = nn.{name}(4, 3, **settings); out, state = m(packed); states = state if isinstance(state, tuple) else (state,)
    print(type(out).__name__, out.data.detach(), out.batch_sizes, [s.detach() for s in states]); print(R.pad_packed_sequence(out, batch_first=True)[1]); out.data.square().sum().backward(); print([p.grad for p in m.parameters()])
    print(m(packed, state)[0].data.detach().sum(-1))
""".replace("from torch_or_engine import rnn as R", "R = nn.utils.rnn")

for _name, _more in (
    ("RNN", "dict(nonlinearity='relu')"),
    ("LSTM", "dict(bidirectional=True)"),
    ("GRU", "dict(batch_first=True, bidirectional=True)"),
):
    CASES[_name] = _LAYERS.replace("{name}", _name).replace("{more}", _more)

CASES["graphs and errors of recurrent layers"] = """
x = torch.randn(5, 3, 4)
for m in (nn.RNN(4, 3), nn.RNN(4, 3, nonlinearity='relu'), nn.RNNCell(4, 3)):
    o = m(x[0] if isinstance(m, nn.RNNCell) else x); print(chain(o if torch.is_tensor(o) else o[0]))
torch.set_printoptions(precision=3, sci_mode=False)
m = nn.LSTM(4, 3, 2, bidirectional=True, proj_size=2).double(); out, (h, c) = m(x.double()); print(m, out, h, c)  # in float32 PyTorch warns of its library
out.square().sum().backward(); print([(n, p.grad) for n, p in m.named_parameters()])
m = nn.RNN(4, 3)
attempt(lambda: m(x, torch.ones(1, 2, 3))); attempt(lambda: m(x, torch.ones(1, 3))); attempt(lambda: m(x[0], torch.ones(1, 3, 3))); attempt(lambda: nn.LSTM(4, 3)(x, (torch.ones(1, 3, 3), torch.ones(1, 2, 3)))); attempt(lambda: nn.LSTM(4, 3)(x, (torch.ones(1, 3), torch.ones(1, 2, 3))))
attempt(lambda: nn.RNN(4, 3, nonlinearity='x')); attempt(lambda: nn.GRU(4, 3, proj_size=2)); attempt(lambda: nn.LSTM(4, 3, proj_size=3)); attempt(lambda: nn.RNN(4, 3, proj_size=1)); print(nn.RNN(4, 3, 2, 'relu', False))
"""

CASES["cells"] = """
torch.set_printoptions(precision=3, sci_mode=False)
x = torch.randn(3, 4)
for m in (nn.RNNCell(4, 2), nn.RNNCell(4, 2, nonlinearity='relu', bias=False), nn.LSTMCell(4, 2), nn.LSTMCell(4, 2, bias=False), nn.GRUCell(4, 2)):
    print(m, [(n, bits(p)) for n, p in m.named_parameters()])
    h = m(x); h2 = m(x, h); print(h, h2)
    last = h2[0] if isinstance(h2, tuple) else h2
    last.square().sum().backward(); print([p.grad for p in m.parameters()])
    print(m(x[0]))
    attempt(lambda: m(torch.ones(1, 1, 1))); attempt(lambda: m(torch.ones(2, 3))); attempt(lambda: m(x, (torch.ones(1, 2), torch.ones(3, 2)) if 'LSTM' in str(m) else torch.ones(1, 2))); attempt(lambda: m(x, (torch.ones(3, 1), torch.ones(3, 2)) if 'LSTM' in str(m) else torch.ones(3, 1))); attempt(lambda: m(x, (torch.ones(1, 1, 1), torch.ones(3, 2)) if 'LSTM' in str(m) else torch.ones(1, 1, 1)))
attempt(lambda: nn.RNNCell(4, 2, nonlinearity='x')(x))
"""

CASES["sequences"] = """
R = nn.utils.rnn
a, b, c = torch.arange(1., 4), torch.arange(4., 6), torch.arange(6., 7)
print(R.pad_sequence([a, b, c]), R.pad_sequence([b, a, c], batch_first=True, padding_value=-1), R.pad_sequence([a, b], True, padding_side='left'), R.pad_sequence([torch.ones(2, 2), torch.ones(1, 2)]).shape)
p = R.pack_sequence([a, b, c]); print(p); print(R.pad_packed_sequence(p), R.pad_packed_sequence(p, True, -1, 5)); print(R.unpack_sequence(p), R.unpad_sequence(R.pad_sequence([a, b], True), torch.tensor([3, 2]), True))
p = R.pack_sequence([b, a, c], enforce_sorted=False); print(p, p.double().data.dtype, p.to(torch.float64).data.dtype, p.is_cuda); print(R.pad_packed_sequence(p), R.unpack_sequence(p))
p = R.pack_padded_sequence(torch.arange(12).reshape(3, 4), [4, 2, 1], batch_first=True); print(p.data, p.batch_sizes)
print(R.invert_permutation(torch.tensor([2, 0, 1])), R.invert_permutation(None), type(p))
x = torch.ones(3, 2, requires_grad=True); R.pad_packed_sequence(R.pack_padded_sequence(x * 2, [3, 1]))[0].square().sum().backward(); print(x.grad)
attempt(lambda: R.pack_sequence([b, a])); attempt(lambda: R.pad_packed_sequence(p, total_length=1)); attempt(lambda: R.pad_sequence(3)); attempt(lambda: R.pack_padded_sequence(torch.ones(3, 2), [3])); attempt(lambda: R.pack_padded_sequence(torch.ones(3, 2), [3, 0]))
"""
