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

CASES["more modules"] = """
torch.set_printoptions(precision=3, sci_mode=False)
v, p, s = torch.randn(1, 2, 4, 4, 4), torch.randn(1, 4, 6, 6), torch.randn(2, 3, 8)
for m, x in ((nn.MaxPool3d(2), v), (nn.AvgPool3d((1, 2, 2)), v), (nn.AdaptiveAvgPool3d((None, 2, 1)), v), (nn.AdaptiveMaxPool1d(3), s), (nn.AdaptiveMaxPool2d((2, 3)), p), (nn.AdaptiveMaxPool3d(1), v), (nn.LPPool1d(2, 3), s), (nn.LPPool2d(2, 2), p), (nn.LPPool3d(2, 2), v.abs()),
             (nn.ConstantPad3d(1, 2.5), v), (nn.ZeroPad3d((1, 0, 1, 0, 2, 0)), v), (nn.ReflectionPad3d(1), v), (nn.ReplicationPad3d(1), v), (nn.CircularPad1d(2), s), (nn.CircularPad2d((1, 1, 0, 1)), p), (nn.CircularPad3d(1), v), (nn.Upsample(scale_factor=2), p), (nn.Upsample(size=(4, 5), mode='bilinear', align_corners=True), p), (nn.UpsamplingNearest2d(scale_factor=2), p), (nn.UpsamplingBilinear2d(size=3), p),
             (nn.PixelShuffle(2), p), (nn.PixelUnshuffle(3), p), (nn.ChannelShuffle(2), p), (nn.Unfold(2), p), (nn.LocalResponseNorm(2), p), (nn.ConvTranspose3d(2, 4, 3, stride=2, output_padding=1), v), (nn.DataParallel(nn.Linear(8, 2)), s)):
    x = x.clone().requires_grad_(); y = m(x); y.square().sum().backward(); print(type(m).__name__, y.shape, y.double().sum(), x.grad.double().square().sum(), list(m.state_dict()))
print(nn.CrossMapLRN2d(3)(p)[0, 0, 0], nn.SyncBatchNorm(4)(p)[0, 0, 0], nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(2))))
y, i = nn.MaxPool2d(2, return_indices=True)(p); print(nn.MaxUnpool2d(2)(y, i)[0, 0]); y, i = nn.MaxPool1d(2, return_indices=True)(s); print(nn.MaxUnpool1d(2)(y, i)[0, 0])
print(nn.Fold((6, 6), 2)(nn.Unfold(2)(p)).sum(), nn.FractionalMaxPool2d(2, output_size=3, _random_samples=torch.full((1, 4, 2), 0.3))(p)[0, 0])
e = nn.EmbeddingBag(10, 3); print(e(torch.tensor([[1, 2], [3, 3]])), nn.EmbeddingBag(4, 2, mode='sum')(torch.tensor([0, 1, 3]), torch.tensor([0, 2])), nn.EmbeddingBag.from_pretrained(torch.eye(3), mode='max')(torch.tensor([[0, 1]])))
print(nn.CTCLoss()(torch.randn(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 0]]), torch.tensor([5, 4]), torch.tensor([2, 1])), nn.MultiLabelMarginLoss()(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])), nn.TripletMarginWithDistanceLoss(margin=0.5)(s[0], s[1], s[0] + 1))
a = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0); print(a); o = a(torch.ones(3, 8), torch.tensor([0, 5, 19])); print(o.output, o.loss, a.log_prob(torch.ones(1, 8)).exp().sum(), a.predict(torch.ones(2, 8))); o.loss.backward(); print(a.head.weight.grad.sum()); attempt(lambda: a(torch.ones(1, 8), torch.tensor([20]))); attempt(lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 4]))
attempt(lambda: nn.FractionalMaxPool2d(2)); attempt(lambda: nn.TripletMarginWithDistanceLoss(margin=-1))
"""

CASES["lazy modules"] = """
m = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)); print(m); print(m[0].weight, nn.parameter.is_lazy(m[0].weight), m[4].has_uninitialized_params())
attempt(lambda: m[4].weight.shape)
y = m(torch.ones(2, 3, 5, 5)); print(m, y.shape); print([tuple(p.shape) for p in m.parameters()], m[1].num_batches_tracked, y.sum())
o = nn.LazyLinear(2, bias=False); w = o.weight; opt = None; o(torch.ones(1, 4)); print(w is o.weight, type(o).__name__, type(w).__name__, w.requires_grad, w.shape); o(torch.ones(2, 4)).sum().backward(); print(w.grad)
for make, x in ((lambda: nn.LazyConv1d(2, 3, padding=1), torch.ones(1, 3, 5)), (lambda: nn.LazyConvTranspose2d(2, 3, stride=2), torch.ones(1, 3, 5, 5)), (lambda: nn.LazyBatchNorm1d(affine=False), torch.randn(4, 3)), (lambda: nn.LazyInstanceNorm1d(), torch.randn(2, 3, 4)), (lambda: nn.LazyConv3d(2, 1, bias=False), torch.ones(1, 2, 2, 2, 2))):
    m = make(); y = m(x); print(m, y.shape, list(m.state_dict()))
m = nn.LazyLinear(2); m.load_state_dict(nn.Linear(3, 2).state_dict()); print(m.weight.shape, m(torch.ones(1, 3)).shape, m); attempt(lambda: nn.LazyConv2d(2, 3)(torch.ones(3)))
"""

CASES["parametrizations"] = """
torch.set_printoptions(precision=3, sci_mode=False)
P = nn.utils.parametrize; Z = nn.utils.parametrizations
class Symmetric(nn.Module):
    def forward(self, X): return X.triu() + X.triu(1).mT
    def right_inverse(self, A): return A.triu()
l = nn.Linear(3, 3); P.register_parametrization(l, 'weight', Symmetric()); print(l, type(l).__name__, P.is_parametrized(l), P.is_parametrized(l, 'bias'), P.type_before_parametrizations(l).__name__)
print(torch.allclose(l.weight, l.weight.T), list(l.state_dict()), [n for n, _ in l.named_parameters()]); l.weight = torch.eye(3); print(l.weight, l.parametrizations.weight.original)
y = l(torch.ones(2, 3)).sum(); y.backward(); print(l.parametrizations.weight.original.grad)
with P.cached(): print(l.weight is l.weight)
P.remove_parametrizations(l, 'weight'); print(l, l.weight)
attempt(lambda: P.register_parametrization(l, 'nope', Symmetric()), True); attempt(lambda: P.remove_parametrizations(l, 'weight'))
class Wider(nn.Module):
    def forward(self, X): return torch.cat([X, X])
attempt(lambda: P.register_parametrization(l, 'weight', Wider()), True)
w = Z.weight_norm(nn.Linear(3, 2)); print(w, w.parametrizations.weight.original0, w(torch.ones(1, 3))); w(torch.ones(1, 3)).sum().backward(); print(w.parametrizations.weight.original0.grad, w.parametrizations.weight.original1.grad)
s = Z.spectral_norm(nn.Linear(4, 3)); print(s, torch.linalg.matrix_norm(s.weight, 2), list(s.state_dict())); s(torch.ones(1, 4)).sum().backward(); print(s.parametrizations.weight.original.grad); s.eval(); print(s(torch.ones(1, 4)))
for shape, m in (((3, 3), None), ((3, 3), 'cayley'), ((4, 2), None), ((2, 4), None), ((4, 2), 'matrix_exp')):
    o = Z.orthogonal(nn.Linear(shape[1], shape[0], bias=False), orthogonal_map=m); W = o.weight; print(shape, m, torch.allclose(W @ W.T if shape[0] <= shape[1] else W.T @ W, torch.eye(min(shape)), atol=1e-5), W); W.square().sum().backward()
attempt(lambda: Z.orthogonal(nn.Linear(2, 2), orthogonal_map='no')); attempt(lambda: Z.orthogonal(nn.Linear(2, 2), 'bias'))
"""

CASES["older norms and pruning"] = """
torch.set_printoptions(precision=3, sci_mode=False)
w = nn.utils.weight_norm(nn.Linear(3, 2)); print(w, list(w.state_dict()), w(torch.ones(1, 3))); w(torch.ones(1, 3)).sum().backward(); print(w.weight_g.grad, w.weight_v.grad); attempt(lambda: nn.utils.weight_norm(w)); nn.utils.remove_weight_norm(w); print(list(w.state_dict())); attempt(lambda: nn.utils.remove_weight_norm(w))
c = nn.utils.spectral_norm(nn.Conv2d(2, 3, 2)); print(c, sorted(c.state_dict())); y = c(torch.ones(1, 2, 3, 3)); print(y.sum()); y.sum().backward(); print(c.weight_orig.grad.sum(), c.weight_u); nn.utils.remove_spectral_norm(c); print(list(c.state_dict()))
Q = __import__(torch.__name__ + '.nn.utils.prune', fromlist=['x'])
l = nn.Linear(4, 3); Q.l1_unstructured(l, 'weight', amount=5); print(l.weight_mask, list(l.state_dict()), Q.is_pruned(l)); l(torch.ones(1, 4)).sum().backward(); print(l.weight_orig.grad)
Q.random_unstructured(l, 'weight', amount=0.5); print(l.weight_mask); Q.remove(l, 'weight'); print(list(l.state_dict()), l.weight); attempt(lambda: Q.remove(l, 'weight'))
c = nn.Conv2d(2, 4, 2); Q.ln_structured(c, 'weight', amount=2, n=2, dim=0); print(c.weight_mask[:, 0, 0, 0]); Q.random_structured(c, 'weight', amount=1, dim=1); print(c.weight_mask[0, :, 0, 0], c.weight_mask.sum()); Q.identity(l, 'bias'); print(l.bias_mask); Q.custom_from_mask(l, 'weight', torch.eye(3, 4)); print(l.weight)
m = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)); Q.global_unstructured([(m[0], 'weight'), (m[1], 'weight')], pruning_method=Q.L1Unstructured, amount=0.4); print(m[0].weight_mask, m[1].weight_mask)
attempt(lambda: Q.l1_unstructured(nn.Linear(2, 2), 'weight', amount=1.5)); attempt(lambda: Q.l1_unstructured(nn.Linear(2, 2), 'weight', amount=9)); attempt(lambda: Q.ln_structured(nn.Linear(2, 2), 'bias', 0.5, 2, 0))
"""

CASES["fusing and calling without state"] = """
torch.set_printoptions(precision=3, sci_mode=False)
c, b = nn.Conv2d(2, 3, 2).eval(), nn.BatchNorm2d(3).eval(); b.running_mean.uniform_(); b.running_var.uniform_(0.5, 1); x = torch.randn(2, 2, 4, 4); f = nn.utils.fuse_conv_bn_eval(c, b); print(torch.allclose(f(x), b(c(x)), atol=1e-5), f)
l, b = nn.Linear(2, 3).eval(), nn.BatchNorm1d(3).eval(); f = nn.utils.fuse_linear_bn_eval(l, b); x = torch.randn(4, 2); print(torch.allclose(f(x), b(l(x)), atol=1e-5)); attempt(lambda: nn.utils.fuse_linear_bn_eval(l.train(), b))
m = nn.Linear(2, 1); print(nn.utils.stateless.functional_call(m, {'weight': torch.ones(1, 2), 'bias': torch.zeros(1)}, (torch.ones(1, 2),)))
print(nn.utils.skip_init(nn.Linear, 2, 3).weight.shape, torch.norm_except_dim(torch.ones(3, 4), 2, 0))
"""

CASES["windows and affine grids"] = """
for w in (torch.hann_window, torch.hamming_window, torch.blackman_window, torch.bartlett_window, torch.kaiser_window):
    print(w(5), w(4, periodic=False), w(1), w(0))
t = torch.tensor([[[1., 0.5, 0.2], [0., 2., -0.1]]], requires_grad=True)
for align in (False, True): g = F.affine_grid(t, (1, 1, 2, 3), align_corners=align); print(g.detach()); g.square().sum().backward()
print((t.grad * 100).round() / 100 + 0.0, F.affine_grid(torch.eye(3, 4)[None], [1, 1, 2, 2, 2], align_corners=False).shape); attempt(lambda: F.affine_grid(t, (1, 1, 2)))
print(torch.bfloat16, torch.bfloat16.is_floating_point, torch.ByteTensor([1, 2]), torch.ones(1, dtype=torch.uint8).type(), isinstance(torch.ones(1).half(), torch.HalfTensor), torch.cuda.memory_allocated() == 0)
"""

CASES["errors to the letter"] = r"""
import warnings; warnings.simplefilter("ignore")
a,b=torch.ones(2,3),torch.ones(4,5); i=torch.tensor([1,2]); v=torch.ones(3); im=torch.ones(1,3,8,8)
def bw(f):
    x=torch.ones(3,requires_grad=True); y=f(x); y.sum().backward(); return x.grad
P={
"mse num":lambda:F.mse_loss(v,1.0),"mse shape":lambda:F.mse_loss(a,b),"l1 num":lambda:F.l1_loss(v,1.0),"smooth":lambda:F.smooth_l1_loss(v,2),"bce num":lambda:F.binary_cross_entropy(v,1.0),
"fd bw":lambda:bw(lambda x:x//2),"fd bw2":lambda:bw(lambda x:torch.floor_divide(x,2)),"rdiv":lambda:bw(lambda x:torch.div(x,2,rounding_mode='floor')),
"mm":lambda:a@b,"mm2":lambda:torch.mm(a,b),"mm3":lambda:torch.mm(v,a),"bmm":lambda:torch.bmm(a,b),"mv":lambda:torch.mv(a,torch.ones(2)),"dot":lambda:torch.dot(v,torch.ones(2)),"dot2":lambda:torch.dot(a,v),"matmul0":lambda:torch.matmul(torch.tensor(1.),v),
"mm dtype":lambda:a@torch.ones(3,2,dtype=torch.long),"mm dtype2":lambda:a@torch.ones(3,2,dtype=torch.float64),
"cat":lambda:torch.cat([a,b]),"cat2":lambda:torch.cat([]),"cat3":lambda:torch.cat(a),"cat dim":lambda:torch.cat([a,a],2),"cat nd":lambda:torch.cat([a,v]),"stack":lambda:torch.stack([a,b]),"stack0":lambda:torch.stack([]),"cat num":lambda:torch.cat([a,1]),
"view":lambda:a.view(4,2),"view2":lambda:a.t().view(6),"view -1":lambda:a.view(-1,4),"view -1-1":lambda:a.view(-1,-1),"reshape":lambda:a.reshape(5),"expand":lambda:a.expand(3,3),"expand2":lambda:a.expand(3),"squeeze":lambda:a.squeeze(5),"unsqueeze":lambda:a.unsqueeze(4),"transpose":lambda:a.transpose(0,2),"permute":lambda:a.permute(0),"permute2":lambda:a.permute(0,0),"t":lambda:torch.ones(1,2,3).t(),"flatten":lambda:a.flatten(3),
"idx":lambda:v[5],"idx2":lambda:a[0,0,0],"idx3":lambda:a[2],"idx4":lambda:v[torch.tensor([5])],"idx5":lambda:v[1.5],"idx6":lambda:v["a"],"idx7":lambda:a[torch.tensor([True,False,True])],"idx8":lambda:torch.tensor(1.)[0],"set2":lambda:v.__setitem__(7,1.),"item":lambda:a.item(),"bool":lambda:bool(a),"int":lambda:int(a),"len":lambda:len(torch.tensor(1)),"iter":lambda:list(torch.tensor(1)),
"gather":lambda:torch.gather(a,0,torch.tensor([0])),"gather2":lambda:torch.gather(a,1,torch.tensor([[5]])),"isel":lambda:torch.index_select(a,0,torch.tensor([3])),"add":lambda:a+b,"add str":lambda:a+"x","add none":lambda:a+None,"radd":lambda:"x"+a,"sub bool":lambda:torch.tensor([True])-torch.tensor([True]),"neg bool":lambda:-torch.tensor([True]),"inplace int":lambda:i.add_(0.5),"inplace shape":lambda:v.add_(b),
"conv ch":lambda:F.conv2d(im,torch.ones(4,2,3,3)),"conv small":lambda:F.conv2d(im,torch.ones(4,3,9,9)),"conv nd":lambda:F.conv2d(torch.ones(3),torch.ones(4,3,3,3)),"conv bias":lambda:F.conv2d(im,torch.ones(4,3,3,3),torch.ones(3)),"linear":lambda:nn.Linear(3,2)(torch.ones(4,5)),"linear dt":lambda:nn.Linear(3,2)(torch.ones(4,3).long()),"linear dbl":lambda:nn.Linear(3,2)(torch.ones(4,3).double()),"linear np":lambda:nn.Linear(3,2)([1,2,3]),
"ce shape":lambda:F.cross_entropy(a,torch.tensor([0,1,2])),"ce range":lambda:F.cross_entropy(a,torch.tensor([0,5])),"ce dt":lambda:F.cross_entropy(a,torch.tensor([0.,1.])),"ce int":lambda:F.cross_entropy(a,torch.tensor([0,1],dtype=torch.int32)),"nll":lambda:F.nll_loss(a,torch.tensor([0,3])),"bcel":lambda:F.binary_cross_entropy_with_logits(a,b),"bce range":lambda:F.binary_cross_entropy(a*2,a),"emb":lambda:nn.Embedding(3,2)(torch.tensor([5])),"emb dt":lambda:nn.Embedding(3,2)(torch.tensor([1.])),"bn":lambda:nn.BatchNorm1d(3)(torch.ones(1,3)),"bn2":lambda:nn.BatchNorm2d(3)(a),"bn ch":lambda:nn.BatchNorm1d(4)(a),"ln":lambda:nn.LayerNorm(4)(a),"lstm":lambda:nn.LSTM(3,2)(torch.ones(4,5)),"pool":lambda:F.max_pool2d(torch.ones(3),2),"softmax":lambda:torch.softmax(i,0),"dropout":lambda:F.dropout(a,2.),
"sum dim":lambda:a.sum(3),"mean int":lambda:i.mean(),"max dim":lambda:a.max(2),"max empty":lambda:torch.ones(0).max(),"argmax empty":lambda:torch.ones(0).argmax(),"std":lambda:i.std(),"var":lambda:i.var(),"norm int":lambda:i.norm(),"exp str":lambda:torch.exp("a"),"exp num":lambda:torch.exp(1.0),"sin none":lambda:torch.sin(None),"mm num":lambda:torch.matmul(a,2),"sum list":lambda:torch.sum([1,2]),"zeros str":lambda:torch.zeros("a"),"zeros neg":lambda:torch.zeros(-1),"zeros float":lambda:torch.zeros(2.5),"ones none":lambda:torch.ones(None),"tensor rag":lambda:torch.tensor([[1,2],[3]]),"tensor str":lambda:torch.tensor("a"),"tensor none":lambda:torch.tensor(None),"arange":lambda:torch.arange(0,5,-1),"eye":lambda:torch.eye(-1),"rand str":lambda:torch.rand("a"),"randint":lambda:torch.randint(5,3,(2,)),"clamp":lambda:torch.clamp(a),"chunk":lambda:a.chunk(0),"split":lambda:a.split([1,2]),"repeat":lambda:a.repeat(2),"topk":lambda:v.topk(5),"kth":lambda:v.kthvalue(9),"where":lambda:torch.where(a,a,a),"masked":lambda:a.masked_select(a),"mfill":lambda:a.masked_fill(a,1),"one_hot":lambda:F.one_hot(torch.tensor([1.])),"einsum":lambda:torch.einsum("ij,jk",a,b),"inv":lambda:torch.inverse(a),"det":lambda:torch.det(a),"solve":lambda:torch.linalg.solve(torch.zeros(2,2),torch.ones(2)),"chol":lambda:torch.linalg.cholesky(-torch.eye(2)),"np grad":lambda:torch.ones(1,requires_grad=True).numpy(),"req int":lambda:torch.ones(2,dtype=torch.long,requires_grad=True),"back2":lambda:a.backward(),"back shape":lambda:(torch.ones(2,requires_grad=True)*2).backward(),"grad unused":lambda:torch.autograd.grad(torch.ones(1,requires_grad=True).sum(),torch.ones(1,requires_grad=True)),
"opt":lambda:torch.optim.SGD([],lr=0.1),"opt2":lambda:torch.optim.SGD(v,lr=0.1),"opt3":lambda:torch.optim.SGD([v*torch.ones(3,requires_grad=True)],lr=0.1),"opt4":lambda:torch.optim.Adam([torch.ones(1,requires_grad=True)],lr=-1),"load":lambda:nn.Linear(2,2).load_state_dict({"weight":torch.ones(3,2)}),"attr":lambda:nn.Linear(2,2).nope,"seq":lambda:nn.Sequential(nn.ReLU())[3],"fwd args":lambda:nn.ReLU()(),"tensor to":lambda:a.to("nope"),"manual":lambda:torch.manual_seed("a"),"multin":lambda:torch.multinomial(torch.tensor([-1.,2.]),1),"bern":lambda:torch.bernoulli(torch.tensor([2.])),"pow int":lambda:torch.tensor([2])**-1,"fmod0":lambda:torch.tensor([1])%0,"idiv0":lambda:torch.tensor([1])//0,"sqrt bool":lambda:torch.tensor([True]).sqrt().dtype,"cumsum":lambda:a.cumsum(2),"sort":lambda:a.sort(3),"roll":lambda:a.roll(1,5),"pad":lambda:F.pad(a,(1,1,1)),"interp":lambda:F.interpolate(im,size=4,scale_factor=2),"mha":lambda:nn.MultiheadAttention(5,2),"sizes":lambda:a.size(4),"unbind":lambda:torch.tensor(1.).unbind(),"outer":lambda:torch.outer(a,v),"cross":lambda:torch.cross(a,torch.ones(2,2)),"diag":lambda:torch.diag(torch.ones(1,1,1)),"tril":lambda:v.tril(),"relu num":lambda:F.relu(3),"lin num":lambda:F.linear(3,a),"unk":lambda:torch.nn.functional.softmax(a,dim=4),
}

for k, f in P.items():
    print(k); attempt(f)
"""

CASES["calls that fit no signature"] = r"""
T = torch.ones(2, 2); v = torch.ones(3); i = torch.ones(1, 1, 2, 2); w = torch.ones(1, 1, 1, 1); d = w.double()
calls = [
 lambda: torch.zeros(), lambda: torch.zeros('a'), lambda: torch.zeros(2.5), lambda: torch.ones((2, 2.5)), lambda: torch.ones(2, dtype='float'), lambda: torch.randn(), lambda: torch.rand(), lambda: torch.tensor([1, 'a']), lambda: torch.tensor(None),
 lambda: torch.tensor(), lambda: torch.arange(), lambda: torch.arange('a'), lambda: torch.arange(1, 'a'), lambda: torch.arange(1, 2, 3, 4), lambda: torch.arange(end='a'), lambda: torch.linspace(), lambda: torch.linspace(0, 1), lambda: torch.linspace(0, 1, 2.5),
 lambda: torch.linspace(0, 1, steps='a'), lambda: torch.full(), lambda: torch.full((2,)), lambda: torch.full((2,), 'a'), lambda: torch.full((2,), fill_value='a'), lambda: torch.eye(), lambda: torch.eye('a'), lambda: torch.eye(2, 'a'), lambda: torch.randint(3), lambda: torch.randint(0, 3, 2),
 lambda: torch.normal(0., 1.), lambda: torch.randperm('a'), lambda: torch.zeros_like(3), lambda: torch.full_like(v), lambda: torch.full_like(v, 'a'), lambda: torch.logspace(1),
 lambda: v.view(), lambda: v.view('a'), lambda: v.view(2.5), lambda: v.view(3, 'a'), lambda: v.view(3, 1.0), lambda: v.view('a', 1), lambda: v.reshape(), lambda: v.reshape('a'), lambda: v.reshape(['a']), lambda: T.reshape((2, 'a')), lambda: T.permute(), lambda: T.permute(0, 1.5),
 lambda: T.permute('a', 0), lambda: v.expand('a'), lambda: v.repeat(), lambda: T.transpose(0, 1.5), lambda: torch.transpose(T, 0), lambda: torch.transpose(T), lambda: v.unsqueeze('a'), lambda: torch.unsqueeze(v, 1.5), lambda: v.squeeze('a'), lambda: v.squeeze(dim='a'), lambda: v.flatten('a'),
 lambda: torch.flatten(3), lambda: v.sum('a'), lambda: v.sum(dim='a'), lambda: v.sum(axis='a'), lambda: torch.sum(v, dim='a'), lambda: torch.sum([1, 2]), lambda: T.sum((0, 'a')), lambda: v.mean(dim='a'), lambda: torch.mean([1.]), lambda: torch.sum(), lambda: v.max('a'),
 lambda: v.max(dim='a'), lambda: v.max('a', True), lambda: torch.max(v, 'a'), lambda: torch.min(3, 4), lambda: v.argmax('a'), lambda: torch.std(3), lambda: v.std(2.5), lambda: v.softmax('a'), lambda: v.cumsum('a'), lambda: torch.cat(v), lambda: torch.cat(), lambda: torch.cat([v, 3]),
 lambda: torch.cat([v], dim='a'), lambda: torch.stack(), lambda: torch.matmul(T, 3), lambda: T.matmul(3), lambda: torch.matmul(T), lambda: torch.matmul(), lambda: torch.mm(T), lambda: torch.mm(T, 3), lambda: T.mm(), lambda: torch.dot(v), lambda: torch.dot(v, [1, 2]), lambda: torch.bmm(T, 2),
 lambda: torch.add(T), lambda: torch.add(), lambda: T.add(), lambda: T.add('a'), lambda: torch.add(T, 'a'), lambda: T.add(T, alpha='a'), lambda: torch.mul(T, 'a'), lambda: torch.mul(T), lambda: T.mul('a'), lambda: torch.sub(T, 'a'), lambda: torch.div(T, None), lambda: torch.pow(2, 3),
 lambda: torch.pow(T, 'a'), lambda: T.pow(), lambda: T == 'a', lambda: torch.eq(v, 'a'), lambda: T.lt('a'), lambda: v.add_('a'), lambda: v.add_(), lambda: v.mul_('a'), lambda: torch.where(v > 0, 'a', 1), lambda: torch.where(True, 1, 2), lambda: torch.clamp(v, 'a'), lambda: v.clamp(min='a'),
 lambda: v.masked_fill(v > 0), lambda: v.masked_fill(v > 0, 'a'), lambda: v.gather(0), lambda: v.gather(0, 3), lambda: torch.index_select(v, 0, 3), lambda: v.topk('a'), lambda: torch.chunk(v, 'a'), lambda: torch.trace(v), lambda: torch.trace(3), lambda: torch.exp(3), lambda: torch.sin('a'),
 lambda: F.conv2d(i), lambda: F.conv2d(i, 3), lambda: F.conv2d(i, d), lambda: F.conv2d(i, d, v[:1]), lambda: nn.Conv2d(1, 1, 1)(i.double()), lambda: nn.Conv2d(1, 1, 1, bias=False)(i.long()), lambda: nn.Conv2d(1, 1, 1)(3), lambda: nn.Linear(2, 2)(T.double()),
]
for f in calls:
    attempt(f, whole=True)
"""

CASES["attention and second derivatives as functions"] = r"""
A = torch.autograd.functional; torch.manual_seed(0)
q = torch.randn(3, 2, 4); k = torch.randn(5, 2, 4); w = torch.randn(12, 4); b = torch.randn(12); o = torch.randn(4, 4); ob = torch.randn(4)
for more in ({}, {'need_weights': False}, {'attn_mask': torch.ones(3, 5) > 2}, {'key_padding_mask': torch.zeros(2, 5) > 1, 'average_attn_weights': False}, {'is_causal': True}):
    attempt(lambda: F.multi_head_attention_forward(q, k, k, 4, 2, w, b, None, None, True, 0.0, o, ob, **more))
f = lambda x, y: (x**2 * y).sum(); a, c = torch.tensor([1., 2.]), torch.tensor([3., 4.])
for strict in (False, True):
    for graph in (False, True):
        for call in (lambda: A.hvp(f, (a, c), (a, c), graph, strict), lambda: A.vhp(f, (a, c), (a, c), graph, strict), lambda: A.hvp(lambda x: x.sum(), a, a, graph, strict), lambda: A.vhp(lambda x: x.sum(), a, a, graph, strict),
                     lambda: A.jvp(lambda x: (x * 2, torch.ones(2)), a, a, graph, strict), lambda: A.jvp(lambda x: x * 2, a, None, graph, strict), lambda: A.jvp(lambda x, y: (x * 2, x * y), (a, c), (a, c), graph, strict),
                     lambda: A.hessian(f, (a, c), graph, strict), lambda: A.jacobian(lambda x, y: (x * 2, y), (a, c), graph, strict), lambda: A.jacobian(lambda x: (x * 2, x), a, graph, strict)):
            attempt(call)
for call in (lambda: A.hessian(lambda x: x * 2, a), lambda: A.hessian(lambda x: (x.sum(),), a), lambda: A.hessian(lambda x: 3, a), lambda: A.hvp(f, (a, c), None)):
    attempt(call)
"""
