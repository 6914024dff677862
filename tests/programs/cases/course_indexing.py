# Reading, writing and rearranging a tensor of three dimensions.
import torch

x = torch.arange(24).reshape(2, 3, 4)
print(x[0], x[:, 1], x[..., -1], x[1, 2, 3], x[None].shape, x[:, None].shape, x[..., None].shape)
print(x[0, 1:], x[:, ::2], x[:, :, 1:3], x[-1, -1, -1], x[0][1][2])
print(x[[0, 1], [1, 2]], x[:, [0, 2]], x[torch.tensor([1, 0])], x[torch.tensor([[0], [1]]), torch.tensor([0, 2])])
print(x[x > 20], (x > 20).nonzero(), (x > 20).nonzero(as_tuple=True), x[x % 7 == 0].sum())
m = torch.tensor([True, False])
print(x[m].shape, x[m, 1], x[:, torch.tensor([True, False, True])].shape)
y = x.clone().float()
y[0, 0] = -1
y[:, 1] = torch.tensor([9.0, 8.0, 7.0, 6.0])
y[y > 20] = 0
y[..., 0] += 100
y[1, [0, 2]] = 5
print(y)
y[torch.tensor([0, 1]), torch.tensor([0, 0])] = torch.ones(2, 4)
print(y)
z = torch.zeros(3, 4)
z[range(3), [0, 1, 2]] = 1
print(z)
z[1:, 2:] = torch.tensor(7.0)
z[0] = z[1]
print(z, z.T[0], z.flip(0), z.roll(1, 1), z.fliplr())
print(
    torch.take(x, torch.tensor([0, 5, 23])), x.index_select(2, torch.tensor([3, 0])), torch.masked_select(x, x > 21)
)
print(
    torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]])),
    torch.scatter(torch.zeros(2, 3), 1, torch.tensor([[2], [0]]), 1.0),
)
print(
    torch.zeros(3, 5).scatter_(0, torch.tensor([[0, 1, 2, 0, 0]]), torch.rand(1, 5) * 0 + 2),
    torch.zeros(3).scatter_add_(0, torch.tensor([0, 0, 2]), torch.ones(3)),
)
print(
    torch.zeros(4).index_add_(0, torch.tensor([0, 0, 3]), torch.tensor([1.0, 2.0, 3.0])),
    torch.zeros(2, 3).index_fill_(1, torch.tensor([1]), 4),
    torch.zeros(2).index_copy_(0, torch.tensor([1]), torch.tensor([3.0])),
)
print(torch.where(x > 12, x, torch.tensor(0)), torch.where(x[0] > 5), torch.where(x[0, 0] > 1, 1.0, 0.0))
print(
    x.view(-1)[:5],
    x.view(6, -1).shape,
    x.reshape(4, 6)[0],
    x.flatten(1).shape,
    x.ravel()[-1],
    x.unflatten(2, (2, 2)).shape,
)
print(x.permute(2, 0, 1).shape, x.transpose(0, 2).shape, x.movedim(0, -1).shape, x.swapaxes(0, 1).shape, x.mT.shape)
print(
    x.unbind(0)[1][0],
    x.split(2, dim=2)[1].shape,
    x.chunk(3, 1)[0].shape,
    torch.tensor_split(x, 2, 2)[0].shape,
    [c.shape for c in x.split([1, 3], 2)],
)
print(
    torch.cat([x, x], -1).shape,
    torch.stack([x, x], 1).shape,
    torch.vstack([x[0], x[1]]).shape,
    torch.hstack([x[0], x[1]]).shape,
    torch.column_stack([x[0, 0], x[0, 1]]),
)
print(
    x.expand(2, 2, 3, 4).shape,
    x[0, 0].expand(2, -1),
    x.repeat(1, 2, 1).shape,
    x[0, 0].repeat_interleave(2),
    torch.tile(x[0, 0], (2,)),
    torch.broadcast_to(x[0, 0], (2, 4)),
)
print(
    x.narrow(2, 1, 2).shape,
    x.select(1, 0),
    x.unfold(2, 2, 1).shape,
    torch.diagonal(x[0]),
    torch.diag(torch.tensor([1, 2])),
    torch.triu(torch.ones(3, 3)),
    torch.tril(torch.ones(3, 3), -1),
)
print(
    x.is_contiguous(),
    x.T.is_contiguous() if False else x.transpose(0, 1).is_contiguous(),
    x.stride(),
    x.transpose(0, 1).stride(),
    x[:, 1].storage_offset(),
)
a = torch.arange(4)
b = a.view(2, 2)
b[0, 0] = 99
print(a, b, b._base is a, a.data_ptr() == b.data_ptr())
print(
    torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij"),
    torch.cartesian_prod(torch.arange(2), torch.arange(2)),
    torch.combinations(torch.arange(3)),
)
print(
    torch.argwhere(x > 21),
    torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([2, 5])),
    torch.bucketize(torch.tensor([2, 5]), torch.tensor([1, 3, 5])),
    torch.bincount(torch.tensor([0, 1, 1])),
)
print(
    x[0].sum(0),
    x.sum((0, 2)),
    x.float().mean((1, 2), keepdim=True).shape,
    x.max(),
    x.argmax(),
    x.argmax(2),
    x.cumsum(0)[1, 0],
    x.prod().item() == 0,
    x.amax((0, 1)),
)
print(
    torch.equal(x, x),
    (x == x).all(),
    torch.eq(x, 3).any(),
    x.eq(3).sum(),
    torch.isclose(torch.tensor(1.0), torch.tensor(1.0 + 1e-9)),
    torch.unique(torch.tensor([3, 1, 3])),
)
print(
    torch.flatten(x).tolist() == list(range(24)),
    x.squeeze().shape,
    x[:1].squeeze(0).shape,
    x.unsqueeze(-1).shape,
    torch.atleast_2d(torch.tensor(1)).shape,
)
x[0, 0, 0] = 5.7
print(x[0, 0, 0], x[0, 0, 0].item(), x.tolist()[0][0])
del x
