"""Programs over optimizers and schedulers; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

_SETTINGS = {
    "SGD": [
        *["lr=0.1", "lr=0.1, momentum=0.9", "lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01"],
        *[
            "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1",
            "lr=0.01, maximize=True, weight_decay=0.1",
        ],
    ],
    "Adam": [
        "",
        "lr=0.1, betas=(0.8, 0.9), eps=1e-3",
        "lr=0.1, weight_decay=0.1",
        "lr=0.1, amsgrad=True",
        "maximize=True",
    ],
    "AdamW": ["", "lr=0.1, weight_decay=0.5", "lr=0.1, amsgrad=True, maximize=True"],
    "RMSprop": [
        *["", "lr=0.1, alpha=0.9, momentum=0.9", "lr=0.1, centered=True, weight_decay=0.1"],
        "lr=0.1, centered=True, momentum=0.5, maximize=True",
    ],
    "Adagrad": ["", "lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5"],
    "Adadelta": ["", "lr=0.5, rho=0.8, weight_decay=0.1, maximize=True"],
    "NAdam": [
        *["", "lr=0.1, weight_decay=0.1, momentum_decay=0.1"],
        "lr=0.1, decoupled_weight_decay=True, weight_decay=0.1, maximize=True",
    ],
    "RAdam": [
        *["", "lr=0.1, weight_decay=0.1, betas=(0.8, 0.9)"],
        "lr=0.1, decoupled_weight_decay=True, weight_decay=0.1, maximize=True",
    ],
    "Adamax": ["", "lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, maximize=True"],
    "ASGD": ["", "lr=0.1, lambd=0.01, alpha=0.5, t0=5, weight_decay=0.1, maximize=True"],
    "Rprop": ["", "lr=0.1, etas=(0.4, 1.5), step_sizes=(0.01, 0.5), maximize=True"],
}
# Twenty steps down a fixed bowl; SGD is compared by digests of all bits. The gradients are computed with additions and multiplications only, which are the same
# everywhere, so that every bit of the result is the optimizer's.
for _name, _each in _SETTINGS.items():
    CASES[_name] = f"""
torch.set_printoptions(precision=3)
for keywords in {[f"dict({s})" for s in _each]}:
    torch.manual_seed(5)
    a, b = nn.Parameter(torch.randn(37)), nn.Parameter(torch.randn(2, 3))
    to, scale = torch.randn(37), torch.rand(37)
    opt = optim.{_name}([a, b], **eval(keywords))
    for step in range(20):
        a.grad = (a.detach() - to) * scale
        b.grad = b.detach() * 2 + 0.1 if step % 3 else None
        opt.step()
    show = {"bits" if _name == "SGD" else "(lambda t: t)"}
    print(keywords, show(a), show(b), a._version, b._version)
    print(opt)
    for p in (a, b):
        print({{key: show(value) for key, value in opt.state[p].items()}})
    d = nn.Parameter(torch.ones(3, dtype=torch.float64))
    opt = optim.{_name}([d], **eval(keywords))
    for step in range(20):
        d.grad = d.detach() * torch.tensor([1., 2., -3.], dtype=torch.float64)
        opt.step()
    torch.set_printoptions(precision=10)
    print(d)
    torch.set_printoptions(precision=3)
torch.set_printoptions(precision=4)
"""

CASES["complex parameters"] = """
for make in (lambda p: optim.SGD(p, 0.1, momentum=0.5), lambda p: optim.Adam(p, 0.1), lambda p: optim.RMSprop(p), lambda p: optim.Adagrad(p)):
    z = nn.Parameter(torch.tensor([1 + 2j, -3 + 0.5j]))
    opt = make([z])
    for _ in range(5):
        z.grad = z.detach() * 2
        opt.step()
    print(z)
"""

CASES["groups, errors and repr"] = """
a, b, c = (nn.Parameter(torch.ones(2)) for _ in range(3))
opt = optim.SGD([{'params': [a], 'lr': 0.5}, {'params': b, 'momentum': 0.9}], lr=0.1)
opt.add_param_group({'params': [c], 'weight_decay': 1.0})
print(opt, len(opt.param_groups), opt.defaults)
for p in (a, b, c): p.grad = torch.ones(2)
opt.step(); print(a, b, c)
print(optim.Adam([a]), optim.AdamW([a]), optim.RMSprop([a]), optim.Adagrad([a]))
print(optim.SGD(nn.Linear(2, 1).named_parameters()).param_groups[0]['param_names'])
attempt(lambda: optim.SGD([])); attempt(lambda: optim.SGD(a)); attempt(lambda: optim.SGD([3])); attempt(lambda: optim.SGD([a * 2]))
attempt(lambda: optim.SGD([a], lr=-1)); attempt(lambda: optim.SGD([a], momentum=-1)); attempt(lambda: optim.SGD([a], weight_decay=-1))
attempt(lambda: optim.SGD([a], nesterov=True)); attempt(lambda: optim.Adam([a], lr=-1)); attempt(lambda: optim.Adam([a], eps=-1))
attempt(lambda: optim.Adam([a], betas=(1.0, 0.5))); attempt(lambda: optim.Adam([a], betas=(0.5, -1.0))); attempt(lambda: optim.Adam([a], weight_decay=-1))
attempt(lambda: optim.RMSprop([a], alpha=-1)); attempt(lambda: optim.Adagrad([a], lr_decay=-1)); attempt(lambda: optim.Adadelta([a], rho=2))
attempt(lambda: opt.add_param_group({'params': [a]})); attempt(lambda: opt.add_param_group(3)); attempt(lambda: opt.add_param_group({'params': {a}}))
attempt(lambda: optim.SGD([{'params': [a]}, {'params': [a]}])); attempt(lambda: optim.SGD([('x', a), b]))
optim.SGD([a, a])
"""

CASES["gradients and closures"] = """
w = nn.Parameter(torch.tensor([1., 2.]))
opt = optim.SGD([w], lr=0.1)
(w * w).sum().backward(); print(w.grad)
opt.zero_grad(set_to_none=True); print(w.grad); opt.step(); print(w)
def closure():
    opt.zero_grad(set_to_none=True)
    loss = (w ** 2).sum()
    loss.backward()
    return loss
print(opt.step(closure), w)
with torch.no_grad(): print(opt.step(closure), w)
y = w * w
opt.step()
attempt(lambda: y.sum().backward())
seen = []
h = opt.register_step_pre_hook(lambda o, args, kwargs: seen.append('pre'))
opt.register_step_post_hook(lambda o, args, kwargs: seen.append('post'))
opt.step(); h.remove(); opt.step(); print(seen)
class Plain(optim.Optimizer):
    def __init__(self, params, lr): super().__init__(params, {'lr': lr})
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is not None: p.add_(p.grad, alpha=-group['lr'])
p = Plain([w], 0.5); p.register_step_post_hook(lambda *a: print('stepped')); p.step(); print(w, p)
"""

CASES["state dicts of optimizers"] = """
import copy
w = nn.Parameter(torch.tensor([1., 2.])); v = nn.Parameter(torch.tensor([3.]))
opt = optim.Adam([{'params': [w]}, {'params': [v], 'lr': 0.5}])
w.grad = torch.ones(2); v.grad = torch.ones(1)
opt.step(); saved = copy.deepcopy(opt.state_dict()); print(saved)
other = optim.Adam([{'params': [nn.Parameter(w.detach().clone())]}, {'params': [nn.Parameter(v.detach().clone())]}])
other.load_state_dict(saved); print(other)
for o in (opt, other):
    for g in o.param_groups:
        for p in g['params']: p.grad = torch.full_like(p, 2.)
    o.step(); print([p for g in o.param_groups for p in g['params']])
attempt(lambda: optim.Adam([w, v]).load_state_dict(saved))
attempt(lambda: optim.Adam([{'params': [w, v]}, {'params': [nn.Parameter(torch.ones(1))]}]).load_state_dict(saved))
"""

CASES["schedulers"] = """
from torch_or_engine import lr_scheduler as S
def rates(make, n=12):
    opt = optim.SGD([{'params': [nn.Parameter(torch.ones(1))]}, {'params': [nn.Parameter(torch.ones(1))], 'lr': 0.5}], lr=0.1)
    s = make(opt); found = [s.get_last_lr()]
    for _ in range(n):
        opt.step(); s.step(); found.append(s.get_last_lr())
    print(type(s).__name__, found)
rates(lambda o: S.StepLR(o, 3)); rates(lambda o: S.MultiStepLR(o, [2, 5, 5], gamma=0.5)); rates(lambda o: S.ExponentialLR(o, 0.9))
rates(lambda o: S.CosineAnnealingLR(o, 5, eta_min=0.01)); rates(lambda o: S.LambdaLR(o, lambda e: 0.95 ** e)); rates(lambda o: S.LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: e]))
rates(lambda o: S.MultiplicativeLR(o, lambda e: 0.9)); rates(lambda o: S.ConstantLR(o, 0.5, 4)); rates(lambda o: S.LinearLR(o, 0.1, total_iters=4)); rates(lambda o: S.PolynomialLR(o, 5, 2.0))
rates(lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [3]))
opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0); s = S.ReduceLROnPlateau(opt, patience=1, cooldown=1, min_lr=0.05)
for loss in (5, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3): s.step(loss); print(opt.param_groups[0]['lr'], s.num_bad_epochs, s.best, end=' | ')
s = S.ReduceLROnPlateau(opt, mode='max', threshold_mode='abs', threshold=0.5, patience=0)
for score in (1, 1.4, 2, 2): s.step(torch.tensor(score)); print(s.get_last_lr(), end=' | ')
opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0); s = S.StepLR(opt, 1); s.step()
print(opt)
attempt(lambda: S.StepLR(3, 1)); attempt(lambda: S.LambdaLR(opt, [1, 2])); attempt(lambda: S.ReduceLROnPlateau(opt, factor=1.0)); attempt(lambda: S.ReduceLROnPlateau(opt, mode='x'))
attempt(lambda: S.ExponentialLR(optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0), 0.5, last_epoch=3)); attempt(lambda: S.LRScheduler(opt))
a = S.ExponentialLR(optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0), 0.5); a.optimizer.step(); a.step(); a.step()
b = S.ExponentialLR(optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0), 0.5); b.load_state_dict(a.state_dict()); print(b.last_epoch, b.get_last_lr())
""".replace("from torch_or_engine import lr_scheduler as S", "S = optim.lr_scheduler")

CASES["LBFGS"] = """
torch.set_printoptions(precision=4, sci_mode=False)
def rosenbrock(x): return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
for settings in (dict(line_search_fn='strong_wolfe'), dict(lr=0.05, max_iter=5), dict(line_search_fn='strong_wolfe', history_size=2, max_iter=4), dict(lr=0.1, tolerance_grad=1.0)):
    x = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    opt = optim.LBFGS([x], **settings)
    def closure():
        opt.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss
    for step in range(6):
        print(opt.step(closure).item().__round__(6), x.detach(), opt.state[x]['func_evals'], opt.state[x]['n_iter'])
    print(opt, sorted(opt.state[x]), sorted(opt.state_dict()))
torch.manual_seed(1)
net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)); a, b = torch.randn(20, 2), torch.randn(20, 1)
opt = optim.LBFGS(net.parameters(), line_search_fn='strong_wolfe', max_iter=3)
def closure():
    opt.zero_grad(); loss = F.mse_loss(net(a), b); loss.backward(); return loss
for _ in range(3): print(round(opt.step(closure).item(), 4))
with torch.no_grad(): print(round(opt.step(closure).item(), 4))
attempt(lambda: optim.LBFGS([{'params': [x]}, {'params': [torch.ones(1)]}])); attempt(lambda: optim.LBFGS([x], lr=-1)); attempt(lambda: optim.LBFGS([x], line_search_fn='x').step(lambda: closure() + (x * 2).sum().backward()))
"""

CASES["cyclic schedulers"] = """
S = optim.lr_scheduler
def run(make, n=14, make_opt=lambda p: optim.SGD([{'params': p[0]}, {'params': p[1], 'lr': 0.5}], lr=0.1, momentum=0.9)):
    opt = make_opt([nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))]); s = make(opt); found = []
    for _ in range(n):
        found.append((s.get_last_lr(), [g.get('momentum', g.get('betas')) for g in opt.param_groups])); opt.step(); s.step()
    print(type(s).__name__, found); return s, opt
for mode in ('triangular', 'triangular2', 'exp_range'): run(lambda o: S.CyclicLR(o, 0.01, 0.1, 3, mode=mode, gamma=0.9))
run(lambda o: S.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 2, 4)); run(lambda o: S.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 0.5 ** x, scale_mode='iterations', cycle_momentum=False))
run(lambda o: S.OneCycleLR(o, 0.3, 14)); run(lambda o: S.OneCycleLR(o, [0.3, 0.2], epochs=2, steps_per_epoch=7, anneal_strategy='linear', three_phase=True)); run(lambda o: S.OneCycleLR(o, 0.3, 14, cycle_momentum=False, pct_start=0.5, div_factor=2.0, final_div_factor=5.0))
run(lambda o: S.OneCycleLR(o, 0.3, 14), make_opt=lambda p: optim.Adam(p)); run(lambda o: S.CyclicLR(o, 0.01, 0.1, 3), make_opt=lambda p: optim.Adam(p))
run(lambda o: S.CosineAnnealingWarmRestarts(o, 3)); s, opt = run(lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.01))
for epoch in (0, 0.5, 1.7, 2.5, 7, 20): s.step(epoch); print(s.get_last_lr(), s.last_epoch, s.T_cur, s.T_i)
s, opt = run(lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])); state = s.state_dict(); print(sorted(state)); other = S.ChainedScheduler([S.ConstantLR(opt, 0.1, 2), S.ExponentialLR(opt, 0.9)]); other.load_state_dict(state); print(other.get_last_lr(), other._schedulers[1].last_epoch)
c, opt = run(lambda o: S.CyclicLR(o, 0.01, 0.1, 3), 3); d = S.CyclicLR(opt, 0.01, 0.1, 3); d.load_state_dict(c.state_dict()); print(d.last_epoch, d.get_last_lr())
attempt(lambda: S.OneCycleLR(opt, 0.1)); attempt(lambda: S.OneCycleLR(opt, 0.1, 0)); attempt(lambda: S.OneCycleLR(opt, 0.1, epochs=1, steps_per_epoch=0)); attempt(lambda: S.OneCycleLR(opt, 0.1, 5, pct_start=2.0)); attempt(lambda: S.OneCycleLR(opt, 0.1, 5, anneal_strategy='x')); attempt(lambda: S.OneCycleLR(opt, [0.1], 5)); attempt(lambda: S.OneCycleLR(optim.Adagrad([nn.Parameter(torch.ones(1))]), 0.1, 5)); attempt(lambda: S.OneCycleLR(3, 0.1, 5))
attempt(lambda: S.CyclicLR(opt, 0.1, 0.2, mode='x')); attempt(lambda: S.CyclicLR(optim.Adagrad([nn.Parameter(torch.ones(1))]), 0.1, 0.2)); attempt(lambda: S.CosineAnnealingWarmRestarts(opt, 0)); attempt(lambda: S.CosineAnnealingWarmRestarts(opt, 1, 0)); attempt(lambda: s.step(-1) if False else S.CosineAnnealingWarmRestarts(opt, 3).step(-1)); attempt(lambda: S.ChainedScheduler([])); attempt(lambda: S.ChainedScheduler([S.ReduceLROnPlateau(opt)])); attempt(lambda: S.ChainedScheduler([3]))
one = S.OneCycleLR(opt, 0.1, 2); opt.step(); one.step(); one.step(); attempt(lambda: one.step()); print(type(one), S.CyclicLR)
"""

CASES["errors of more optimizers"] = """
a = nn.Parameter(torch.ones(2))
attempt(lambda: optim.NAdam([a], lr=-1)); attempt(lambda: optim.NAdam([a], betas=(1.0, 0.5))); attempt(lambda: optim.NAdam([a], momentum_decay=-1)); attempt(lambda: optim.RAdam([a], eps=-1)); attempt(lambda: optim.Adamax([a], betas=(0.5, 2))); attempt(lambda: optim.Adamax([a], weight_decay=-1)); attempt(lambda: optim.ASGD([a], weight_decay=-1)); attempt(lambda: optim.Rprop([a], etas=(1.5, 1.2))); attempt(lambda: optim.Rprop([a], lr=torch.ones(2)))
for make in (optim.NAdam, optim.RAdam, optim.Adamax, optim.ASGD, optim.Rprop):
    z = nn.Parameter(torch.tensor([1 + 2j, -3 + 0.5j])); opt = make([z], lr=0.1)
    for _ in range(8): z.grad = z.detach() * 2; opt.step()
    print(type(opt), z)
"""

# Everything a program may do between steps of many small parameters: none of it may be seen to be stepped together.
CASES["between steps"] = """
import copy
torch.set_printoptions(precision=3)
def digest(opt, params):
    print([p.detach() for p in params], [p._version for p in params], len(opt.state))
    print([{k: v for k, v in opt.state[p].items()} for p in params if p in opt.state])
for name, keywords in (('SGD', dict(lr=0.1, momentum=0.5)), ('Adam', dict(lr=0.1)), ('AdamW', dict(lr=0.1, amsgrad=True)), ('NAdam', dict(lr=0.1)), ('RAdam', dict(lr=0.1)),
        ('RMSprop', dict(momentum=0.1)), ('Adagrad', dict(lr=0.1)), ('Adadelta', {}), ('Adamax', dict(lr=0.1)), ('ASGD', dict(lr=0.1)), ('Rprop', {})):
    torch.manual_seed(3)
    print(name)
    params = [nn.Parameter(torch.randn(s)) for s in ((2, 3), (3,), (1, 2, 2), ())]
    w = params[0]
    opt = getattr(optim, name)(params[:3], **keywords)
    def grads(among=params, by=1.0):
        for p in params: p.grad = None
        for p in among: p.grad = (p.detach() * p.detach() * 0.25 + 0.5) * by
    for _ in range(3): grads(); opt.step()
    held = w.data; view = w.view(-1)[1:3]
    grads(); opt.step(); print(held.data_ptr() == w.data_ptr(), bool((view == w.view(-1)[1:3]).all()), w.shape, w.is_leaf)
    digest(opt, params)
    for _ in range(3): grads(params[1:]); opt.step()  # the first is frozen
    grads(); opt.step(); opt.add_param_group({'params': [params[3]], 'lr': 0.5}); grads(); opt.step(); opt.step()
    digest(opt, params)
    w.data = torch.ones(2, 3); held = w.data; grads(); opt.step(); opt.step(); print(held is w.data, bool((held == w).all()))
    with torch.no_grad(): params[1].fill_(2.0); params[2].mul_(2)
    grads(); opt.step(); digest(opt, params)
    for p in params:
        for key, value in opt.state[p].items():
            if key not in ('step', 'mu', 'mu_product', 'eta'): value.mul_(0.5)
    grads(); opt.step(); digest(opt, params)
    key = [k for k in opt.state[w] if k not in ('step', 'mu', 'mu_product', 'eta')][0]
    mine = opt.state[w][key] = torch.full((2, 3), 0.25); grads(); opt.step(); print(mine); opt.step(); digest(opt, params)
    saved = copy.deepcopy(opt.state_dict()); grads(); opt.step(); opt.load_state_dict(saved); opt.step(); opt.step(); digest(opt, params)
    del opt.state[params[1]]; grads(); opt.step(); opt.step(); digest(opt, params)
    clones = [nn.Parameter(p.detach().clone()) for p in params]
    both = copy.deepcopy((params, opt)); grads(); opt.step(); grads(by=2.0); opt.step(); digest(opt, params); digest(both[1], both[0])
    for p in both[0]: p.grad = torch.ones_like(p)
    both[1].step(); digest(both[1], both[0])
    for g in opt.param_groups: g['lr'] = 0.0
    grads(); opt.step(); opt.step(); digest(opt, params)
torch.set_printoptions(precision=4)
"""

CASES["shared and odd memory"] = """
torch.set_printoptions(precision=3)
for make in (lambda p: optim.SGD(p, 0.1, momentum=0.5), lambda p: optim.Adam(p, 0.1), lambda p: optim.RMSprop(p, 0.1)):
    base = torch.arange(12.).reshape(3, 4) / 10
    a, b, c, d = nn.Parameter(base[:, :2]), nn.Parameter(base[:, 2:].t()), nn.Parameter(base[1]), nn.Parameter(torch.ones(4)[::2])
    opt = make([a, b, c, d])
    for _ in range(4):
        for p in (a, b, c, d): p.grad = p.detach() * 0.5 + 1
        opt.step()
    print(base, a, b, c, d)
    flat = torch.zeros(5); x, y = nn.Parameter(flat[:2]), nn.Parameter(flat[2:]); z = nn.Parameter(torch.ones(2, dtype=torch.float64))
    opt = make([x, y, z])
    for _ in range(4):
        x.grad, y.grad, z.grad = torch.ones(2), torch.arange(3.), torch.ones(2, dtype=torch.float64)
        opt.step()
    print(flat, x, y, z)
    g = torch.tensor([1., 2.]); x.grad = g; y.grad = g.expand(3, 2)[:, 0]; opt.step(); opt.step(); print(g, x, y)
torch.set_printoptions(precision=4)
"""

CASES["arguments of optimizers"] = """
p = nn.Parameter(torch.ones(2)); p.grad = torch.ones(2)
for f in (lambda: optim.Adam([p], capturable=True).step(), lambda: optim.RMSprop([p], capturable=True).step(), lambda: optim.Adam([p], fused=True, foreach=True), lambda: optim.Adam([p], fused=True, differentiable=True),
    lambda: optim.SGD([p], fused=True, differentiable=True), lambda: optim.Adam([p], lr=torch.tensor([.1, .2])), lambda: optim.Adam([p], differentiable=True).step(), lambda: optim.Adadelta([p], eps=-1.), lambda: optim.ASGD([p], weight_decay=-1.),
    lambda: optim.NAdam([p], momentum_decay=-1.), lambda: optim.RMSprop([p], momentum=-1.), lambda: optim.Rprop([p], etas=(2., 3.)), lambda: optim.Adagrad([p], initial_accumulator_value=-1.), lambda: optim.RAdam([p], betas=(2., 0.)), lambda: optim.Adamax([p], betas=(0.5, 1.0))):
    attempt(f)
for make in (optim.SGD, optim.Adam, optim.AdamW, optim.Adagrad):
    for k in (dict(foreach=True), dict(foreach=False), dict(fused=False), dict(lr=torch.tensor(0.5))):
        q = nn.Parameter(torch.ones(2)); q.grad = torch.ones(2); opt = make([q], **k); opt.step(); print(q, opt)
"""

CASES["clipping to the last bit"] = """
torch.manual_seed(4)
for shapes in (((3,), (16, 16)), ((5, 7), (), (1,), (64,), (13, 9)), ((2, 3, 4),), ((100, 37), (8,)), ((6,), (7,), (9,), (10,), (11,), (12,), (15,), (17,))):
    for largest in (0.5, 1e6):
        params = [nn.Parameter(torch.zeros(s)) for s in shapes]
        for p in params: p.grad = torch.randn(p.shape)
        total = nn.utils.clip_grad_norm_(params, largest)
        print(bits(total), total.shape, [bits(p.grad) for p in params], [p.grad._version for p in params])
        print(bits(nn.utils.clip_grad_norm_(params, 1.0, norm_type=float('inf'))), bits(nn.utils.get_total_norm([p.grad for p in params])))
        nn.utils.clip_grad_value_(params, 0.1); print([bits(p.grad) for p in params], [p.grad._version for p in params])
d = nn.Parameter(torch.zeros(3, dtype=torch.float64)); d.grad = torch.tensor([3., 4., 12.], dtype=torch.float64); e = nn.Parameter(torch.zeros(2)); e.grad = torch.ones(2)
print(nn.utils.clip_grad_norm_([d], 1.0), d.grad, nn.utils.clip_grad_norm_(d, 1.0), nn.utils.clip_grad_norm_([nn.Parameter(torch.ones(1))], 1.0), nn.utils.clip_grad_norm_((p for p in [e]), 1.0))
e.grad = torch.tensor([float('nan'), 1.]); print(nn.utils.clip_grad_norm_([e], 1.0), e.grad); e.grad = torch.tensor([float('inf'), -3.]); nn.utils.clip_grad_value_(e, 2.0); print(e.grad)
"""

CASES["Adafactor, Muon and SparseAdam"] = """
torch.set_printoptions(precision=3)
for keywords in (dict(), dict(lr=0.1, weight_decay=0.1, maximize=True), dict(lr=0.5, eps=(1e-8, 1e-2), d=2.0, beta2_decay=-0.5)):
    torch.manual_seed(5)
    params = [nn.Parameter(torch.randn(s)) for s in ((4, 5), (7,), (2, 3, 4), ())]
    opt = optim.Adafactor(params, **keywords)
    for step in range(12):
        for p in params: p.grad = None if p is params[1] and step % 3 == 1 else p.detach() * 0.5 + 0.25
        opt.step()
    print(opt, [p.detach() for p in params], [p._version for p in params])
    for p in params: print(opt.state[p])
torch.set_printoptions(precision=1, sci_mode=False)
for keywords in (dict(lr=0.5), dict(lr=0.1, weight_decay=0.0, momentum=0.5, nesterov=False, adjust_lr_fn='match_rms_adamw')):
    torch.manual_seed(5)
    params = [nn.Parameter(torch.randn(s)) for s in ((4, 5), (6, 3))]
    opt = optim.Muon(params, **keywords)
    for step in range(4):
        for p in params: p.grad = p.detach() * 0.5 + 0.25
        opt.step()
    print(opt, [(p.detach() * 4).round() for p in params])
    print([list(opt.state[p]) for p in params])
torch.set_printoptions(precision=4, sci_mode=None)
p = nn.Parameter(torch.ones(2, 2)); q = nn.Parameter(torch.ones(2)); z = nn.Parameter(torch.ones(2, dtype=torch.complex64)); s = optim.SparseAdam([q]); print(s, s.step()); q.grad = torch.ones(2)
for f in (lambda: s.step(), lambda: optim.SparseAdam([q], lr=0.0), lambda: optim.SparseAdam([q], eps=0), lambda: optim.SparseAdam([q], betas=(1.0, 0.5)), lambda: optim.SparseAdam([q, z]),
    lambda: optim.Muon([q]), lambda: optim.Muon([p], lr=-1.), lambda: optim.Muon([p], momentum=-1.), lambda: optim.Muon([p], weight_decay=-1.), lambda: optim.Muon([p], adjust_lr_fn='x'), lambda: optim.Muon([p], lr=torch.ones(2)),
    lambda: optim.Adafactor([p], lr=-1.), lambda: optim.Adafactor([p], beta2_decay=1.), lambda: optim.Adafactor([p], eps=(-1., 1.)), lambda: optim.Adafactor([p], eps=(None, -1.)), lambda: optim.Adafactor([p], d=0.5), lambda: optim.Adafactor([p], weight_decay=-1.)):
    attempt(f)
z.grad = torch.ones(2, dtype=torch.complex64); attempt(lambda: optim.Adafactor([z]).step())
p.grad = torch.ones(2, 2); attempt(lambda: optim.Muon([p], ns_steps=100).step()); attempt(lambda: optim.Muon([p], ns_coefficients=(1., 2.)).step())
"""

CASES["averaged weights"] = """
S = optim.swa_utils
def train(make, n=5):
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)); opt = optim.SGD(net.parameters(), lr=0.1); averaged = make(net)
    data = [(torch.randn(6, 2), torch.randn(6, 1)) for _ in range(n)]
    for x, y in data:
        opt.zero_grad(); ((net(x) - y) ** 2).mean().backward(); opt.step(); averaged.update_parameters(net)
    print(averaged.n_averaged, list(averaged.state_dict())[:4]); print([p.detach() for p in averaged.parameters()]); print([b for b in averaged.buffers()])
    S.update_bn(data, averaged); print([b for b in averaged.buffers()], averaged.module[1].momentum, averaged.training)
    averaged.eval(); print(averaged(data[0][0]).detach().reshape(-1))
train(lambda m: S.AveragedModel(m)); train(lambda m: S.AveragedModel(m, use_buffers=True)); train(lambda m: S.AveragedModel(m, avg_fn=S.get_ema_avg_fn(0.9)))
train(lambda m: S.AveragedModel(m, multi_avg_fn=S.get_ema_multi_avg_fn(0.9), use_buffers=True)); train(lambda m: S.AveragedModel(m, multi_avg_fn=S.get_swa_multi_avg_fn()))
print(S.AveragedModel(nn.Linear(1, 1)))
attempt(lambda: S.get_ema_avg_fn(2.0)); attempt(lambda: S.get_ema_multi_avg_fn(-1)); attempt(lambda: S.AveragedModel(nn.Linear(1, 1), avg_fn=1, multi_avg_fn=2))
for keywords in (dict(swa_lr=0.05), dict(swa_lr=[0.05, 0.1], anneal_epochs=3, anneal_strategy='linear'), dict(swa_lr=0.2, anneal_epochs=0)):
    opt = optim.SGD([{'params': [nn.Parameter(torch.ones(1))]}, {'params': [nn.Parameter(torch.ones(1))], 'lr': 0.5}], lr=1.0)
    s = S.SWALR(opt, **keywords); rates = [s.get_last_lr()]
    for _ in range(12): opt.step(); s.step(); rates.append(s.get_last_lr())
    print(rates)
    t = S.SWALR(opt, **keywords); t.load_state_dict(s.state_dict()); print(t.last_epoch, t.get_last_lr(), sorted(k for k in s.state_dict() if not k.startswith('_')))
attempt(lambda: S.SWALR(opt, 0.1, anneal_strategy='x')); attempt(lambda: S.SWALR(opt, 0.1, anneal_epochs=-1)); attempt(lambda: S.SWALR(opt, [0.1]))
"""
