# Predicting without a graph: what is made in inference mode stays out of it.
import torch

w = torch.tensor([3.0, 4.0], requires_grad=True)
x = torch.ones(2)
with torch.inference_mode():
    made = torch.ones(2)
    y = w * 2
    view = w.view(2)
    print(made.is_inference(), y.is_inference(), view.is_inference(), torch.is_inference_mode_enabled())
    print(y, y.requires_grad, view.requires_grad)
    made.add_(1)
    x.add_(1)
    with torch.enable_grad():
        print(torch.is_grad_enabled(), (w * 2).requires_grad)
    with torch.inference_mode(False):
        print(torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch.ones(1).is_inference())
    print(torch.is_inference_mode_enabled(), torch.is_grad_enabled())
print(made, x, torch.is_inference_mode_enabled(), torch.is_grad_enabled())
try:
    y.mul_(2)
except RuntimeError as error:
    print(error)
print((made + w).requires_grad, made.clone().is_inference(), made.view(2).is_inference(), (made + 1).is_inference())
with torch.inference_mode():
    made.mul_(2)
print(made)


@torch.inference_mode()
def predict(x):
    return (x * w).sum()


print(predict(x), predict(x).is_inference(), x.is_inference())
with torch.no_grad(), torch.inference_mode(False):
    print(torch.is_grad_enabled())
