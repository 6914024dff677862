"""Reading digits. A small convolutional network learns to tell apart ten digits, drawn 8 by 8 pixels.

Section: Templates.
Panel: training.
"""

# %% Pictures with their labels
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.digits(n=600, noise=0.1, seed=0)
X, y, X_test, y_test = data.split(X, y, test=0.25)
print("pictures:", tuple(X.shape), "for testing:", len(X_test))


# %% Convolutions look for strokes, pooling forgives where they are
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.fc = nn.Linear(16 * 2 * 2, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


# %% Small batches, several times over all pictures
model = Reader()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(8):
    order = torch.randperm(len(X))
    for start in range(0, len(X), 50):
        batch = order[start : start + 50]
        loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = (model(X_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {right:.1%} of the test pictures right")

# %% What it says
with torch.no_grad():
    said = model(X_test[:8]).argmax(1)
fig, axes = plt.subplots(2, 4, figsize=(7, 4))
for axis, picture, guess, digit in zip(axes.flatten(), X_test, said, y_test):
    axis.imshow(picture[0], cmap="gray")
    axis.set_title(f"{guess.item()} (is {digit.item()})")
    axis.axis("off")
plt.show()
