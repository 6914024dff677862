# Bayesian regression by variational inference and in closed form; many distributions.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, math
from torch.distributions import (
    Normal,
    Gamma,
    Beta,
    Bernoulli,
    Uniform,
    kl_divergence,
    Exponential,
    Poisson,
    Dirichlet,
    StudentT,
    Laplace,
    Binomial,
    Multinomial,
    HalfNormal,
    Cauchy,
    Geometric,
)

torch.manual_seed(0)
X = torch.linspace(-1, 1, 20)
Y = 1.5 * X - 0.5 + 0.2 * torch.randn(20)
mu = torch.zeros(2, requires_grad=True)
rho = torch.full((2,), -1.0, requires_grad=True)
prior = Normal(torch.zeros(2), torch.ones(2))
opt = torch.optim.Adam([mu, rho], lr=0.05)
for i in range(40):
    q = Normal(mu, torch.nn.functional.softplus(rho))
    w = q.rsample()
    ll = Normal(w[0] * X + w[1], 0.2).log_prob(Y).sum()
    kl = kl_divergence(q, prior).sum()
    loss = -(ll - kl)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, f"{loss.item():.3f} {kl.item():.3f}")
print(mu, torch.nn.functional.softplus(rho), q)
A = torch.stack([X, torch.ones(20)], 1)
S = torch.linalg.inv(A.T @ A / 0.04 + torch.eye(2))
print(S @ A.T @ Y / 0.04, S.diag().sqrt(), torch.linalg.lstsq(A, Y[:, None]).solution.flatten())
for d in (
    Normal(0.0, 1.0),
    Gamma(2.0, 1.0),
    Beta(2.0, 3.0),
    Bernoulli(0.3),
    Uniform(0.0, 2.0),
    Exponential(1.5),
    Poisson(3.0),
    Dirichlet(torch.ones(3)),
    StudentT(3.0),
    Laplace(0.0, 1.0),
    Binomial(5, 0.4),
    HalfNormal(1.0),
    Cauchy(0.0, 1.0),
    Geometric(0.3),
):
    v = d.sample((2,))
    print(
        d,
        v.shape,
        d.mean,
        d.variance,
        d.log_prob(torch.tensor([0.2, 0.3, 0.5]) if isinstance(d, Dirichlet) else torch.tensor(1.0)),
    )
torch.manual_seed(1)
print(
    Normal(0.0, 1.0).sample((3,)),
    Bernoulli(torch.tensor([0.3, 0.7])).sample(),
    Uniform(0.0, 1.0).sample((2,)),
    Exponential(1.0).sample((2,)),
    Gamma(2.0, 1.0).sample((2,)),
    Beta(2.0, 2.0).sample((2,)),
    Poisson(4.0).sample((3,)),
    Dirichlet(torch.ones(3)).sample(),
    Multinomial(5, torch.ones(3)).sample(),
    Normal(torch.zeros(2), 1.0).cdf(torch.tensor(0.5)),
    Normal(0.0, 1.0).icdf(torch.tensor(0.3)),
    Normal(0.0, 2.0).entropy(),
    Normal(0, 1).loc,
)
print(
    kl_divergence(Normal(0.0, 1.0), Normal(1.0, 2.0)),
    kl_divergence(Bernoulli(0.3), Bernoulli(0.5)),
    kl_divergence(Beta(1.0, 2.0), Beta(2.0, 1.0)),
    kl_divergence(Gamma(1.0, 1.0), Gamma(2.0, 1.0)),
    kl_divergence(Dirichlet(torch.ones(2)), Dirichlet(torch.tensor([1.0, 2.0]))),
)
try:
    Normal(0.0, -1.0)
except ValueError as e:
    print(e)
try:
    Bernoulli(1.5)
except ValueError as e:
    print(e)
try:
    Normal(0.0, 1.0).log_prob("a")
except Exception as e:
    print(type(e).__name__, e)
try:
    Uniform(1.0, 0.0)
except ValueError as e:
    print(e)
print(
    Bernoulli(logits=torch.tensor(0.0)).probs,
    Normal(0.0, 1.0).batch_shape,
    Normal(torch.zeros(2, 1), torch.ones(3)).batch_shape,
    Normal(torch.zeros(3), 1.0).expand((2, 3)).sample().shape,
    Dirichlet(torch.ones(2, 3)).event_shape,
    Normal(0.0, 1.0).has_rsample,
)
