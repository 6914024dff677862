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

_MORE = {
    "Gamma": ["2.0, 3.0", "torch.tensor([0.3, 1.5, 20.]), torch.tensor([1., 2., 0.5])"],
    "Beta": ["2.0, 3.0", "torch.tensor([0.5, 1.5]), torch.tensor([[0.7], [9.]])"],
    "Dirichlet": ["torch.tensor([0.5, 2., 3.])", "torch.tensor([[1., 0.2, 1.], [10., 20., 30.]])"],
    "StudentT": [
        "5.0",
        "torch.tensor([1., 2.5, 8.]), torch.tensor([0., 1., 2.]), torch.tensor([1., 2., 3.])",
    ],
    "Poisson": ["3.0", "torch.tensor([0.5, 4., 30.])"],
    "Binomial": [
        "10, 0.3",
        "5, torch.tensor([0.1, 0.9])",
        "torch.tensor([50., 50.]), logits=torch.tensor([0.2, -1.])",
    ],
    "Geometric": ["0.3", "torch.tensor([0.2, 0.9])", "logits=torch.tensor([0.2, -1.])"],
    "NegativeBinomial": ["5, torch.tensor(0.3)", "torch.tensor([2., 5.]), torch.tensor([0.2, 0.6])"],
    "Multinomial": ["5, torch.tensor([0.2, 0.3, 0.5])", "4, logits=torch.randn(2, 3)"],
    "Chi2": ["3.0", "torch.tensor([1., 7.])"],
    "FisherSnedecor": [
        "torch.tensor(5.0), torch.tensor(6.0)",
        "torch.tensor([1., 7.]), torch.tensor([3., 8.])",
    ],
    "HalfNormal": ["2.0", "torch.tensor([0.5, 3.])"],
    "HalfCauchy": ["2.0", "torch.tensor([0.5, 3.])"],
    "Gumbel": ["0.5, 2.0", "torch.tensor([0., 1.]), torch.tensor([[1.], [3.]])"],
    "Weibull": ["1.0, 2.0", "torch.tensor([1., 2.]), torch.tensor([0.7, 1.5])"],
    "Pareto": ["1.0, 3.0", "torch.tensor([1., 2.]), torch.tensor([0.7, 2.5])"],
    "InverseGamma": [
        "torch.tensor(3.0), torch.tensor(2.0)",
        "torch.tensor([1., 2.5]), torch.tensor([0.7, 1.5])",
    ],
    "Kumaraswamy": ["2.0, 3.0", "torch.tensor([0.5, 1.5]), torch.tensor([0.7, 4.])"],
    "RelaxedBernoulli": ["torch.tensor(0.5), 0.3", "torch.tensor([2.]), torch.tensor([0.2, 0.9])"],
    "RelaxedOneHotCategorical": [
        "torch.tensor(0.5), torch.tensor([0.2, 0.3, 0.5])",
        "torch.tensor([2.]), logits=torch.randn(3)",
    ],
    "ContinuousBernoulli": ["0.3", "torch.tensor([0.1, 0.5, 0.9])"],
    "VonMises": ["torch.tensor(0.5), torch.tensor(2.0)", "torch.tensor([0., 1.]), torch.tensor([0.1, 30.])"],
    "MultivariateNormal": [
        "torch.zeros(2), torch.eye(2)",
        "torch.tensor([1., 2.]), torch.tensor([[2., 0.5], [0.5, 1.]])",
    ],
    "LowRankMultivariateNormal": [
        "torch.zeros(2), torch.tensor([[1.], [0.5]]), torch.ones(2)",
        "torch.ones(3, 2), torch.tensor([[1.], [0.]]), torch.tensor([0.5, 2.])",
    ],
    "LogisticNormal": [
        "torch.zeros(2), torch.ones(2)",
        "torch.tensor([[0.5, 1., -1.]]), torch.tensor([0.3, 1., 2.])",
    ],
}
for _name, _each in _MORE.items():
    CASES[_name] = (
        _HEAD
        + f"""
torch.manual_seed(3); made = [{", ".join(f"D.{_name}({m})" for m in _each)}]
for d in made:
    print(d, d.batch_shape, d.event_shape, d.has_rsample, d.has_enumerate_support, d.support)
    torch.manual_seed(7)
    x = d.sample(); y = d.sample((3, 2)); print(x, y.shape, y.sum(0), y.requires_grad, torch.rand(1))
    attempt(lambda: d.log_prob(x)); attempt(lambda: d.log_prob(y).sum()); attempt(lambda: d.mean); attempt(lambda: d.variance); attempt(lambda: d.mode)
    attempt(lambda: d.entropy()); attempt(lambda: d.cdf(x))
    if d.has_rsample: torch.manual_seed(7); print(d.rsample((2,)))
    e = d.expand((2, *d.batch_shape)); torch.manual_seed(8); print(e.batch_shape, e.sample().sum(), type(e).__name__, e.log_prob(x).shape)
    attempt(lambda: D.kl_divergence(d, d)); attempt(lambda: D.kl_divergence(made[0], made[-1])); attempt(lambda: D.kl_divergence(made[-1], made[0]))
    attempt(lambda: d.log_prob(torch.full((5, 7) + d.event_shape, -1.5)))
"""
    )

CASES["gradients through rejection"] = (
    _HEAD
    + """
for make in (lambda a, b: D.Gamma(a, b), lambda a, b: D.Beta(a, b), lambda a, b: D.Dirichlet(torch.stack([a, b, a + b], -1)), lambda a, b: D.StudentT(a, b, a), lambda a, b: D.Chi2(a), lambda a, b: D.Gumbel(a, b), lambda a, b: D.Weibull(a, b), lambda a, b: D.HalfNormal(b), lambda a, b: D.Kumaraswamy(a, b), lambda a, b: D.Pareto(a, b), lambda a, b: D.InverseGamma(a, b), lambda a, b: D.RelaxedBernoulli(torch.tensor(0.5), logits=a), lambda a, b: D.MultivariateNormal(a, torch.diag(b)), lambda a, b: D.FisherSnedecor(a, b), lambda a, b: D.ContinuousBernoulli(logits=a)):
    a, b = torch.tensor([0.5, 3., 20.], requires_grad=True), torch.tensor([0.7, 1.5, 9.], requires_grad=True)
    torch.manual_seed(1); d = make(a, b); x = d.rsample((4,)); print(type(d).__name__, x.grad_fn is not None); x.square().mean().backward(); print(a.grad, b.grad)
    a.grad = b.grad = None; d = make(a, b); d.log_prob(x.detach()).sum().backward(); print(a.grad, b.grad)
"""
)

CASES["divergences between families"] = (
    _HEAD
    + """
all = [D.Bernoulli(torch.tensor([0.3])), D.Beta(torch.tensor([2.]), torch.tensor([3.])), D.Binomial(3, torch.tensor([0.4])), D.Cauchy(torch.tensor([0.]), torch.tensor([1.])), D.ContinuousBernoulli(torch.tensor([0.2])), D.Exponential(torch.tensor([2.])), D.Gamma(torch.tensor([2.]), torch.tensor([1.5])), D.Geometric(torch.tensor([0.3])), D.Gumbel(torch.tensor([0.5]), torch.tensor([1.5])), D.HalfNormal(torch.tensor([1.5])), D.Laplace(torch.tensor([0.2]), torch.tensor([1.2])), D.Normal(torch.tensor([0.1]), torch.tensor([0.8])), D.Pareto(torch.tensor([1.]), torch.tensor([3.])), D.Poisson(torch.tensor([2.])), D.Uniform(torch.tensor([0.2]), torch.tensor([0.7])), D.Chi2(torch.tensor([3.]))]
for p in all:
    for q in all:
        print(type(p).__name__, type(q).__name__); attempt(lambda: D.kl_divergence(p, q))
p, q = D.MultivariateNormal(torch.tensor([1., 2.]), torch.tensor([[2., .5], [.5, 1.]])), D.LowRankMultivariateNormal(torch.zeros(2), torch.tensor([[1.], [2.]]), torch.ones(2))
print(D.kl_divergence(p, q), D.kl_divergence(q, p), D.kl_divergence(p, p.expand((2,))), D.kl_divergence(q, q)); attempt(lambda: D.kl_divergence(p, D.MultivariateNormal(torch.zeros(3), torch.eye(3))))
"""
)

CASES["normal vectors"] = (
    _HEAD
    + """
L = torch.tensor([[1., 0.], [0.5, 2.]]); C = L @ L.T
for d in (D.MultivariateNormal(torch.zeros(2), C), D.MultivariateNormal(torch.zeros(3, 2), precision_matrix=torch.linalg.inv(C)), D.MultivariateNormal(torch.ones(2), scale_tril=L.expand(3, 2, 2)), D.LowRankMultivariateNormal(torch.zeros(2), L[:, :1], torch.ones(2))):
    print(d.covariance_matrix, d.precision_matrix, d.scale_tril, d.variance, d.entropy()); torch.manual_seed(0); x = d.sample((2,)); print(x, d.log_prob(x))
attempt(lambda: D.MultivariateNormal(torch.zeros(2))); attempt(lambda: D.MultivariateNormal(torch.tensor(0.), torch.eye(2))); attempt(lambda: D.MultivariateNormal(torch.zeros(2), torch.tensor([[1., 2.], [2., 1.]]))); attempt(lambda: D.MultivariateNormal(torch.zeros(2), torch.ones(2)))
"""
)

CASES["mixtures"] = (
    _HEAD
    + """
m = D.MixtureSameFamily(D.Categorical(torch.tensor([0.2, 0.8])), D.Normal(torch.tensor([-2., 3.]), torch.tensor([0.5, 1.]))); print(m, m.batch_shape, m.mean, m.variance, m.support)
torch.manual_seed(0); x = m.sample((5,)); print(x, m.log_prob(x), m.cdf(x))
g = D.MixtureSameFamily(D.Categorical(logits=torch.randn(3, 2)), D.Independent(D.Normal(torch.randn(3, 2, 2), torch.rand(3, 2, 2)), 1)); x = g.sample(); print(x.shape, g.log_prob(x).shape, g.mean.shape, g.expand((4, 3)).sample().shape)
attempt(lambda: D.MixtureSameFamily(1, m)); attempt(lambda: D.MixtureSameFamily(D.Categorical(torch.ones(3)), D.Normal(torch.zeros(2), torch.ones(2))))
"""
)

CASES["transforms and registries"] = (
    _HEAD
    + """
T = D.transforms
x = torch.tensor([[0.3, -1., 2.]])
for t in (T.ExpTransform(), T.SigmoidTransform(), T.SoftplusTransform(), T.TanhTransform(), T.AffineTransform(1., 2.), T.AffineTransform(1., torch.tensor([2., 3., 4.]), event_dim=1), T.StickBreakingTransform(), T.ComposeTransform([T.AffineTransform(0., 0.5), T.ExpTransform()]), T.IndependentTransform(T.ExpTransform(), 1), T.ExpTransform().inv.inv):
    y = t(x); print(t, y, t.inv(y), t.log_abs_det_jacobian(x, y), t.inv, t.domain, t.codomain, t.bijective)
print(T.ReshapeTransform((3,), (3, 1))(x).shape, T.SoftmaxTransform()(x), T.AbsTransform()(x), T.identity_transform(x)); m = torch.randn(2, 2); print(T.LowerCholeskyTransform()(m), T.PositiveDefiniteTransform()(m))
for c in (D.constraints.positive, D.constraints.unit_interval, D.constraints.simplex, D.constraints.real, D.constraints.greater_than(2.), D.constraints.interval(1., 3.), D.constraints.less_than(0.)):
    print(c, D.transform_to(c), D.transform_to(c)(x), D.biject_to(c)(x).shape)
d = D.TransformedDistribution(D.Normal(torch.zeros(3), 1.), [T.StickBreakingTransform()]); torch.manual_seed(0); y = d.sample(); print(y, d.event_shape, d.log_prob(y)); attempt(lambda: D.biject_to(D.constraints.lower_cholesky))
"""
)

CASES["numbers by rejection, bit for bit"] = """
for dtype in (torch.float32, torch.float64):
    a = torch.arange(1, 301).to(dtype) / 10; p = torch.arange(300).to(dtype) / 299
    torch.manual_seed(5); g = torch.distributions.Gamma(a, 1.0).sample(); print(bits(g), bits(torch.poisson(a)), bits(torch.binomial((a * 10).floor(), p)), bits(torch.distributions.Dirichlet(a.reshape(100, 3)).sample()), torch.rand(1))
"""
