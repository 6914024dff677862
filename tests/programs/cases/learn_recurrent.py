# A recurrent cell unrolled: one set of weights, many steps, one gradient.
import torch
from torch import nn

torch.manual_seed(0)
cell_in, cell_back = nn.Linear(1, 6), nn.Linear(6, 6)
readout = nn.Linear(6, 1)
parameters = [*cell_in.parameters(), *cell_back.parameters(), *readout.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.01)
wave = torch.sin(torch.arange(0, 8, 0.5))


def unroll(series):
    hidden = torch.zeros(6)
    outputs = []
    for value in series:
        hidden = torch.tanh(cell_in(value.reshape(1)) + cell_back(hidden))
        outputs.append(readout(hidden))
    return torch.cat(outputs)


for step in range(61):
    loss = ((unroll(wave[:-1]) - wave[1:]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    if step % 20 == 0:
        print(f"{step}: loss {loss.item():.4f}, gradient norm {norm.item():.4f}")
print(cell_back.weight.grad.shape, len(unroll(wave)))
