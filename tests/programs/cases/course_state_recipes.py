# Saving, loading, averaging, converting and changing the state of a model.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, io, copy
from torch import nn, optim
from collections import OrderedDict

torch.manual_seed(0)


class TheModelClass(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.bn = nn.BatchNorm2d(2)
        self.fc1 = nn.Linear(2, 3)
        self.register_buffer("steps", torch.tensor(0))
        self.register_buffer("tmp", torch.ones(1), persistent=False)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        self.steps += 1
        return self.fc1(self.bn(self.conv1(x)).mean((2, 3))) * self.scale


model = TheModelClass()
optimizer = optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
print("Model's state_dict:")
for param_tensor in model.state_dict():
    print(param_tensor, "\t", model.state_dict()[param_tensor].size())
print("Optimizer's state_dict:")
for var_name in optimizer.state_dict():
    print(var_name, "\t", optimizer.state_dict()[var_name])
model(torch.randn(4, 1, 5, 5)).sum().backward()
optimizer.step()
buf = io.BytesIO()
torch.save(
    {"epoch": 5, "model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "loss": 0.4},
    buf,
)
buf.seek(0)
ck = torch.load(buf, weights_only=True)
m2 = TheModelClass()
o2 = optim.SGD(m2.parameters(), lr=1.0)
print(m2.load_state_dict(ck["model_state_dict"]))
o2.load_state_dict(ck["optimizer_state_dict"])
print(
    ck["epoch"],
    ck["loss"],
    o2.param_groups[0]["lr"],
    m2.steps,
    all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), m2.state_dict().values())),
)
model.eval()
m2.eval()
x = torch.randn(1, 1, 5, 5)
print(torch.equal(model(x), m2(x)), model.training, m2.bn.training)
m3 = TheModelClass()
r = m3.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("fc1")}, strict=False)
print(r, r.missing_keys)
print(
    type(model.state_dict()),
    isinstance(model.state_dict(), OrderedDict),
    model.state_dict().keys(),
    [n for n, _ in model.named_buffers()],
    [n for n, _ in model.named_modules()],
    [n for n, _ in model.named_children()],
)
m4 = copy.deepcopy(model)
m4.fc1.weight.data.zero_()
print(model.fc1.weight.abs().sum() > 0, m4.fc1.weight is model.fc1.weight)
sd = model.state_dict()
sd["fc1.bias"][:] = 7
print(model.fc1.bias)
model.half()
print(model.fc1.weight.dtype)
model.float()
model.double()
print(next(model.parameters()).dtype, model.steps.dtype)
model.to(torch.float32)
ema = {k: v.clone() for k, v in model.state_dict().items()}
for k, v in model.state_dict().items():
    ema[k].mul_(0.9).add_(v, alpha=0.1) if v.dtype.is_floating_point else ema[k].copy_(v)
print(ema["fc1.bias"], model.get_parameter("fc1.weight").shape, model.get_submodule("bn"), model.get_buffer("steps"))
for p in model.fc1.parameters():
    p.requires_grad_(False)
print(
    [p.requires_grad for p in model.parameters()],
    sum(p.numel() for p in filter(lambda p: p.requires_grad, model.parameters())),
)
model.requires_grad_(True)
model.zero_grad(set_to_none=True)
print(model.fc1.weight.grad, model.extra_repr() == "", len(list(model.children())))
torch.nn.utils.vector_to_parameters(torch.zeros(sum(p.numel() for p in model.parameters())), model.parameters())
print(torch.nn.utils.parameters_to_vector(model.parameters()).abs().sum())
print(
    nn.Sequential(OrderedDict([("a", nn.Linear(1, 2)), ("act", nn.ReLU())])).act,
    nn.Sequential(nn.Linear(1, 1)).append(nn.ReLU())[-1],
)
del model.scale
print(hasattr(model, "scale"))
model.add_module("extra", nn.Identity())
model.new = nn.Linear(1, 1)
print(list(model._modules), list(model._parameters), model._buffers.keys())
try:
    model(x)
except AttributeError as e:
    print(e)
