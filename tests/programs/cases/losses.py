# The usual losses, their reductions and gradients.
import torch
import torch.nn.functional as F
from torch import nn

prediction = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
target = torch.tensor([1.0, 0.0, 2.5])
for loss in (
    nn.MSELoss(),
    nn.MSELoss(reduction="sum"),
    nn.L1Loss(),
    nn.SmoothL1Loss(),
    nn.HuberLoss(delta=0.5),
):
    value = loss(prediction, target)
    print(loss, value, *torch.autograd.grad(value, prediction))
print(F.mse_loss(prediction, target, reduction="none"))
bits = torch.tensor([1.0, 0.0, 1.0])
value = nn.BCEWithLogitsLoss()(prediction, bits)
print(value, *torch.autograd.grad(value, prediction))
value = nn.BCELoss()(prediction.sigmoid(), bits)
print(value, *torch.autograd.grad(value, prediction))
logits = torch.tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]], requires_grad=True)
labels = torch.tensor([0, 1])
value = nn.CrossEntropyLoss()(logits, labels)
print(value, *torch.autograd.grad(value, logits))
print(F.cross_entropy(logits, labels, reduction="none"), F.cross_entropy(logits, labels, reduction="sum"))
print(F.nll_loss(F.log_softmax(logits, dim=1), labels), nn.NLLLoss()(logits.log_softmax(1), labels))
print(F.cross_entropy(logits, torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])).detach())
print(F.cross_entropy(logits, labels, weight=torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1))
print(
    nn.KLDivLoss(reduction="batchmean")(
        logits.log_softmax(1), torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    )
)
for attempt in (
    lambda: nn.CrossEntropyLoss()(logits, torch.tensor([0, 5])),
    lambda: F.mse_loss(prediction, target, reduction="max"),
    lambda: nn.BCELoss()(torch.tensor([0.5]), torch.tensor([1])),
    lambda: nn.BCEWithLogitsLoss()(logits[0], torch.tensor([1, 0, 1])),
    lambda: nn.BCELoss()(torch.tensor([1.5]), torch.tensor([1.0])),
    lambda: nn.CrossEntropyLoss()(logits, torch.tensor([0.0, 1.0])),
    lambda: nn.BCELoss()(torch.tensor([0.5]), torch.tensor([[1.0]])),
):
    try:
        print(attempt())
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
