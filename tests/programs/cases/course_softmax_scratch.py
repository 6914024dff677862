# Softmax regression from scratch, with an accumulator of metrics.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch

torch.manual_seed(2)
X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(X.sum(0, keepdim=True), X.sum(1, keepdim=True))


def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdim=True)
    return X_exp / partition


X = torch.normal(0, 1, (2, 5))
X_prob = softmax(X)
print(X_prob, X_prob.sum(1))
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
print(y_hat[[0, 1], y])


def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])


print(cross_entropy(y_hat, y))


def accuracy(y_hat, y):
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


print(accuracy(y_hat, y) / len(y))
W = torch.normal(0, 0.01, size=(16, 4), requires_grad=True)
b = torch.zeros(4, requires_grad=True)


def net(X):
    return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)


class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def __getitem__(self, idx):
        return self.data[idx]


means = torch.randn(4, 16)
labels = torch.randint(0, 4, (120,))
images = (means[labels] + 0.5 * torch.randn(120, 16)).reshape(120, 1, 4, 4)
for epoch in range(4):
    metric = Accumulator(3)
    for i in range(0, 120, 30):
        X, y = images[i : i + 30], labels[i : i + 30]
        l = cross_entropy(net(X), y)
        l.sum().backward()
        with torch.no_grad():
            for p in (W, b):
                p -= 0.1 * p.grad / 30
                p.grad.zero_()
        metric.add(float(l.sum()), accuracy(net(X), y), y.numel())
    print(f"epoch {epoch + 1}: loss {metric[0] / metric[2]:.4f} acc {metric[1] / metric[2]:.3f}")
trues = labels[:10]
preds = net(images[:10]).argmax(axis=1)
print([f"{t}/{p}" for t, p in zip(trues, preds)])
print(net(images[:1]), b)
