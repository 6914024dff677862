# A program that stops with an error: what was printed before it counts, and so does the error.
import math

import torch

a = torch.linspace(0.0, 2.0 * math.pi, steps=25, requires_grad=True)
print(a.sum())
torch.sin_(a)
print("never printed")
