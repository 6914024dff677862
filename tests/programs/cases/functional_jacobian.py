# The matrix of all first derivatives, for one input or several.
import torch
from torch.autograd.functional import jacobian


def exp_adder(x, y):
    return 2 * x.exp() + 3 * y


print(jacobian(exp_adder, (torch.tensor([0.5]), torch.tensor([1.0]))))
print(jacobian(exp_adder, (torch.tensor([0.0, 1.0, 2.0]), torch.ones(3))))
print(jacobian(lambda x: x**2, torch.tensor([1.0, 2.0, 3.0])))
print(jacobian(lambda x: x.sum(), torch.ones(2, 2)))
print(jacobian(lambda x: x.exp().sum(dim=1), torch.zeros(2, 2)))
print(jacobian(lambda x: (x.sum(), x * 2), torch.ones(2)))
print(jacobian(lambda x, y: (x * y, x.sum()), (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))))
A = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
print(torch.equal(jacobian(lambda x: A @ x, torch.ones(2)), A))
x = torch.tensor([1.0, 2.0], requires_grad=True)
J = jacobian(lambda t: t**3, x, create_graph=True)
print(J)
J.sum().backward()
print(x.grad)
print(jacobian(lambda t: t * 2, torch.ones(2, dtype=torch.float64)))
print(jacobian(lambda t: torch.ones(2), torch.ones(3)))
print(jacobian(lambda t: t.sin(), torch.ones(2), vectorize=True))
