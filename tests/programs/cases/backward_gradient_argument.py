# A vector result needs the vector that multiplies its Jacobian.
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * x
y.backward(torch.tensor([1.0, 0.1, 0.01]))
print(x.grad)
x.grad = None
(x * 2).backward(gradient=torch.ones(3))
print(x.grad)
x.grad = None
z = x * 2
while z.data.norm() < 1000:
    z = z * 2
print(z)
z.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(x.grad)
s = (x * x).sum()
x.grad = None
s.backward(torch.tensor(10.0))
print(x.grad)
x.grad = None
torch.autograd.backward([x * 2, x.sum()], [torch.ones(3), torch.tensor(5.0)])
print(x.grad)
for gradient in (torch.ones(2), torch.ones(3, 1)):
    try:
        (x * 2).backward(gradient)
    except RuntimeError as error:
        print(error)
