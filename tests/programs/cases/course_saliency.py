# Class activation maps, integrated gradients, an adversarial step.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(4, 8, 3, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 3),
)
acts, grads = {}, {}
net[2].register_forward_hook(lambda m, i, o: acts.update(v=o))
net[2].register_full_backward_hook(lambda m, gi, go: grads.update(v=go[0]))
x = torch.rand(1, 1, 6, 6, requires_grad=True)
out = net(x)
c = out.argmax().item()
net.zero_grad()
out[0, c].backward()
w = grads["v"].mean(dim=(2, 3), keepdim=True)
cam = F.relu((w * acts["v"]).sum(1))
cam = cam / (cam.max() + 1e-8)
print(c, cam.detach()[0], x.grad.abs().max(1)[0].squeeze()[:2])


def ig(x, base, t, n=8):
    tot = 0
    for a in torch.linspace(0, 1, n):
        xi = (base + a * (x - base)).detach().requires_grad_()
        net(xi)[0, t].backward()
        tot = tot + xi.grad
    return (x - base) * tot / n


print(
    ig(x.detach(), torch.zeros_like(x), c).sum(),
    F.interpolate(cam.unsqueeze(0), size=(3, 3), mode="bilinear", align_corners=False),
)
eps = 0.1
adv = (x + eps * x.grad.sign()).clamp(0, 1).detach()
print((adv - x).abs().max(), F.softmax(net(adv), 1))
