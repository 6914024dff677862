# Softmax and cross-entropy from their formulas, checked against the library.
import torch
import torch.nn.functional as F

logits = torch.tensor([[2.0, 1.0, -1.0], [0.5, 0.5, 3.0]], requires_grad=True)
labels = torch.tensor([0, 1])
shifted = logits - logits.max(dim=1, keepdim=True).values
exponentials = shifted.exp()
probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)
print(probabilities)
loss = -probabilities[torch.arange(2), labels].log().mean()
print(loss)
loss.backward()
by_hand = logits.grad.clone()
print(by_hand)
logits.grad = None
F.cross_entropy(logits, labels).backward()
print(logits.grad)
expected = (F.softmax(logits, dim=1) - F.one_hot(labels, 3)) / 2
print(
    expected.detach(),
    torch.allclose(by_hand, logits.grad, atol=1e-6),
    torch.allclose(expected, logits.grad, atol=1e-6),
)
print(torch.softmax(torch.tensor([1000.0, 1001.0]), dim=0), torch.tensor([1000.0]).exp())
print(probabilities.argmax(dim=1), (probabilities.argmax(dim=1) == labels).float().mean())
