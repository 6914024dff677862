# Optimizers of one's own: sign descent, sharpness-aware minimisation.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
from torch.optim import Optimizer

torch.manual_seed(0)


class SignSGD(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.0):
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["buf"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                state["step"] += 1
                state["buf"].mul_(group["momentum"]).add_(p.grad, alpha=1 - group["momentum"])
                p.add_(torch.sign(state["buf"]), alpha=-group["lr"])
        return loss


class SAM(Optimizer):
    def __init__(self, params, base, rho=0.05, **kw):
        super().__init__(params, dict(rho=rho, **kw))
        self.base = base(self.param_groups, **kw)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def first_step(self):
        n = torch.norm(torch.stack([p.grad.norm(p=2) for g in self.param_groups for p in g["params"]]), p=2)
        for g in self.param_groups:
            for p in g["params"]:
                e = p.grad * (g["rho"] / (n + 1e-12))
                p.add_(e)
                self.state[p]["e"] = e
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for g in self.param_groups:
            for p in g["params"]:
                p.sub_(self.state[p]["e"])
        self.base.step()
        self.zero_grad()


w = torch.tensor([1.0, -2.0], requires_grad=True)
o = SignSGD([w], lr=0.1, momentum=0.9)
print(o)
for i in range(5):
    o.zero_grad()
    l = (w**2).sum()
    l.backward()
    o.step()
    print(i, l.item(), w.data)
print(o.state_dict())
net = torch.nn.Linear(2, 1)
s = SAM(net.parameters(), torch.optim.SGD, lr=0.1)
x = torch.randn(8, 2)
for i in range(3):
    (net(x) ** 2).mean().backward()
    s.first_step()
    l = (net(x) ** 2).mean()
    l.backward()
    s.second_step()
    print(f"{l.item():.5f}")
try:
    SignSGD([w], lr=-1)
except ValueError as e:
    print(e)
sch = torch.optim.lr_scheduler.StepLR(o, 1, 0.5)
o.step()
sch.step()
print(o.param_groups[0]["lr"], o.param_groups[0]["initial_lr"])
