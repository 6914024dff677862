# Two clouds of points and the line between them.
import torch
import torch.nn.functional as F

torch.manual_seed(0)
a = torch.randn(50, 2) + torch.tensor([1.5, 1.5])
b = torch.randn(50, 2) - torch.tensor([1.5, 1.5])
x, y = torch.cat([a, b]), torch.cat([torch.ones(50), torch.zeros(50)])
w = torch.zeros(2, requires_grad=True)
bias = torch.zeros((), requires_grad=True)
optimizer = torch.optim.SGD([w, bias], lr=0.5)
for epoch in range(50):
    logits = x @ w + bias
    loss = F.binary_cross_entropy_with_logits(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        accuracy = ((logits > 0) == y.bool()).float().mean()
        print(
            f"{epoch} loss {loss.item():.4f} accuracy {accuracy.item():.2f} gradient {w.grad.norm().item():.4f}"
        )
print(w, bias)
probability = torch.sigmoid(torch.tensor([[1.0, 1.0], [0.0, 0.0], [-1.0, -2.0]]) @ w + bias)
print(probability.detach())
