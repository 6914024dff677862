# Turning recording off and on, nested and by flag.
import torch

x = torch.ones(2, requires_grad=True)
print(torch.is_grad_enabled(), (x * 2).requires_grad)
with torch.no_grad():
    print(torch.is_grad_enabled(), (x * 2).requires_grad, x.requires_grad)
    with torch.enable_grad():
        print(torch.is_grad_enabled(), (x * 2).requires_grad)
        with torch.set_grad_enabled(False):
            print(torch.is_grad_enabled(), (x * 2).requires_grad)
        print(torch.is_grad_enabled())
    print(torch.is_grad_enabled(), torch.ones(1, requires_grad=True).requires_grad)
print(torch.is_grad_enabled())
for train in (True, False):
    with torch.set_grad_enabled(train):
        print(train, (x * 2).grad_fn)
torch.set_grad_enabled(False)
print((x * 2).requires_grad)
torch.set_grad_enabled(True)
print((x * 2).requires_grad)
try:
    with torch.no_grad():
        raise ValueError("leaving by an exception")
except ValueError as error:
    print(error, torch.is_grad_enabled())
y = x * 2
with torch.no_grad():
    y += 1
    view = x[0]
print(y, view.requires_grad)
with torch.inference_mode():
    print((x * 2).requires_grad)
