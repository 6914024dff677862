# Every learning rate schedule.
import torch
from torch.optim import SGD, Adam, lr_scheduler as S
from torch.optim.lr_scheduler import *

w = torch.nn.Parameter(torch.ones(1))


def run(mk, n=8, **k):
    o = SGD([w], lr=0.1)
    s = mk(o)
    r = []
    for _ in range(n):
        o.step()
        r.append(o.param_groups[0]["lr"])
        s.step() if not isinstance(s, ReduceLROnPlateau) else s.step(1.0)
    print(type(s).__name__, [f"{v:.5f}" for v in r], s.get_last_lr())


run(lambda o: StepLR(o, 3, 0.1))
run(lambda o: MultiStepLR(o, [2, 5], gamma=0.5))
run(lambda o: ExponentialLR(o, 0.9))
run(lambda o: CosineAnnealingLR(o, T_max=5, eta_min=0.01))
run(lambda o: LambdaLR(o, lambda e: 0.95**e))
run(lambda o: ConstantLR(o, 0.5, 3))
run(lambda o: LinearLR(o, 0.3, total_iters=4))
run(lambda o: PolynomialLR(o, 5, 2.0))
run(lambda o: CosineAnnealingWarmRestarts(o, 3, 2))
run(lambda o: CyclicLR(o, 0.01, 0.1, step_size_up=2, mode="triangular2"))
run(lambda o: OneCycleLR(o, 0.5, total_steps=10))
run(lambda o: ReduceLROnPlateau(o, "min", patience=1, factor=0.5))
run(lambda o: MultiplicativeLR(o, lambda e: 0.9))
run(lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=3), ExponentialLR(o, 0.9)], milestones=[3]))
run(lambda o: ChainedScheduler([ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)]))


def warm_cos(step, warm=3, total=8):
    import math

    return step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / (total - warm)))


run(lambda o: LambdaLR(o, warm_cos))
o = Adam([{"params": [w], "lr": 0.1}, {"params": [torch.nn.Parameter(torch.ones(2))]}], lr=0.01)
s = StepLR(o, 2)
print(o, s.state_dict(), s.get_last_lr(), o.param_groups[0].keys())
s2 = StepLR(o, 5)
s2.load_state_dict(s.state_dict())
print(s2.step_size, s.base_lrs)
s = StepLR(SGD([w], lr=1.0), 1)
s.step()
for e in range(2):
    print(f"Epoch {e}: lr = {s.get_last_lr()[0]}")


class Custom(LRScheduler):
    def get_lr(self):
        return [b / (1 + self.last_epoch) for b in self.base_lrs]


run(Custom, 4)
