# Physics: the angle that throws furthest, found by differentiating a simulation.
import math

import torch


def distance(angle, speed=20.0, drag=0.01, dt=0.05):
    x, y = torch.zeros(()), torch.zeros(())
    vx, vy = speed * torch.cos(angle), speed * torch.sin(angle)
    while True:
        v = torch.sqrt(vx**2 + vy**2)
        vx, vy = vx - drag * v * vx * dt, vy - (9.81 + drag * v * vy) * dt
        x_next, y_next = x + vx * dt, y + vy * dt
        if y_next < 0:
            return x + vx * dt * (y / (y - y_next))
        x, y = x_next, y_next


angle = torch.tensor(math.radians(20.0), requires_grad=True)
for step in range(16):
    reach = distance(angle)
    reach.backward()
    if step % 5 == 0:
        print(
            f"{step}: {math.degrees(angle.item()):.2f} degrees, {reach.item():.3f} m, slope {angle.grad.item():.3f}"
        )
    with torch.no_grad():
        angle += 0.01 * angle.grad
        angle.grad = None
