# Every initialiser.
import torch
from torch import nn

torch.manual_seed(0)
w = torch.empty(3, 5)
print(
    nn.init.uniform_(w),
    nn.init.normal_(w),
    nn.init.constant_(w, 0.3),
    nn.init.ones_(w)[0],
    nn.init.zeros_(w)[0],
    nn.init.eye_(w),
    nn.init.xavier_uniform_(w, gain=nn.init.calculate_gain("relu")),
    nn.init.xavier_normal_(w),
    nn.init.kaiming_uniform_(w, mode="fan_in", nonlinearity="relu"),
    nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
    nn.init.trunc_normal_(w),
    nn.init.orthogonal_(w),
    nn.init.sparse_(w, sparsity=0.4),
    nn.init.dirac_(torch.empty(2, 2, 3)),
    sep="\n",
)
print(
    [nn.init.calculate_gain(n) for n in ("linear", "relu", "tanh", "sigmoid", "selu")],
    nn.init.calculate_gain("leaky_relu", 0.2),
    nn.init._calculate_fan_in_and_fan_out(torch.empty(4, 3, 5, 5)),
)
m = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Conv2d(1, 2, 3), nn.LSTM(2, 3), nn.Embedding(4, 2))
for n, p in m.named_parameters():
    print(n, tuple(p.shape), f"{p.mean():.4f} {p.std():.4f}")


def init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.02)
        m.bias.data.fill_(0)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


print(m.apply(init)[0].weight, m[1].weight)
[nn.init.xavier_uniform_(p) for p in m.parameters() if p.dim() > 1]
m[0].reset_parameters()
print(m[0].bias)
for name, param in nn.LSTM(2, 2).named_parameters():
    if "bias" in name:
        nn.init.constant_(param, 0.0)
    elif "weight" in name:
        print(name, nn.init.orthogonal_(param)[0])
try:
    nn.init.xavier_uniform_(torch.empty(3))
except ValueError as e:
    print(e)
