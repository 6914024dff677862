"""Programs over torch.distributions; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

_HEAD = "D = torch.distributions\ntorch.set_printoptions(precision=3, sci_mode=False)\n"
_MAKERS = {
    "Normal": ["0.5, 2.0", "torch.tensor([0., 1.]), torch.tensor([[1.], [3.]])"],
    "Laplace": ["0.5, 2.0", "torch.tensor([0., 1.]), torch.tensor([[1.], [3.]])"],
    "Cauchy": ["0.5, 2.0", "torch.tensor([0., 1.]), torch.tensor([[1.], [3.]])"],
    "LogNormal": ["0.5, 0.5", "torch.tensor([0., 1.]), torch.tensor([[1.], [0.3]])"],
    "Uniform": ["-1.0, 2.0", "torch.tensor([0., 1.]), torch.tensor([[2.], [3.]])"],
    "Exponential": ["2.0", "torch.tensor([0.5, 1., 2.])"],
    "Bernoulli": ["0.3", "torch.tensor([0.1, 0.5, 1.0])", "logits=torch.tensor([[0.2], [-1.0]])"],
    "Categorical": [
        "torch.tensor([0.2, 0.3, 0.5])",
        "torch.tensor([[1., 1.], [0., 2.]])",
        "logits=torch.randn(2, 3)",
    ],
    "OneHotCategorical": ["torch.tensor([0.2, 0.3, 0.5])", "logits=torch.randn(2, 3)"],
}
for _name, _each in _MAKERS.items():
    CASES[_name] = (
        _HEAD
        + f"""
made = [{", ".join(f"D.{_name}({m})" for m in _each)}]
for d in made:
    print(d, d.batch_shape, d.event_shape, d.has_rsample, d.has_enumerate_support, d.support)
    torch.manual_seed(7)
    x = d.sample(); y = d.sample((3, 2)); print(x, y.shape, y.sum(0), y.requires_grad, torch.rand(1))
    print(d.log_prob(x), d.log_prob(y).sum()); print(d.mean, d.variance); print(d.stddev); attempt(lambda: d.mode)
    attempt(lambda: d.entropy()); attempt(lambda: d.perplexity())
    if d.has_rsample: torch.manual_seed(7); print(d.rsample((2,)))
    if d.has_enumerate_support: print(d.enumerate_support(), d.enumerate_support(False).shape)
    else: attempt(lambda: d.cdf(x))
    e = d.expand((2, *d.batch_shape)); print(e.batch_shape, e.sample().shape, type(e).__name__, e.log_prob(x).shape)
    attempt(lambda: D.kl_divergence(d, d)); attempt(lambda: D.kl_divergence(made[0], made[1]))
    attempt(lambda: d.log_prob(3)); attempt(lambda: d.log_prob(torch.full((5, 7) + d.event_shape, -1.5)))
i = D.Independent(made[1], len(made[1].batch_shape)); print(i, i.batch_shape, i.event_shape, i.log_prob(i.sample()).shape); attempt(lambda: i.entropy())
"""
    )

CASES["gradients through samples"] = (
    _HEAD
    + """
for make in (lambda a, b: D.Normal(a, b.exp()), lambda a, b: D.Laplace(a, b.exp()), lambda a, b: D.LogNormal(a, b.exp()), lambda a, b: D.Uniform(a, a + b.exp()), lambda a, b: D.Cauchy(a, b.exp())):
    a, b = torch.tensor([0.5, -1.], requires_grad=True), torch.tensor([0.1, 0.2], requires_grad=True)
    torch.manual_seed(1); d = make(a, b); x = d.rsample((3,)); (x.square().mean() + d.log_prob(x.detach()).sum()).backward(); print(a.grad, b.grad, x.grad_fn is not None, d.sample().requires_grad)
p = torch.randn(2, 3, requires_grad=True); c = D.Categorical(logits=p); torch.manual_seed(2); a = c.sample(); (-c.log_prob(a) * torch.tensor([1., 2.]) - 0.1 * c.entropy()).sum().backward(); print(a, p.grad)
p = torch.randn(3, requires_grad=True); s = D.OneHotCategoricalStraightThrough(logits=p); x = s.rsample((2,)); (x * torch.arange(3.)).sum().backward(); print(x, p.grad)
mu, sigma = torch.tensor([0.5, 1.], requires_grad=True), torch.tensor([1., 2.], requires_grad=True); k = D.kl_divergence(D.Normal(mu, sigma), D.Normal(torch.zeros(2), torch.ones(2))); print(k); k.sum().backward(); print(mu.grad, sigma.grad)
"""
)

CASES["transformed and independent"] = (
    _HEAD
    + """
base = D.Normal(torch.zeros(2), torch.ones(2))
for t in (D.ExpTransform(), D.SigmoidTransform(), D.TanhTransform(), D.AffineTransform(1.0, -2.0), D.AffineTransform(torch.ones(3, 1), torch.tensor([2.0, 0.5])), [D.AffineTransform(0.5, 2.0), D.SigmoidTransform()], []):
    d = D.TransformedDistribution(base, t); torch.manual_seed(3); x = d.sample((2,)); print(d.batch_shape, d.event_shape, x, d.log_prob(x)); torch.manual_seed(3); print(torch.equal(d.rsample((2,)), x)); print(d.cdf(x), d.expand((4, 3, 2)).batch_shape)
i = D.TransformedDistribution(D.Independent(base, 1), D.ExpTransform()); x = i.sample((3,)); print(i.batch_shape, i.event_shape, i.log_prob(x), i.support)
print(D.TransformedDistribution(D.Uniform(0.5, 1.5), D.transforms.PowerTransform(torch.tensor(2.0))).log_prob(torch.tensor(1.2)))
print(D.Independent(D.Bernoulli(torch.full((2, 3), 0.3)), 2), D.Independent(base, 1).entropy(), D.kl_divergence(D.Independent(base, 1), D.Independent(D.Normal(torch.ones(2), torch.ones(2)), 1)), D.kl_divergence(D.LogNormal(0., 1.), D.LogNormal(1., 2.)))
attempt(lambda: D.Independent(base, 2)); attempt(lambda: D.TransformedDistribution(base, 3)); attempt(lambda: D.TransformedDistribution(base, [3])); attempt(lambda: D.kl_divergence(D.Laplace(0., 1.), D.Bernoulli(0.5))); attempt(lambda: D.Independent(D.Categorical(torch.ones(2, 3)), 1).enumerate_support())
"""
)

CASES["errors of distributions"] = (
    _HEAD
    + """
attempt(lambda: D.Normal(0., -1.), True); attempt(lambda: D.Normal(torch.tensor([float('nan'), 0.]), torch.ones(2)), True); attempt(lambda: D.Normal('x', 1.0)); attempt(lambda: D.Uniform(2., 1.), True); attempt(lambda: D.Exponential(0.)); attempt(lambda: D.Bernoulli(1.5)); attempt(lambda: D.Bernoulli()); attempt(lambda: D.Bernoulli(0.5, 0.1)); attempt(lambda: D.Categorical(torch.tensor(1.))); attempt(lambda: D.Categorical(logits=torch.tensor(1.))); attempt(lambda: D.Categorical(torch.tensor([-1., 2.])))
attempt(lambda: D.Bernoulli(0.5).log_prob(torch.tensor(0.5)), True); attempt(lambda: D.Categorical(torch.ones(3)).log_prob(torch.tensor(3))); attempt(lambda: D.Exponential(1.).log_prob(torch.tensor(-1.))); attempt(lambda: D.Normal(torch.zeros(2), 1.).log_prob(torch.zeros(3))); attempt(lambda: D.OneHotCategorical(torch.ones(3)).log_prob(torch.zeros(2))); attempt(lambda: D.Bernoulli(0.5).rsample()); attempt(lambda: D.Bernoulli(0.5).cdf(torch.tensor(1.)))
print(D.Normal(0., -1., validate_args=False), D.Bernoulli(0.5, validate_args=False).log_prob(torch.tensor(0.5)), D.Normal(0, 1).sample().dtype, D.Normal(torch.zeros(2, dtype=torch.float64), 1).sample())
"""
)
