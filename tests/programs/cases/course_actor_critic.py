# Policy gradient with a value baseline.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.optim as optim
from torch.distributions import Categorical

torch.manual_seed(543)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 16)
        self.dropout = nn.Dropout(p=0.2)
        self.action_head = nn.Linear(16, 3)
        self.value_head = nn.Linear(16, 1)
        self.saved_log_probs = []
        self.rewards = []
        self.values = []

    def forward(self, x):
        x = torch.relu(self.dropout(self.affine1(x)))
        return torch.softmax(self.action_head(x), dim=-1), self.value_head(x)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
eps = (
    torch.finfo(torch.float32).eps.item()
    if hasattr(torch.finfo(torch.float32).eps, "item")
    else torch.finfo(torch.float32).eps
)
for ep in range(4):
    state = torch.randn(1, 4)
    for t in range(6):
        probs, v = policy(state)
        m = Categorical(probs)
        a = m.sample()
        policy.saved_log_probs.append(m.log_prob(a))
        policy.values.append(v)
        policy.rewards.append(float(a.item() == t % 3))
        state = state.roll(1, 1) * 0.9
    R = 0
    returns = []
    for r in policy.rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    pl, vl = [], []
    for lp, R, v in zip(policy.saved_log_probs, returns, policy.values):
        adv = R - v.item()
        pl.append(-lp * adv)
        vl.append(nn.functional.smooth_l1_loss(v, torch.tensor([[R]])))
    optimizer.zero_grad()
    loss = torch.cat(pl).sum() + torch.stack(vl).sum()
    loss.backward()
    optimizer.step()
    print(ep, f"{loss.item():.4f}", sum(policy.rewards), m, m.entropy().item().__round__(4))
    del policy.rewards[:], policy.saved_log_probs[:], policy.values[:]
print(Categorical(torch.tensor([0.25, 0.75])).sample((10,)), Categorical(logits=torch.zeros(3)).probs)
