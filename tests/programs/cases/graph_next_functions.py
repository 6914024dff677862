# Walking the graph from the result back to its leaves.
import torch


def walk(node, depth=0):
    print("  " * depth + ("None" if node is None else node.name()))
    if node is not None:
        for following, _ in node.next_functions:
            walk(following, depth + 1)


x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
y = ((x * w).sin() + 2 * x - w / 3).sum()
print(y.grad_fn)
print(y.grad_fn.next_functions)
print(y.grad_fn.name(), len(y.grad_fn.next_functions))
walk(y.grad_fn)
leaf = (x * 1.0).grad_fn.next_functions[0][0]
print(leaf, leaf.name(), leaf.next_functions, leaf.variable is x)
print(x.grad_fn, type(y.grad_fn).__name__)
print((x.grad_fn is None) and x.is_leaf, y.grad_fn is y.grad_fn)
