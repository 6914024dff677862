# Deep Q-learning with replay memory and a soft target on a corridor.
# tolerance: 1e-2
# Sums that a BLAS may add up in another order.
import torch, random, math
import torch.nn as nn, torch.optim as optim, torch.nn.functional as F
from collections import namedtuple, deque

random.seed(0)
torch.manual_seed(0)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class Env:
    def reset(self):
        self.s = 2
        self.t = 0
        return self.obs()

    def obs(self):
        return [float(self.s == i) for i in range(5)]

    def step(self, a):
        self.s = max(0, min(4, self.s + (1 if a == 1 else -1)))
        self.t += 1
        return self.obs(), 1.0 if self.s == 4 else -0.1, self.s == 4, self.t > 20


class DQN(nn.Module):
    def __init__(self, n, a):
        super(DQN, self).__init__()
        self.layer1 = nn.Linear(n, 16)
        self.layer2 = nn.Linear(16, a)

    def forward(self, x):
        return self.layer2(F.relu(self.layer1(x)))


BATCH_SIZE, GAMMA, TAU = 16, 0.9, 0.05
policy_net, target_net = DQN(5, 2), DQN(5, 2)
print(target_net.load_state_dict(policy_net.state_dict()))
optimizer = optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = ReplayMemory(500)
steps = 0
env = Env()


def select_action(state):
    global steps
    eps = 0.05 + 0.85 * math.exp(-steps / 60)
    steps += 1
    if random.random() > eps:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    return torch.tensor([[random.randrange(2)]], dtype=torch.long)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    batch = Transition(*zip(*memory.sample(BATCH_SIZE)))
    non_final_mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
    non_final = torch.cat([s for s in batch.next_state if s is not None])
    state_batch = torch.cat(batch.state)
    action_batch = torch.cat(batch.action)
    reward_batch = torch.cat(batch.reward)
    q = policy_net(state_batch).gather(1, action_batch)
    nv = torch.zeros(BATCH_SIZE)
    with torch.no_grad():
        nv[non_final_mask] = target_net(non_final).max(1).values
    loss = nn.SmoothL1Loss()(q, (nv * GAMMA + reward_batch).unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


for ep in range(12):
    state = torch.tensor(env.reset(), dtype=torch.float32).unsqueeze(0)
    total = 0
    while True:
        action = select_action(state)
        obs, reward, term, trunc = env.step(action.item())
        total += reward
        reward = torch.tensor([reward])
        nxt = None if term else torch.tensor(obs, dtype=torch.float32).unsqueeze(0)
        memory.push(state, action, nxt, reward)
        state = nxt
        loss = optimize_model()
        t, p = target_net.state_dict(), policy_net.state_dict()
        for key in p:
            t[key] = p[key] * TAU + t[key] * (1 - TAU)
        target_net.load_state_dict(t)
        if term or trunc:
            break
    print(ep, round(total, 2), env.t, None if loss is None else f"{loss:.4f}")
print(policy_net(torch.eye(5)).argmax(1))
