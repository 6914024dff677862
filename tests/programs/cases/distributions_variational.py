# Variational inference through samples, and the gradient of a policy.
# tolerance: 1e-3
# Sums over samples, printed after many steps of float32 arithmetic.
import torch
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence

torch.manual_seed(4)
data = Normal(2.0, 0.5).sample((50,))
print(data[:5], data.mean())
loc, log_scale = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
prior = Normal(torch.zeros(1), 3 * torch.ones(1))
optimizer = torch.optim.Adam([loc, log_scale], lr=0.1)
for step in range(40):
    posterior = Normal(loc, log_scale.exp())
    mean = posterior.rsample((8,))
    likelihood = Normal(mean, 0.5).log_prob(data).sum(-1).mean()
    loss = kl_divergence(posterior, prior).sum() - likelihood
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(step, f"{loss.item():.2f}")
print(loc, log_scale)

logits = torch.zeros(3, requires_grad=True)
policy = Categorical(logits=logits)
action = policy.sample((6,))
(-policy.log_prob(action) * (action == 2)).sum().backward()
print(policy, action, logits.grad, policy.entropy())
print(Independent(Bernoulli(torch.tensor([[0.1, 0.9]])), 1).log_prob(torch.tensor([[0.0, 1.0]])))
