"""Programs over what PyTorch has beside the things every tutorial uses; see nn_cases.py."""

# ruff: noqa: E501 (one statement of a program to a line)

from __future__ import annotations

CASES: dict[str, str] = {}

CASES["in-place forms"] = """
def base(): return torch.arange(1., 13.).reshape(3, 4)
i = torch.tensor([0, 2])
forms = {
 'addbmm_': lambda x: x.addbmm_(torch.ones(2, 3, 2), torch.ones(2, 2, 4)), 'addmv_': lambda x: x[0].addmv_(torch.ones(4, 2), torch.ones(2)),
 'addr_': lambda x: x.addr_(torch.arange(3.), torch.arange(4.), alpha=2), 'baddbmm_': lambda x: x[None].clone().baddbmm_(torch.ones(1, 3, 2), torch.ones(1, 2, 4), beta=2),
 'cumsum_': lambda x: x.cumsum_(1), 'cumprod_': lambda x: x.cumprod_(0), 'copysign_': lambda x: x.copysign_(torch.tensor(-1.)), 'fmod_': lambda x: x.fmod_(3),
 'fill_diagonal_': lambda x: x.fill_diagonal_(0.5), 'wrap': lambda x: torch.zeros(7, 3).fill_diagonal_(1, wrap=True), 'hypot_': lambda x: x.hypot_(torch.ones(4)),
 'index_add_': lambda x: x.index_add_(0, i, torch.ones(2, 4), alpha=2), 'index_copy_': lambda x: x.index_copy_(1, i, torch.zeros(3, 2)), 'index_fill_': lambda x: x.index_fill_(1, i, -1),
 'masked_scatter_': lambda x: x.masked_scatter_(x > 9, torch.arange(3.)),
 'masked_fill_': lambda x: x.masked_fill_(x > 9, 0), 'put_': lambda x: x.put_(torch.tensor([1, 5]), torch.tensor([-1., -2.])), 'renorm_': lambda x: x.renorm_(2, 0, 5.),
 'scatter_': lambda x: x.scatter_(0, torch.tensor([[0, 1, 2, 0]]), torch.full((1, 4), 9.)), 'scatter_ value': lambda x: x.scatter_(1, torch.tensor([[0], [1], [2]]), 0.5),
 'scatter_ reduce': lambda x: x.scatter_(1, torch.tensor([[0], [1], [2]]), 2.0, reduce='multiply'), 'scatter_add_': lambda x: x.scatter_add_(1, torch.tensor([[0], [1], [1]]), torch.ones(3, 1)),
 'scatter_reduce_': lambda x: x.scatter_reduce_(1, torch.tensor([[0, 0], [1, 1], [2, 2]]), torch.full((3, 2), 7.), 'mean'), 'square_': lambda x: x.square_(),
 'div_ floor': lambda x: x.div_(4, rounding_mode='floor'), 'div_ trunc': lambda x: x.div_(torch.tensor(5.), rounding_mode='trunc'), 'heaviside_': lambda x: (x - 6).heaviside_(torch.tensor(0.5)),
 'greater_': lambda x: x.greater_(6), 'logical_not_': lambda x: x.logical_not_(), 'logical_xor_': lambda x: x.logical_xor_(torch.zeros(4)), 'nextafter_': lambda x: x.nextafter_(torch.tensor(0.)),
 'polygamma_': lambda x: x.polygamma_(1), 'mvlgamma_': lambda x: x.add_(2).mvlgamma_(2), 'ldexp_': lambda x: x.ldexp_(torch.tensor(2)), 'fix_': lambda x: x.div_(2).fix_(), 'arctan2_': lambda x: x.arctan2_(torch.ones(4)),
 'map_': lambda x: x.map_(torch.ones(4), lambda a, b: a + 2 * b), 'apply_': lambda x: x.apply_(lambda v: v * v), 'igamma_': lambda x: x.igamma_(torch.tensor(2.)),
}
for name, form in forms.items():
    x = base(); y = form(x); print(name, y, y is x)
n = torch.tensor([12, 18]); print(n.gcd_(torch.tensor(8)), n.lcm_(torch.tensor(6)), n.bitwise_left_shift_(1), n.bitwise_right_shift_(2), n.bitwise_not_())
n <<= 2; print(n); n >>= 1; print(n)
attempt(lambda: torch.ones(2).float_power_(2)); print(torch.ones(2, dtype=torch.float64).mul_(3).float_power_(2)); attempt(lambda: torch.ones(2, dtype=torch.long).cumsum_(0)); attempt(lambda: torch.ones(2, dtype=torch.long).div_(2))
attempt(lambda: torch.ones(3).index_add_(0, torch.tensor([0, 5]), torch.ones(2)))
"""

CASES["in-place forms and gradients"] = """
for form in (lambda x: x.cumsum_(0), lambda x: x.index_copy_(0, torch.tensor([1]), torch.ones(1, 3)), lambda x: x.index_fill_(0, torch.tensor([1]), 2.), lambda x: x.masked_scatter_(torch.eye(3) > 0, torch.arange(3.)),
             lambda x: x.scatter_add_(0, torch.tensor([[0, 1, 0]]), torch.ones(1, 3)), lambda x: x.fill_diagonal_(3.), lambda x: x.square_(), lambda x: x.t_(), lambda x: x.unsqueeze_(0), lambda x: x.transpose_(0, 1),
             lambda x: x.fmod_(2), lambda x: x.renorm_(2, 0, 1.), lambda x: x.put_(torch.tensor([0]), torch.tensor([5.])), lambda x: x.addr_(torch.ones(3), torch.ones(3)), lambda x: x.swapaxes_(0, 1), lambda x: x.cumprod_(1)):
    a = torch.arange(1., 10.).reshape(3, 3).requires_grad_(); x = a * 2; y = form(x); print(y is x, type(x.grad_fn).__name__, x.shape); (x * torch.arange(9.).reshape(x.shape)).sum().backward(); print(a.grad)
    attempt(lambda: form(torch.ones(3, 3, requires_grad=True)))
a = torch.ones(3, 2, requires_grad=True); b = a * 2; v = b[0]; v.cumsum_(0); b.sum().backward(); print(a.grad, type(b.grad_fn).__name__)
"""

CASES["looking another way in place"] = """
x = torch.arange(6.); y = x.resize_(2, 3); print(x, y is x); x.resize_(2, 2); print(x); x.t_(); print(x, x.stride(), x.is_contiguous()); x.unsqueeze_(1).squeeze_(); print(x.shape); x.swapdims_(0, 1); print(x)
x = torch.arange(6.); v = x[:4]; x.resize_(3); print(v); z = torch.empty(0).set_(x); print(z); z[0] = 9; print(x); print(torch.zeros(1).resize_as_(torch.ones(1, 1)).shape); attempt(lambda: torch.ones(2, requires_grad=True).resize_(3))
x = torch.arange(6.); x.as_strided_((2, 2), (2, 1)); print(x); x = torch.ones(1, 3, 1); x.squeeze_(0); print(x.shape); x.squeeze_(); print(x.shape); n = x._version; x.unsqueeze_(0); print(x._version - n)
"""

CASES["counting"] = """
print(torch.isin(torch.tensor([[1, 2], [3, 4]]), torch.tensor([2, 3])), torch.isin(torch.tensor([1, 2]), 2, invert=True), torch.isin(2, torch.tensor([1, 2])))
x = torch.tensor([0.1, 0.5, 0.5, 2.9, 3., -1.]); print(torch.histc(x, 3, 0, 3), torch.histc(x, 4), x.histc(bins=2, min=-1, max=1)); attempt(lambda: torch.histc(torch.arange(3))); attempt(lambda: torch.histc(x, 3, 5, 1))
h, e = torch.histogram(x, 4, range=(0., 4.)); print(h, e); print(torch.histogram(x, torch.tensor([0., 1., 4.])).hist)
b = torch.tensor([1, 3, 5]); print(torch.bucketize(torch.tensor([[3, 6], [0, 5]]), b), torch.bucketize(torch.tensor([3, 6]), b, right=True), torch.bucketize(4, b), torch.bucketize(torch.tensor([3]), b, out_int32=True))
print(torch.unique_consecutive(torch.tensor([1, 1, 2, 2, 1]), return_inverse=True, return_counts=True), torch.tensor([[1, 1], [1, 1], [2, 0]]).unique_consecutive(dim=0))
z = torch.tensor([float('inf'), -float('inf'), 1.]); print(torch.isposinf(z), torch.isneginf(z), torch.isreal(z)); print(torch.argwhere(torch.eye(2)), torch.nonzero_static(torch.eye(2), size=3))
v = torch.tensor([1., 2., 3.]); print(torch.vander(v), torch.vander(v, 2, True))
print(torch.unravel_index(torch.tensor([5, 7]), (3, 4)), torch.scalar_tensor(3), torch.heaviside(torch.tensor([-1., 0., 2.]), torch.tensor([0.5])))
"""

CASES["special functions"] = """
x = torch.linspace(0.5, 4, 5)
for name in ('bessel_j0', 'bessel_j1', 'bessel_y0', 'bessel_y1', 'modified_bessel_i0', 'modified_bessel_i1', 'modified_bessel_k0', 'modified_bessel_k1', 'scaled_modified_bessel_k0', 'scaled_modified_bessel_k1', 'airy_ai', 'spherical_bessel_j0'):
    print(name, getattr(torch.special, name)(x))
n = torch.tensor([0, 1, 2, 3, 4])
for name in ('chebyshev_polynomial_t', 'chebyshev_polynomial_u', 'hermite_polynomial_h', 'hermite_polynomial_he', 'laguerre_polynomial_l', 'legendre_polynomial_p'):
    print(name, getattr(torch.special, name)(x / 4, n))
a = torch.tensor([0.5, 2., 3.]); t = torch.tensor([0.3, 1., 4.], requires_grad=True)
for f in (torch.special.gammainc, torch.special.gammaincc, lambda q, s: torch.special.zeta(q + 1, s)):
    t.grad = None; y = f(a, t); y.sum().backward(); print(y, t.grad)
"""
CASES["functions in torch"] = """
x, w, b = torch.randn(2, 3, 8), torch.randn(4, 3, 3), torch.randn(4)
print(torch.conv1d(x, w, b, padding=1).shape, torch.conv2d(torch.ones(1, 2, 4, 4), torch.ones(3, 2, 2, 2)).shape, torch.max_pool1d(x, 2).shape, torch.avg_pool1d(x, 2).shape, torch.adaptive_avg_pool1d(x, 2).shape)
print(torch.layer_norm(x, (8,)).sum(-1).abs().max() < 1e-4, torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False).shape, torch.group_norm(x, 3).shape, torch.embedding(torch.eye(3), torch.tensor([2, 0])))
print(torch.dropout(torch.ones(3), 0.5, False), torch.cosine_similarity(x, x + 1, dim=-1).shape, torch.pairwise_distance(x[0], x[1]).shape, torch.selu(b).shape, torch.celu(b).shape, torch.prelu(b, torch.tensor([0.1])).shape)
t = torch.tensor([0., 1.]); print(torch.binary_cross_entropy_with_logits(t, t), torch.hinge_embedding_loss(t, t * 2 - 1), torch.margin_ranking_loss(t, t, t * 2 - 1, 0.1, reduction=2))
print(torch.moveaxis(x, 0, -1).shape, torch.matrix_power(torch.eye(2) * 2, 3), torch.ger(t, t), torch.row_stack((t, t)), x.moveaxis(0, 1).shape, torch.adjoint(torch.ones(2, 3)).shape)
print(torch.asarray([1, 2]), torch.frombuffer(bytearray(8), dtype=torch.int32), torch.newaxis is None, t[None].shape, torch.is_same_size(t, t), t.is_signed(), t.is_pinned(), torch.tensor(1.).is_nonzero())
print(t.untyped_storage().nbytes(), t[1:].untyped_storage().data_ptr() == t.untyped_storage().data_ptr())
print(torch.get_default_device(), torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision(), torch.cuda.is_available())
torch.set_default_device('cpu'); torch.use_deterministic_algorithms(False); torch.set_float32_matmul_precision('highest'); torch.set_flush_denormal(False)

with torch.device('cpu'): print(torch.zeros(2).device)
print(torch.channels_last, torch.contiguous_format, torch.strided, torch.ones(1, 2, 3, 4).contiguous(memory_format=torch.contiguous_format).shape)
"""
CASES["assert_close"] = """
ac = torch.testing.assert_close
a = torch.tensor([1., 2., 3.])
ac(a, a + 1e-7); ac(1, 1); ac([a, 1.], [a, 1.]); ac({'a': a}, {'a': a}); ac(a, a + 0.1, rtol=0.1, atol=0.1)
for left, right, more in ((a, a + torch.tensor([0, 0.5, 0]), {}), (a, a[:2], {}), (a, a.double(), {}), (1.0, 1.5, {}), (1, 2, {}), ([a, 1], [a, 2], {}), ({'x': a}, {'y': a}, {}), (a, a + 1, dict(rtol=0, atol=0)), (torch.tensor([1, 5]), torch.tensor([1, 7]), {}),
                          (a, a + 1, dict(msg='no')), (a, a + 1, dict(rtol=1)), ([a], [a, a], {}), (None, 1, {}), (torch.tensor([float('nan')]), torch.tensor([float('nan')]), {}), (1, 1.0, {}), ('a', 'a', {}), (torch.tensor(2.), torch.tensor(3.), {}), (torch.tensor([[1., 0.]]), torch.tensor([[1., 0.5]]), {})):
    attempt(lambda: ac(left, right, **more), True)
ac(torch.tensor([float('nan')]), torch.tensor([float('nan')]), equal_nan=True); ac(a, a.double(), check_dtype=False); ac(1, 1.0, check_dtype=False)
"""
CASES["autocast and scaler"] = """
with torch.autocast('cuda'): print((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
scaler = torch.amp.GradScaler('cuda', enabled=False); w = torch.ones(2, requires_grad=True); o = optim.SGD([w], lr=0.1)
scaler.scale((w * 3).sum()).backward(); scaler.unscale_(o); scaler.step(o); scaler.update(); print(w, scaler.get_scale(), scaler.is_enabled(), scaler.state_dict())
scaler = torch.amp.GradScaler('cpu', init_scale=8.); o.zero_grad(set_to_none=True); l = scaler.scale((w * 3).sum()); print(l); l.backward(); print(w.grad); scaler.step(o); scaler.update(); print(w, scaler.get_scale()); attempt(scaler.update)
o.zero_grad(set_to_none=True); scaler.scale((w * float('inf')).sum()).backward(); scaler.step(o); scaler.update(); print(w, scaler.get_scale())
"""
