# A three-armed bandit: the score function's gradient moves probability to the best arm.
import torch

torch.manual_seed(0)
rewards = torch.tensor([1.0, 2.0, 0.5])
preferences = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([preferences], lr=0.1)
baseline = 0.0
for episode in range(301):
    probabilities = torch.softmax(preferences, dim=0)
    arm = torch.multinomial(probabilities.detach(), 1).item()
    reward = rewards[arm].item() + 0.1 * torch.randn(1).item()
    loss = -torch.log(probabilities[arm]) * (reward - baseline)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline += 0.1 * (reward - baseline)
    if episode % 100 == 0:
        print(episode, probabilities.detach(), f"{baseline:.3f}")
expected = (torch.softmax(preferences, 0) * rewards).sum()
expected.backward()
print(expected, preferences.grad, preferences.argmax())
