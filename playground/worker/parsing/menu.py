"""What the palette offers and in which order: a table, one section after the other.

Parameters, their order and their defaults are the engine's own (`palette` reads them off its signatures); here stands
what a signature does not say: which arguments are tensors that a wire can bring, and what a block that was just
dropped should have where there is no default.
"""

from __future__ import annotations

from typing import Final

SECTIONS: Final[dict[str, str]] = {
    "Inputs": "number torch.tensor torch.linspace torch.arange torch.randn torch.rand torch.zeros torch.ones "
    "torch.full torch.eye torch.randint torch.randperm torch.logspace torch.normal nn.Parameter torch.zeros_like "
    "torch.ones_like torch.randn_like torch.rand_like torch.full_like torch.manual_seed",
    "Data": "data.moons data.circles data.spirals data.blobs data.xor data.ring data.line data.curve data.digits "
    "data.sequences data.split data.encode data.decode data.X data.y data.X_test data.y_test",
    "Arithmetic": "operator.add operator.sub operator.mul operator.truediv operator.pow operator.neg operator.mod "
    "operator.floordiv torch.reciprocal torch.square torch.sqrt torch.rsqrt torch.clamp torch.maximum "
    "torch.minimum torch.where torch.lerp torch.addcmul torch.addcdiv",
    "Functions": "torch.exp torch.log torch.sin torch.cos torch.tan torch.tanh torch.sigmoid torch.relu torch.abs "
    "torch.sign torch.floor torch.ceil torch.round torch.trunc torch.frac torch.exp2 torch.expm1 torch.log2 "
    "torch.log10 torch.log1p torch.sinh torch.cosh torch.asin torch.acos torch.atan torch.asinh torch.acosh "
    "torch.atanh torch.atan2 torch.hypot torch.sinc torch.erf torch.erfc torch.erfinv torch.lgamma torch.digamma "
    "torch.logit torch.logaddexp torch.xlogy torch.heaviside torch.deg2rad torch.rad2deg torch.nan_to_num",
    "Activations": "torch.softmax torch.log_softmax nn.functional.gelu nn.functional.silu nn.functional.elu "
    "nn.functional.leaky_relu nn.functional.softplus nn.functional.logsigmoid nn.functional.mish torch.selu torch.celu "
    "nn.functional.relu6 nn.functional.hardtanh nn.functional.hardsigmoid nn.functional.hardswish "
    "nn.functional.softsign nn.functional.tanhshrink nn.functional.softshrink torch.hardshrink nn.functional.glu "
    "nn.functional.softmin nn.functional.normalize nn.functional.dropout",
    "Reductions": "torch.sum torch.mean torch.max torch.min torch.prod torch.std torch.var torch.norm torch.amax "
    "torch.amin torch.argmax torch.argmin torch.median torch.logsumexp torch.cumsum torch.cumprod torch.all torch.any "
    "torch.count_nonzero torch.topk torch.sort torch.argsort torch.quantile torch.trace",
    "Matrices": "operator.matmul torch.mm torch.bmm torch.mv torch.dot torch.outer torch.einsum torch.det "
    "torch.inverse torch.cdist torch.kron torch.cross torch.tril torch.triu torch.diag torch.diagonal "
    "torch.matrix_exp nn.functional.cosine_similarity nn.functional.scaled_dot_product_attention "
    "nn.functional.linear torch.conv1d torch.conv2d",
    "Shape": "torch.reshape Tensor.view torch.flatten torch.squeeze torch.unsqueeze torch.transpose torch.permute "
    "Tensor.T Tensor.mT Tensor.expand Tensor.repeat torch.cat torch.stack torch.split torch.chunk torch.unbind "
    "operator.getitem torch.index_select torch.gather torch.masked_fill torch.masked_select torch.roll torch.flip "
    "torch.tile torch.repeat_interleave torch.meshgrid torch.hstack torch.vstack torch.movedim torch.unflatten "
    "nn.functional.pad nn.functional.one_hot nn.functional.interpolate nn.functional.max_pool2d "
    "nn.functional.avg_pool2d torch.clone torch.detach Tensor.requires_grad_ Tensor.float Tensor.double Tensor.long "
    "Tensor.bool Tensor.to",
    "Comparison": "operator.lt operator.le operator.gt operator.ge operator.eq operator.ne operator.invert "
    "operator.and_ operator.or_ operator.xor torch.isclose torch.isnan torch.isinf torch.isfinite "
    "torch.logical_and torch.logical_or torch.logical_not",
    "Layers": "nn.Linear nn.Sequential nn.ReLU nn.Tanh nn.Sigmoid nn.GELU nn.SiLU nn.LeakyReLU nn.ELU nn.Softplus "
    "nn.Softmax nn.LogSoftmax nn.PReLU nn.SELU nn.CELU nn.Mish nn.ReLU6 nn.Hardtanh nn.Hardsigmoid nn.Hardswish "
    "nn.Softsign nn.LogSigmoid nn.GLU nn.Dropout nn.Dropout1d nn.Dropout2d nn.Dropout3d nn.AlphaDropout nn.Flatten "
    "nn.Unflatten nn.Identity nn.Embedding nn.Bilinear",
    "Convolution": "nn.Conv1d nn.Conv2d nn.Conv3d nn.ConvTranspose1d nn.ConvTranspose2d nn.ConvTranspose3d "
    "nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.AvgPool1d nn.AvgPool2d nn.AvgPool3d nn.AdaptiveAvgPool1d "
    "nn.AdaptiveAvgPool2d nn.AdaptiveMaxPool2d nn.Upsample nn.PixelShuffle nn.ZeroPad2d nn.ReflectionPad2d nn.Unfold",
    "Normalisation": "nn.BatchNorm1d nn.BatchNorm2d nn.BatchNorm3d nn.LayerNorm nn.GroupNorm nn.RMSNorm "
    "nn.InstanceNorm1d nn.InstanceNorm2d nn.LocalResponseNorm",
    "Sequences": "nn.RNN nn.LSTM nn.GRU nn.RNNCell nn.LSTMCell nn.GRUCell nn.MultiheadAttention "
    "nn.TransformerEncoderLayer nn.TransformerDecoderLayer",
    "Losses": "nn.MSELoss nn.CrossEntropyLoss nn.BCEWithLogitsLoss nn.BCELoss nn.L1Loss nn.SmoothL1Loss nn.HuberLoss "
    "nn.NLLLoss nn.KLDivLoss nn.GaussianNLLLoss nn.PoissonNLLLoss nn.HingeEmbeddingLoss nn.CosineEmbeddingLoss "
    "nn.MarginRankingLoss nn.TripletMarginLoss nn.SoftMarginLoss nn.functional.mse_loss nn.functional.cross_entropy "
    "nn.functional.binary_cross_entropy_with_logits nn.functional.binary_cross_entropy nn.functional.l1_loss "
    "nn.functional.smooth_l1_loss nn.functional.huber_loss nn.functional.nll_loss nn.functional.kl_div "
    "nn.functional.gaussian_nll_loss nn.functional.poisson_nll_loss",
    "Optimizers": "optim.SGD optim.Adam optim.AdamW optim.RMSprop optim.Adagrad optim.Adadelta optim.Adamax "
    "optim.NAdam optim.RAdam optim.Rprop",
    "Output": "print Tensor.backward Tensor.item Tensor.grad Tensor.retain_grad Optimizer.zero_grad Optimizer.step",
    "More": "torch.add torch.sub torch.mul torch.div torch.pow torch.neg torch.remainder torch.fmod torch.matmul "
    "torch.addmm torch.addmv torch.baddbmm torch.inner torch.tensordot torch.vdot torch.eq torch.ne torch.lt torch.le "
    "torch.gt torch.ge torch.cumsum torch.cummax torch.cummin torch.logcumsumexp torch.nansum torch.nanmean "
    "torch.aminmax torch.std_mean torch.var_mean torch.mode torch.kthvalue torch.dist torch.narrow torch.select "
    "torch.take torch.take_along_dim torch.swapaxes torch.moveaxis torch.t torch.ravel torch.fliplr torch.flipud "
    "torch.rot90 torch.concat torch.column_stack torch.dstack torch.block_diag torch.cartesian_prod "
    "torch.broadcast_to torch.diag_embed torch.diff torch.bincount torch.histc torch.searchsorted torch.bucketize "
    "torch.scatter torch.scatter_add torch.index_add torch.masked_scatter torch.unique torch.nonzero torch.argwhere "
    "torch.multinomial torch.bernoulli torch.poisson torch.cov torch.corrcoef torch.matrix_power torch.pinverse "
    "torch.slogdet torch.logdet torch.trapezoid torch.complex torch.real torch.imag torch.angle torch.conj "
    "torch.conv3d torch.conv_transpose1d torch.conv_transpose2d torch.conv_transpose3d nn.functional.embedding "
    "torch.layer_norm nn.functional.batch_norm torch.group_norm torch.rms_norm nn.functional.adaptive_avg_pool2d "
    "nn.functional.max_pool1d nn.functional.avg_pool1d nn.functional.unfold nn.functional.pixel_shuffle "
    "nn.functional.pairwise_distance torch.threshold nn.functional.gumbel_softmax torch.empty torch.as_tensor "
    "Tensor.view_as Tensor.expand_as Tensor.contiguous Tensor.int Tensor.type Tensor.cpu Tensor.numpy Tensor.tolist "
    "Tensor.numel Tensor.size Tensor.dim Tensor.shape Tensor.data Tensor.H Tensor.new_zeros Tensor.new_ones "
    "torch.linalg.norm torch.linalg.solve torch.linalg.inv "
    "torch.linalg.det torch.linalg.eigvalsh torch.linalg.cholesky torch.allclose torch.equal getattr",
}
"""Sections in the order of the menu. What is under "More" is found by its name."""

WIRES: Final = frozenset(
    [
        "input",
        "X",
        "B",
        "data.decode.numbers",
        "other",
        "tensors",
        "target",
        "mask",
        "condition",
        "query",
        "key",
        "value",
        "weight",
        "bias",
        "mat",
        "mat1",
        "mat2",
        "vec",
        "vec1",
        "vec2",
        "batch1",
        "batch2",
        "index",
        "indices",
        "src",
        "source",
        "end",
        "tensor",
        "tensor1",
        "tensor2",
        "tensors",
        "operands",
        "x",
        "y",
        "x1",
        "x2",
        "exponent",
        "hx",
        "attn_mask",
        "key_padding_mask",
        "a",
        "b",
        "grid",
        "input1",
        "input2",
        "anchor",
        "positive",
        "negative",
        "var",
        "log_probs",
        "src_mask",
        "tgt",
        "memory",
        "tgt_mask",
        "memory_mask",
        "src_key_padding_mask",
        "tau",
        "prob",
        "real",
        "imag",
        "sorted_sequence",
        "boundaries",
        "values",
        "logits",
        "running_mean",
        "running_var",
        "pos_weight",
        "gradient",
        "matrices",
        "A",
        "objects",
    ]
)
"""Parameters that take a tensor, by name, of a call. (Those of a layer's definition are numbers and words.)"""

NOT_WIRES: Final = {
    "torch.full": {"value"},
    "torch.movedim": {"source"},
    "torch.addcmul": {"value"},
    "torch.select": {"index"},
    "torch.threshold": {"value"},
    "torch.addcdiv": {"value"},
    "torch.scatter": {"value"},
    "torch.moveaxis": {"source"},
    "torch.linspace": {"end"},
    "torch.logspace": {"end"},
    "print": {"end"},
    "torch.arange": {"end"},
    "nn.functional.pad": {"value"},
    "nn.functional.gumbel_softmax": {"tau"},
    "nn.functional.interpolate": {"size"},
}

NOT_SHOWN: Final = frozenset(
    [
        "out",
        "device",
        "layout",
        "pin_memory",
        "memory_format",
        "size_average",
        "reduce",
        "foreach",
        "fused",
        "capturable",
        "differentiable",
        "maximize",
        "settings",
        "further",
        "inplace",
        "copy",
        "non_blocking",
        "decoupled_weight_decay",
        "retain_graph",
        "create_graph",
        "inputs",
        "decimals",
        "device_type",
        "parameters_and_buffers",
        "proj_size",
    ]
)
"""Parameters that settings do not show. A program may write them all the same."""

CALLS: Final[dict[str, tuple[str, ...]]] = {
    "nn.CosineEmbeddingLoss": ("input1", "input2", "target"),
    "nn.MarginRankingLoss": ("input1", "input2", "target"),
    "nn.TripletMarginLoss": ("anchor", "positive", "negative"),
    "nn.GaussianNLLLoss": ("input", "target", "var"),
}
"""What losses are called with, where it is not ``(input, target)``."""

_RECURRENT = (
    "input_size, hidden_size, num_layers=1, {}bias=True, batch_first=False, dropout=0.0, bidirectional=False"
)
SIGNATURES: Final[dict[str, str]] = {
    "number": "value",
    "torch.arange": "start=0, end, step=1, *, dtype=None, requires_grad=False",
    "torch.randint": "low=0, high, size, *, dtype=None",
    "torch.normal": "mean=0.0, std=1.0, size",
    "torch.where": "condition, input, other",
    "torch.swapaxes": "input, axis0, axis1",
    "torch.reshape": "input, shape",
    "torch.permute": "input, dims",
    "torch.flip": "input, dims",
    "torch.tile": "input, dims",
    **{
        f"torch.{name}": "*size, dtype=None, requires_grad=False"
        for name in ("randn", "rand", "zeros", "ones", "empty")
    },
    "nn.RNN": _RECURRENT.format("nonlinearity='tanh', "),
    "nn.LSTM": _RECURRENT.format(""),
    "nn.GRU": _RECURRENT.format(""),
    "nn.RNNCell": "input_size, hidden_size, bias=True, nonlinearity='tanh'",
    "nn.LSTMCell": "input_size, hidden_size, bias=True",
    "nn.GRUCell": "input_size, hidden_size, bias=True",
    "nn.TransformerEncoderLayer": "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', "
    "layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True",
    "nn.TransformerDecoderLayer": "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', "
    "layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True",
    "nn.Sequential": "*modules",
    "nn.KLDivLoss": "size_average=None, reduce=None, reduction='mean', log_target=False",
    "nn.MSELoss": "size_average=None, reduce=None, reduction='mean'",
    "nn.L1Loss": "size_average=None, reduce=None, reduction='mean'",
    "nn.SmoothL1Loss": "size_average=None, reduce=None, reduction='mean', beta=1.0",
    "nn.SoftMarginLoss": "size_average=None, reduce=None, reduction='mean'",
    "print": "*objects, sep=' ', end='\\n'",
    "getattr": "object, name",
    "Optimizer.zero_grad": "optimizer",
    "Optimizer.step": "optimizer",
    "operator.getitem": "input, index",
    **{f"operator.{name}": "input" for name in ("neg", "invert")},
    **{
        f"operator.{name}": "input, other"
        for name in (
            [
                "add",
                "sub",
                "mul",
                "truediv",
                "matmul",
                "mod",
                "floordiv",
                "lt",
                "le",
                "gt",
                "ge",
                "eq",
                "ne",
                "and_",
                "or_",
                "xor",
            ]
        )
    },
    "operator.pow": "input, exponent",
    "Tensor.to": "input, dtype",
    "Tensor.type": "input, dtype",
    "Tensor.size": "input, dim=None",
    "Tensor.new_zeros": "input, *size",
    "Tensor.new_ones": "input, *size",
    **{f"data.{name}": "" for name in ("X", "y", "X_test", "y_test", "columns", "classes")},
}
"""Of what has no signature that says it."""

ORDERS: Final[dict[str, dict[int, tuple[str, ...]]]] = {
    "torch.arange": {1: ("end",), 2: ("start", "end"), 3: ("start", "end", "step")},
    "torch.randint": {2: ("high", "size"), 3: ("low", "high", "size")},
}
"""The parameters that positional arguments stand for, by how many there are, where that makes a difference."""

SYMBOLS: Final = {
    "operator.add": "+",
    "operator.sub": "-",
    "operator.mul": "*",
    "operator.truediv": "/",
    "operator.pow": "**",
    "operator.matmul": "@",
    "operator.mod": "%",
    "operator.floordiv": "//",
    "operator.neg": "-",
    "operator.invert": "~",
    "operator.lt": "<",
    "operator.le": "<=",
    "operator.gt": ">",
    "operator.ge": ">=",
    "operator.eq": "==",
    "operator.ne": "!=",
    "operator.and_": "&",
    "operator.or_": "|",
    "operator.xor": "^",
}

ATTRIBUTES: Final = frozenset({"T", "mT", "H", "mH", "grad", "data", "shape", "real", "imag"})
"""Of a tensor, without brackets behind them."""

OUTPUTS: Final[dict[str, tuple[str, ...]]] = {
    **{
        f"data.{name}": ("X", "y")
        for name in [
            "moons",
            "circles",
            "spirals",
            "blobs",
            "xor",
            "ring",
            "line",
            "curve",
            "digits",
            "sequences",
        ]
    },
    **{f"data.{name}": (name,) for name in ("X", "y", "X_test", "y_test")},
    "data.split": ("X", "y", "X_test", "y_test"),
    "nn.LSTM": ("output", "state"),
    "nn.GRU": ("output", "h"),
    "nn.RNN": ("output", "h"),
    "nn.LSTMCell": ("h", "c"),
    "nn.MultiheadAttention": ("output", "weights"),
    **{
        f"torch.{name}": ("values", "indices")
        for name in ("topk", "sort", "cummax", "cummin", "mode", "kthvalue")
    },
    "torch.aminmax": ("min", "max"),
    "torch.std_mean": ("std", "mean"),
    "torch.var_mean": ("var", "mean"),
    "torch.slogdet": ("sign", "logabsdet"),
    **dict.fromkeys(
        (
            "print",
            "torch.manual_seed",
            "Tensor.backward",
            "Tensor.retain_grad",
            "Optimizer.zero_grad",
            "Optimizer.step",
            *(
                f"optim.{one}"
                for one in [
                    "SGD",
                    "Adam",
                    "AdamW",
                    "RMSprop",
                    "Adagrad",
                    "Adadelta",
                    "Adamax",
                    "NAdam",
                    "RAdam",
                    "Rprop",
                ]
            ),
        ),
        (),
    ),
}
"""Values that a block makes, where it is not one."""

VALUES: Final = frozenset({"Tensor.item", "Tensor.grad"})
"""What is among the outputs and makes a value all the same."""

TITLES: Final = {
    "number": "Number",
    "operator.add": "Add",
    "operator.sub": "Subtract",
    "operator.mul": "Multiply",
    "operator.truediv": "Divide",
    "operator.pow": "Power",
    "operator.matmul": "Matrix product",
    "operator.mod": "Remainder",
    "operator.floordiv": "Divide and round down",
    "operator.neg": "Negative",
    "operator.invert": "Not",
    "operator.getitem": "Pick elements",
    "operator.lt": "Less",
    "operator.le": "Less or equal",
    "operator.gt": "Greater",
    "operator.ge": "Greater or equal",
    "operator.eq": "Equal",
    "operator.ne": "Not equal",
    "operator.and_": "And",
    "operator.or_": "Or",
    "operator.xor": "Exclusive or",
    "getattr": "Attribute",
}

DOCS: Final = {
    "number": "A Python number.",
    "print": "Shows values in the output.",
    "getattr": "A part of a module or another object: ``layer.weight``.",
    "nn.Sequential": "Layers applied one after the other.",
    "Optimizer.zero_grad": "Forgets the gradients of the parameters.",
    "Optimizer.step": "Changes the parameters by their gradients.",
    "torch.manual_seed": "Makes random numbers the same in every run.",
    "operator.add": "Sum, elementwise.",
    "operator.sub": "Difference, elementwise.",
    "operator.mul": "Product, elementwise.",
    "operator.truediv": "Quotient, elementwise.",
    "operator.pow": "Power, elementwise.",
    "operator.matmul": "Product of matrices and vectors.",
    "operator.mod": "Remainder of a division, elementwise.",
    "operator.floordiv": "Quotient rounded down, elementwise.",
    "operator.neg": "Negative, elementwise.",
    "operator.invert": "Not, elementwise.",
    "operator.getitem": "Elements by their place: ``x[0]``, ``x[:, 1]``.",
    "operator.lt": "Less than, elementwise.",
    "operator.le": "Less than or equal, elementwise.",
    "operator.gt": "Greater than, elementwise.",
    "operator.ge": "Greater than or equal, elementwise.",
    "operator.eq": "Equal, elementwise.",
    "operator.ne": "Not equal, elementwise.",
    "operator.and_": "And, elementwise.",
    "operator.or_": "Or, elementwise.",
    "operator.xor": "Either, not both, elementwise.",
    "data.X": "The features of the table you have loaded.",
    "data.y": "The target of the table you have loaded.",
    "data.X_test": "The features of its test rows.",
    "data.y_test": "The target of its test rows.",
    "Tensor.T": "Transposed.",
    "Tensor.mT": "The last two dimensions exchanged.",
    "Tensor.H": "Transposed and conjugated.",
    "Tensor.grad": "The gradient that has arrived here.",
    "Tensor.data": "The same numbers, unknown to autograd.",
    "Tensor.shape": "The sizes of its dimensions.",
}

FRESH: Final = {
    "data.encode.text": "'abc'",
    "value": "1.0",
    "torch.tensor.data": "[1.0, 2.0, 3.0]",
    "torch.tensor.requires_grad": "True",
    "torch.as_tensor.data": "[1.0, 2.0, 3.0]",
    "start": "-1",
    "torch.arange.end": "10",
    "end": "1",
    "torch.arange.start": "0",
    "steps": "50",
    "size": "2, 3",
    "torch.full.size": "(2, 3)",
    "torch.normal.mean": "0.0",
    "torch.normal.std": "1.0",
    "torch.layer_norm.normalized_shape": "(8,)",
    "torch.rms_norm.normalized_shape": "(8,)",
    "torch.threshold.threshold": "0.0",
    "torch.threshold.value": "0.0",
    "torch.movedim.source": "0",
    "torch.randint.size": "(8,)",
    "torch.normal.size": "(2, 3)",
    "high": "10",
    "fill_value": "1.0",
    "n": "3",
    "seed": "0",
    "dim": "-1",
    "dim0": "0",
    "dim1": "1",
    "dims": "1, 0",
    "torch.flip.dims": "(0,)",
    "torch.roll.shifts": "1",
    "torch.unsqueeze.dim": "0",
    "torch.permute.dims": "(1, 0)",
    "torch.reshape.shape": "(-1,)",
    "torch.select.index": "0",
    "torch.swapaxes.axis0": "0",
    "torch.swapaxes.axis1": "1",
    "torch.narrow.start": "0",
    "torch.tile.dims": "(2,)",
    "shape": "-1",
    "sizes": "2, 1",
    "Tensor.expand.size": "-1, -1",
    "torch.unflatten.sizes": "(-1, 1)",
    "torch.unflatten.dim": "0",
    "torch.broadcast_to.size": "(2, 3)",
    "split_size_or_sections": "1",
    "chunks": "2",
    "repeats": "2",
    "torch.movedim.destination": "1",
    "torch.moveaxis.source": "0",
    "torch.moveaxis.destination": "1",
    "operator.getitem.index": "0",
    "pad": "(1, 1)",
    "scale_factor": "2",
    "nn.functional.interpolate.scale_factor": "2",
    "k": "2",
    "q": "0.5",
    "min": "0.0",
    "max": "1.0",
    "equation": "'ij,jk->ik'",
    "dtype": "torch.float32",
    "name": "weight",
    "decimals": "0",
    "other": "2.0",
    "exponent": "2",
    "in_features": "2",
    "out_features": "8",
    "in_channels": "1",
    "out_channels": "8",
    "kernel_size": "3",
    "output_size": "1",
    "num_features": "8",
    "num_channels": "8",
    "num_groups": "2",
    "normalized_shape": "8",
    "num_embeddings": "10",
    "embedding_dim": "8",
    "in1_features": "2",
    "in2_features": "2",
    "input_size": "8",
    "hidden_size": "16",
    "embed_dim": "8",
    "num_heads": "2",
    "d_model": "8",
    "nhead": "2",
    "dim_feedforward": "32",
    "upscale_factor": "2",
    "padding": "1",
    "groups": "2",
    "nn.Unflatten.dim": "1",
    "nn.Unflatten.unflattened_size": "(1, 8)",
    "nn.LocalResponseNorm.size": "2",
    "params": "[]",
    "optim.SGD.lr": "0.1",
    "lr": "0.01",
    "batch_first": "True",
    "num_samples": "1",
    "diagonal": "0",
    "length": "1",
    "nn.functional.dropout.p": "0.5",
}
"""What a block that was just dropped has for a parameter: by entry and parameter, else by parameter."""

SHOWN_FRESH: Final = frozenset(
    [
        "torch.tensor.requires_grad",
        "lr",
        "nn.RNN.batch_first",
        "nn.LSTM.batch_first",
        "nn.GRU.batch_first",
        "nn.MultiheadAttention.batch_first",
        "nn.TransformerEncoderLayer.batch_first",
        "nn.TransformerEncoderLayer.dim_feedforward",
        "nn.TransformerDecoderLayer.batch_first",
        "nn.TransformerDecoderLayer.dim_feedforward",
        "nn.Softmax.dim",
        "nn.LogSoftmax.dim",
        "torch.clamp.min",
        "torch.clamp.max",
        "nn.functional.interpolate.scale_factor",
        "nn.Upsample.scale_factor",
        "torch.arange.start",
        "torch.normal.mean",
        "torch.normal.std",
        "optim.SGD.lr",
    ]
)
"""Parameters with a default that a fresh block states all the same."""

CHOICES: Final = {
    "reduction": ("'mean'", "'sum'", "'none'"),
    "nonlinearity": ("'tanh'", "'relu'"),
    "padding_mode": ("'zeros'", "'reflect'", "'replicate'", "'circular'"),
    "nn.functional.pad.mode": ("'constant'", "'reflect'", "'replicate'", "'circular'"),
    "nn.functional.interpolate.mode": (
        "'nearest'",
        "'linear'",
        "'bilinear'",
        "'bicubic'",
        "'trilinear'",
        "'area'",
    ),
    "nn.Upsample.mode": ("'nearest'", "'linear'", "'bilinear'", "'bicubic'", "'trilinear'"),
    "activation": ("'relu'", "'gelu'"),
    "dtype": (
        "torch.float32",
        "torch.float64",
        "torch.float16",
        "torch.int64",
        "torch.int32",
        "torch.bool",
    ),
    "data.curve.kind": ("'sine'", "'wave'", "'parabola'", "'cubic'", "'step'", "'kink'", "'bump'"),
    "data.sequences.kind": ("'words'", "'counting'", "'sums'", "'brackets'"),
    "rounding_mode": ("'floor'", "'trunc'"),
    "approximate": ("'none'", "'tanh'"),
}
"""Values that settings offer, by entry and parameter, else by parameter."""

NOTES: Final = {
    "lr": "The learning rate: how far each step goes.",
    "dim": "The dimension it works along, counted from 0, or from the end with -1.",
    "keepdim": "Whether the dimension stays, with size 1.",
    "in_features": "The size of its input's last dimension.",
    "out_features": "The size of its result's last dimension.",
    "in_channels": "The channels of its input, dimension 1.",
    "out_channels": "The channels of its result.",
    "kernel_size": "The sides of the window.",
    "stride": "How far the window moves each time.",
    "padding": "How many zeros are put around.",
    "dilation": "The distance between what the window looks at.",
    "groups": "Into how many independent parts the channels fall.",
    "bias": "Whether a learned number is added.",
    "p": "The probability with which an element becomes 0.",
    "num_features": "The channels of its input, dimension 1.",
    "normalized_shape": "The last dimensions of its input.",
    "num_embeddings": "How many different numbers there are.",
    "embedding_dim": "How long the vector for each is.",
    "input_size": "The size of its input's last dimension.",
    "hidden_size": "The size of its state.",
    "num_layers": "How many are stacked.",
    "batch_first": "Whether the batch is dimension 0 rather than 1.",
    "embed_dim": "The size of its input's last dimension.",
    "num_heads": "How many attentions work side by side.",
    "momentum": "How much of the last step is kept.",
    "weight_decay": "How strongly large weights are pulled to 0.",
    "betas": "How long the running means remember.",
    "eps": "Added where a division by 0 could be.",
    "reduction": "Whether the elements are averaged, summed, or left.",
    "requires_grad": "Whether gradients are worked out for it.",
    "seed": "The same seed draws the same numbers.",
    "noise": "The standard deviation of what is added.",
    "n": "How many.",
    "size": "The sizes of its dimensions.",
    "dtype": "The type of its numbers.",
    "steps": "How many numbers.",
    "params": "The parameters it changes: `net.parameters()` or a list.",
}
"""What a parameter means, by its name."""
