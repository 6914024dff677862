# Keeping gradients within bounds before a step.
import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

w = torch.tensor([3.0, 4.0], requires_grad=True)
b = torch.tensor([12.0], requires_grad=True)
loss = (w * w).sum() / 2 + (b * b).sum() / 2
loss.backward()
print(w.grad, b.grad)
print(clip_grad_norm_([w, b], max_norm=1.3))
print(w.grad, b.grad)
print(clip_grad_norm_([w, b], max_norm=100.0))
print(w.grad, b.grad)
w.grad *= 100
clip_grad_value_([w, b], 5.0)
print(w.grad, b.grad)
print(torch.nn.utils.parameters_to_vector([w, b]))
