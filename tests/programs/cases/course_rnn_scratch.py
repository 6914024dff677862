# A character model from scratch: one-hot, truncated backpropagation, clipping, prediction.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import math
import torch
from torch import nn
from torch.nn import functional as F
import collections, re

text = "the time traveller for so it will be convenient to speak of him was expounding a recondite matter to us " * 2
tokens = list(text)
counter = collections.Counter(tokens)
vocab = ["<unk>"] + [t for t, _ in sorted(counter.items(), key=lambda x: (-x[1], x[0]))]
to_idx = {t: i for i, t in enumerate(vocab)}
corpus = torch.tensor([to_idx[t] for t in tokens])
print(len(vocab), vocab[:5], corpus[:20])
torch.manual_seed(0)
num_hiddens = 32
n = len(vocab)


def normal(shape):
    return torch.randn(size=shape) * 0.01


W_xh = normal((n, num_hiddens))
W_hh = normal((num_hiddens, num_hiddens))
b_h = torch.zeros(num_hiddens)
W_hq = normal((num_hiddens, n))
b_q = torch.zeros(n)
params = [W_xh, W_hh, b_h, W_hq, b_q]
for p in params:
    p.requires_grad_(True)


def rnn(inputs, state):
    (H,) = state
    outputs = []
    for X in inputs:
        H = torch.tanh(torch.mm(X, W_xh) + torch.mm(H, W_hh) + b_h)
        outputs.append(torch.mm(H, W_hq) + b_q)
    return torch.cat(outputs, dim=0), (H,)


print(F.one_hot(torch.tensor([0, 2]), 5))


def grad_clipping(params, theta):
    norm = torch.sqrt(sum(torch.sum((p.grad**2)) for p in params))
    if norm > theta:
        for param in params:
            param.grad[:] *= theta / norm
    return norm


steps, bs = 10, 4
state = None
for epoch in range(4):
    state = None
    Xs = corpus[: bs * (len(corpus) // bs)].reshape(bs, -1)
    for i in range(0, Xs.shape[1] - steps - 1, steps):
        X = Xs[:, i : i + steps]
        Y = Xs[:, i + 1 : i + steps + 1]
        if state is None:
            state = (torch.zeros((bs, num_hiddens)),)
        else:
            for s in state:
                s.detach_()
        y = Y.T.reshape(-1)
        y_hat, state = rnn(F.one_hot(X.T, n).type(torch.float32), state)
        l = F.cross_entropy(y_hat, y.long()).mean()
        l.backward()
        norm = grad_clipping(params, 1)
        with torch.no_grad():
            for p in params:
                p -= 1.0 * p.grad
                p.grad.zero_()
    print(f"perplexity {math.exp(l):.3f}, norm {norm:.4f}")


def predict_ch8(prefix, num_preds):
    state = (torch.zeros((1, num_hiddens)),)
    outputs = [to_idx[prefix[0]]]
    get_input = lambda: torch.tensor([outputs[-1]]).reshape((1, 1))
    for y in prefix[1:]:
        _, state = rnn(F.one_hot(get_input().T, n).float(), state)
        outputs.append(to_idx[y])
    for _ in range(num_preds):
        y, state = rnn(F.one_hot(get_input().T, n).float(), state)
        outputs.append(int(y.argmax(dim=1).reshape(1)))
    return "".join([vocab[i] for i in outputs])


print(predict_ch8("time traveller ", 10))
rnn_layer = nn.RNN(n, 16)
state = torch.zeros((1, 2, 16))
X = torch.rand(size=(3, 2, n))
Y, state_new = rnn_layer(X, state)
print(Y.shape, state_new.shape, rnn_layer)
