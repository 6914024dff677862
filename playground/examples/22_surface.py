"""Downhill on a surface you can turn. Plain descent stops in the first valley; momentum rolls on, into a deeper one.

Section: Templates.
Panel: output.
"""

# %% Hills and valleys
import matplotlib.pyplot as plt
import torch


def height(x, y):
    return torch.sin(1.5 * x) * torch.cos(1.2 * y) + 0.1 * (x**2 + y**2)


# %% Two ways down from the same peak
def descend(momentum, steps=60):
    p = torch.tensor([2.8, 2.8], requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.06, momentum=momentum)
    path = []
    for step in range(steps):
        z = height(p[0], p[1])
        path.append((*p.tolist(), z.item()))
        optimizer.zero_grad()
        z.backward()
        optimizer.step()
    return torch.tensor(path)


plain = descend(momentum=0.0)
rolling = descend(momentum=0.9)
for name, path in (("plain", plain), ("momentum", rolling)):
    x, y, z = path[-1].tolist()
    print(f"{name:9} ends at ({x:+.2f}, {y:+.2f}), height {z:+.3f}")

# %% Turn it with the mouse or a finger
side = torch.linspace(-3, 3, 50)
x, y = torch.meshgrid(side, side, indexing="xy")
fig = plt.figure(figsize=(7, 5))
ax = fig.add_subplot(projection="3d")
ax.plot_surface(x, y, height(x, y), cmap="viridis", alpha=0.85)
ax.plot3D(plain[:, 0], plain[:, 1], plain[:, 2] + 0.05, "o-", label="plain descent")
ax.plot3D(rolling[:, 0], rolling[:, 1], rolling[:, 2] + 0.05, "o-", label="momentum")
ax.view_init(elev=45, azim=-60)
ax.set_xlabel("x")
ax.set_ylabel("y")
ax.set_zlabel("height")
ax.legend()
plt.show()
