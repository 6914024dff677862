"""Products of matrices and vectors, and the little linear algebra the tutorial needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.define import define
from engine.dispatch import composite
from engine.fused import fused
from engine.ops import shape as _shape
from engine.ops.pointwise import mul
from engine.ops.singular import not_invertible, not_solvable
from engine.registry import BILINEAR, GENERAL, LINEAR
from engine.tensor import Tensor

mm = define("mm", BILINEAR,
    forward=lambda xp, input, mat2: _mm(input, mat2),
    vjp=(lambda F, g, mat2: _by_turned(F, g, mat2), lambda F, g, input: _turned_by(F, input, g)),
    doc="Product of two matrices.")

mv = define("mv", BILINEAR,
    forward=lambda xp, input, vec: _mv(input, vec),
    vjp=(lambda F, g, vec: F.outer_product(g, vec),
         lambda F, g, input: F.mv(F.t(input), g) if F.recording else input.T @ g),
    doc="Product of a matrix and a vector.")

dot = define("dot", BILINEAR,
    forward=lambda xp, input, tensor: _dot(xp, input, tensor),
    vjp=(lambda F, g, tensor: g * tensor, lambda F, g, input: g * input),
    doc="Inner product of two vectors.")

bmm = define("bmm", BILINEAR,
    forward=lambda xp, input, mat2: _bmm(xp, input, mat2),
    vjp=(lambda F, g, mat2: F.bmm(g, F.transpose(mat2, 1, 2)) if F.recording else g @ mat2.swapaxes(1, 2),
         lambda F, g, input: F.bmm(F.transpose(input, 1, 2), g) if F.recording else input.swapaxes(1, 2) @ g),
    doc="Products of matrices, batch by batch.")

outer_product = define("outer_product", BILINEAR, grad="MulBackward0", aten="aten::outer",
    forward=lambda xp, input, vec2: xp.outer(input, vec2),
    vjp=(lambda F, g, vec2: F.mv(g, vec2), lambda F, g, input: F.mv(F.t(g), input)),
    doc="Outer product of two vectors.")

addmm = define("addmm", GENERAL, holomorphic=True, inputs=3,
    forward=lambda xp, input, mat1, mat2, beta=1, alpha=1: _addmm(input, mat1, mat2, beta, alpha),
    vjp=(lambda F, g, beta: g if beta == 1 else g * beta,
         lambda F, g, mat2, alpha: _scaled(_by_turned(F, g, mat2), alpha),
         lambda F, g, mat1, alpha: _scaled(_turned_by(F, mat1, g), alpha)),
    formula=r"\beta\,g,\ \alpha\,g\,B^{\top},\ \alpha\,A^{\top}\,g", doc="beta * input + alpha * mat1 @ mat2.")

# The gradient of a transpose comes out as one, so that the weight's own gradient lies in memory as the weight does.
linear_addmm = define("linear_addmm", GENERAL, holomorphic=True, inputs=3, grad="AddmmBackward0", aten="aten::addmm",
    forward=lambda xp, input, mat1, mat2: _addmm(input, mat1, mat2, 1, 1),
    vjp=(lambda F, g: g,
         lambda F, g, mat2: _by_turned(F, g, mat2),
         lambda F, g, mat1: F.t(_turned_by(F, g, mat1))),
    formula=r"\sum_{\text{rows}} g,\ g\,W^{\top},\ X^{\top}\,g", doc="input + mat1 @ mat2, where mat2 is a transpose: the product of a linear layer.")

vdot = define("vdot", BILINEAR, holomorphic=False,
    forward=lambda xp, input, other: _dot(xp, input.conj(), other),
    vjp=(lambda F, g, other: F.conj(g) * other, lambda F, g, input: g * input),
    doc="Inner product of two vectors, the first conjugated.")

trace = define("trace", LINEAR,
    forward=lambda xp, input: xp.trace(_matrix_only(input)),
    vjp=(lambda F, g, input_shape: F.embed(F.expand(g, (min(input_shape),)), tuple(input_shape), "diagonal", (0, 0, 1)),),
    formula=r"g\,I", doc="Sum of the diagonal of a matrix.")

inverse = define("inverse", GENERAL, holomorphic=True, grad="LinalgInvExBackward0", aten="aten::linalg_inv_ex",
    forward=lambda xp, input: _inverse(xp, input),
    vjp=(lambda F, g, y: -_matmul(F, F.transpose(y, -2, -1), _matmul(F, g, F.transpose(y, -2, -1))),),
    doc="Inverse of a square matrix.")

det = define("det", GENERAL, holomorphic=True, grad="LinalgDetBackward0", aten="aten::_linalg_det",
    forward=lambda xp, input: xp.linalg.det(_square(input, "linalg.det")).astype(input.dtype),
    vjp=(lambda F, g, input, y: F.reshape(g * y, (*tuple(y.shape), 1, 1)) * F.transpose(F.inverse(input), -2, -1),),
    formula=r"g\,y\,A^{-\top}", doc="Determinant of a square matrix.")

solve = define("linalg_solve", GENERAL, holomorphic=True, grad="LinalgSolveExBackward0", aten="aten::_linalg_solve_ex",
    forward=lambda xp, A, B: _solve(xp, A, B),
    vjp=(lambda F, g, A, y: _solve_vjp(F, g, A, y),
         lambda F, g, A: F.linalg_solve(F.transpose(A, -2, -1), g)),
    formula=r"-A^{-\top} g\, y^\top,\ A^{-\top} g", doc="The X with A X = B.")


@composite("matmul")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """``input @ other``: dot, matrix-vector, matrix-matrix or batched, by the numbers of dimensions.

    Raises:
        RuntimeError: if the shapes do not fit; both are named.
    """
    if not isinstance(other, Tensor):
        raise TypeError(f"matmul(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    a, b = input._data.ndim, other._data.ndim
    if a == 2 and b == 2:
        return mm(input, other)
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 2 and b == 1:
        return mv(input, other)
    if a == 1 and b == 2:
        return _shape.squeeze_result(mm(_shape.unsqueeze(input, 0), other), 0)
    if not a or not b:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if b <= 2 and a >= 3:
        lead, k = input._data.shape[:-1], input._data.shape[-1]
        flat = _shape.reshape(input, (math.prod(lead), k))
        if b == 1:
            return _shape.unsafe_view(mv(flat, other), lead)
        return _shape.unsafe_view(mm(flat, other), (*lead, other._data.shape[-1]))
    if a <= 2 and input.requires_grad and other._data.shape[-2] == input._data.shape[-1]:
        # The smaller factor wants a gradient: one product of matrices rather than a copy of it for each of the batch.
        turned = _shape.transpose(other, -2, -1)
        lead, k = turned._data.shape[:-1], turned._data.shape[-1]
        flat = _shape.reshape(turned, (math.prod(lead), k))
        if a == 1:
            return _shape.unsafe_view(mv(flat, input), lead)
        folded = _shape.unsafe_view(mm(flat, _shape.t(input)), (*lead, input._data.shape[0]))
        return _shape.contiguous(_shape.transpose(folded, -2, -1))
    one_a, one_b = a == 1, b == 1
    if one_a:
        input = _shape.unsqueeze(input, 0)
    if one_b:
        other = _shape.unsqueeze(other, 1)
    x, y = input._data.shape, other._data.shape
    if x[-1] != y[-2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{_lead(x, y)}, {x[-1]}] but got: "
            f"[{_lead(x, y)}, {y[-2]}]."
        )
    try:
        lead = np.broadcast_shapes(x[:-2], y[:-2])
    except ValueError:
        from engine.dispatch import check_broadcast

        check_broadcast([x[:-2], y[:-2]])
        raise
    left = _shape.reshape(_shape.expand(input, (*lead, *x[-2:])), (math.prod(lead), *x[-2:]))
    right = _shape.reshape(_shape.expand(other, (*lead, *y[-2:])), (math.prod(lead), *y[-2:]))
    result = _shape.unsafe_view(bmm(left, right), (*lead, x[-2], y[-1]))
    if one_a:
        result = _shape.squeeze(result, -2)
    return _shape.squeeze(result, -1) if one_b else result


def _lead(x: tuple[int, ...], y: tuple[int, ...]) -> int:
    return int(np.prod(np.broadcast_shapes(x[:-2], y[:-2])))


@composite("outer")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Outer product of two vectors.

    Raises:
        RuntimeError: if either is no vector.
    """
    for name, v in (("self", input), ("vec2", vec2)):
        if v.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {v.ndim}-D")
    return mul(_shape.reshape(input, (-1, 1)), vec2)


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sum of products, with the indices of each operand named: ``einsum('ij,jk->ik', a, b)``.

    Raises:
        RuntimeError: for an equation that does not fit the operands.
    """
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else list(operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(tensors):
        raise RuntimeError(
            "einsum(): "
            + ("more" if len(tensors) > len(names) else "fewer")
            + " operands were provided than specified in the equation"
        )
    if "." in equation:
        width = max(t.ndim - len(n.replace("...", "")) for n, t in zip(names, tensors, strict=True))
        spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation][: max(width, 0)]
        for k, t in enumerate(tensors):
            mine = t.ndim - len(names[k].replace("...", ""))
            names[k] = names[k].replace("...", "".join(spare[len(spare) - mine :]))
        right = right.replace("...", "".join(spare)) if arrow else "".join(spare) + _implicit(left.replace("...", ""))
    elif not arrow:
        right = _implicit(left)
    for name, tensor in zip(names, tensors, strict=True):
        if len(name) != tensor.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(name)}) does not match the number of "
                f"dimensions ({tensor.ndim}) for operand {names.index(name)} and no ellipsis was given"
            )
    order = list(dict.fromkeys("".join(names)))
    missing = [c for c in right if c not in order]
    if missing:
        raise RuntimeError(
            f"einsum(): output subscript {missing[0]} does not appear in the equation for any input operand"
        )
    kept = list(right)
    summed = [c for c in order if c not in kept]
    # Two operands at a time, multiplied and summed over what is not needed later.
    result, have = _diagonals(tensors[0], names[0])
    by_bmm = False
    for k in range(1, len(tensors)):
        later = set("".join(names[k + 1 :])) | set(kept)
        other, other_names = _diagonals(tensors[k], names[k])
        result, have, by_bmm = _contract(result, have, other, other_names, later)
    left_over = [c for c in have if c in summed]
    if not by_bmm and len(tensors) > 1 and not left_over and have == kept:
        return result
    result = _shape.permute(result, tuple(have.index(c) for c in [*kept, *left_over])) if have else result
    if left_over:
        return result.sum(tuple(range(len(kept), len(have))))  # type: ignore[no-any-return]
    return _shape.view(result, tuple(result._data.shape)) if by_bmm else result


def _implicit(left: str) -> str:
    letters = left.replace(",", "")
    return "".join(sorted(c for c in set(letters) if letters.count(c) == 1))


def _diagonals(x: Tensor, name: str) -> tuple[Tensor, list[str]]:
    have = list(name)
    while len(set(have)) != len(have):
        c = next(c for c in have if have.count(c) > 1)
        i = have.index(c)
        j = have.index(c, i + 1)
        x = _shape.diagonal(x, 0, i, j)
        have = [h for k, h in enumerate(have) if k not in (i, j)] + [c]
    return x, have


def _contract(a: Tensor, an: list[str], b: Tensor, bn: list[str], later: set[str]) -> tuple[Tensor, list[str], bool]:
    """The product of two operands, summed over what neither the output nor a later operand needs.

    Returns:
        The product, the names of its dimensions, and whether it was made by `bmm`: where nothing is summed an
        elementwise product does.
    """
    batch = [c for c in an if c in bn and c in later]
    inner = [c for c in an if c in bn and c not in later]
    only_a, only_b = [c for c in an if c not in bn], [c for c in bn if c not in an]
    size = {**dict(zip(bn, b._data.shape, strict=True)), **dict(zip(an, a._data.shape, strict=True))}
    for c in batch + inner:
        if a._data.shape[an.index(c)] != b._data.shape[bn.index(c)]:
            raise RuntimeError(
                f"einsum(): subscript {c} has size {b._data.shape[bn.index(c)]} for operand 1 which does not broadcast "
                f"with previously seen size {a._data.shape[an.index(c)]}"
            )
    have = batch + only_a + only_b
    if not inner:
        return mul(_aligned(a, an, have), _aligned(b, bn, have)), have, False

    def count(names: list[str]) -> int:
        return math.prod(size[c] for c in names)

    x = _shape.permute(a, tuple(an.index(c) for c in batch + only_a + inner)) if an else a
    y = _shape.permute(b, tuple(bn.index(c) for c in batch + inner + only_b)) if bn else b
    x = _shape.reshape(x, (count(batch), count(only_a), count(inner)))
    y = _shape.reshape(y, (count(batch), count(inner), count(only_b)))
    return _shape.view(bmm(x, y), tuple(size[c] for c in have)), have, True


def _aligned(x: Tensor, names: list[str], have: list[str]) -> Tensor:
    """`x` with its dimensions in the order of `have`, and dimensions of length 1 for those it lacks."""
    present = [c for c in have if c in names]
    x = _shape.permute(x, tuple(names.index(c) for c in present)) if len(present) > 1 else x
    for k, c in enumerate(have):
        if c not in names:
            x = _shape.unsqueeze(x, k)
    return x


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Contract the last dimensions of `a` with the first of `b` (a number), or those named (a pair of lists)."""
    if isinstance(dims, int):
        da, db = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        da, db = ([d] if isinstance(d, int) else [int(k) for k in d] for d in dims)
        for i, j in zip(da, db, strict=True):
            # A dimension of length 1 is summed against the other's whole.
            n, m = a._data.shape[i], b._data.shape[j]
            if n != m and n == 1:
                b = b.sum(j, keepdim=True)
            elif n != m and m == 1:
                a = a.sum(i, keepdim=True)
    free_a = [k for k in range(a.ndim) if k not in [d % a.ndim for d in da]]
    free_b = [k for k in range(b.ndim) if k not in [d % b.ndim for d in db]]
    for i, j in zip(da, db, strict=True):
        n, m = a._data.shape[i], b._data.shape[j]
        if n != m:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {i - a.ndim if i >= 0 else i} and "
                f"second has size {m} in dim {j}"
            )
    inner = math.prod(a._data.shape[d] for d in da)
    rows, columns = (math.prod(x._data.shape[k] for k in free) for x, free in ((a, free_a), (b, free_b)))
    left = _shape.reshape(_shape.permute(a, (*free_a, *da)) if a.ndim else a, (rows, inner))
    right = _shape.reshape(_shape.permute(b, (*db, *free_b)) if b.ndim else b, (inner, columns))
    shape = tuple(a._data.shape[k] for k in free_a) + tuple(b._data.shape[k] for k in free_b)
    return _shape.view(mm(left, right), shape)


# --- Sums of products ------------------------------------------------------------------------------------------------

def _sum_of(product: Any, input: Any, beta: Any, alpha: Any) -> Any:
    product = product if alpha == 1 else product * alpha
    return product + (input if beta == 1 else input * beta) if beta else product


addmv_of = fused("addmv", lambda input, mat, vec, beta, alpha: _sum_of(mv(mat, vec), input, beta, alpha), inputs=3,
    formula=r"\beta\,g,\ \alpha\,g\,v^{\top},\ \alpha\,A^{\top}\,g", doc="beta * input + alpha * mat @ vec.")
addr_of = fused("addr", lambda input, vec1, vec2, beta, alpha: _sum_of(outer(vec1, vec2), input, beta, alpha), inputs=3,
    formula=r"\beta\,g,\ \alpha\,g\,b,\ \alpha\,g^{\top}\,a", doc="beta * input + alpha * outer product.")
addbmm_of = fused("addbmm", lambda input, batch1, batch2, beta, alpha: _sum_of(bmm(batch1, batch2).sum(0), input, beta, alpha), inputs=3,
    formula=r"\beta\,g,\ \alpha\,g\,B^{\top},\ \alpha\,A^{\top}\,g", doc="beta * input + alpha * the sum of a batch of products.")
baddbmm_of = fused("baddbmm", lambda input, batch1, batch2, beta, alpha: _sum_of(bmm(batch1, batch2), input, beta, alpha), inputs=3,
    formula=r"\beta\,g,\ \alpha\,g\,B^{\top},\ \alpha\,A^{\top}\,g", doc="beta * input + alpha * a batch of products.")


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * mat @ vec``."""
    return addmv_of(input, mat, vec, beta, alpha)  # type: ignore[no-any-return]


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    return addr_of(input, vec1, vec2, beta, alpha)  # type: ignore[no-any-return]


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2).sum(0)``."""
    return addbmm_of(input, batch1, batch2, beta, alpha)  # type: ignore[no-any-return]


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * batch1 @ batch2``, matrix by matrix."""
    return baddbmm_of(input, batch1, batch2, beta, alpha)  # type: ignore[no-any-return]


# --- What the records above are made of ------------------------------------------------------------------------------


def _mm(a: Any, b: Any) -> Any:
    if a.ndim != 2 or b.ndim != 2:
        raise RuntimeError(f"{'self' if a.ndim != 2 else 'mat2'} must be a matrix")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    return a @ b


def _mv(a: Any, v: Any) -> Any:
    if a.ndim != 2 or v.ndim != 1 or a.shape[1] != v.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[-1]}), vec ({v.shape[0]})")
    return a @ v


def _matrix_only(x: Any) -> Any:
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    return x


def _dot(xp: Any, a: Any, b: Any) -> Any:
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number of "
            f"elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    return xp.dot(a, b)


def _bmm(xp: Any, a: Any, b: Any) -> Any:
    if a.ndim != 3 or b.ndim != 3:
        raise RuntimeError(f"batch{1 if a.ndim != 3 else 2} must be a 3D tensor")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    return xp.matmul(a, b)


def _by_turned(F: Any, a: Any, b: Any) -> Any:
    """``a @ b.T``"""
    return F.mm(a, F.t(b)) if F.recording else a @ b.T


def _turned_by(F: Any, a: Any, b: Any) -> Any:
    """``a.T @ b``"""
    return F.mm(F.t(a), b) if F.recording else a.T @ b


def _addmm(c: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Any:
    product = _mm(a, b)
    if alpha != 1:
        product = product * alpha
    if c.ndim > 2 or (c.ndim and c.shape[-1] not in (1, product.shape[1])):
        raise RuntimeError(
            f"The expanded size of the tensor ({product.shape[1]}) must match the existing size ({c.shape[-1]}) at "
            f"non-singleton dimension 1.  Target sizes: {list(product.shape)}.  Tensor sizes: {list(c.shape)}"
        )
    if beta != 1:
        c = c * beta
    if c.ndim == 1 and c.dtype == product.dtype:
        product += c
        return product
    return product + c


def _scaled(x: Any, factor: Any) -> Any:
    return x if factor == 1 else x * factor


def _square(x: Any, name: str) -> Any:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    return x


def _inverse(xp: Any, x: Any) -> Any:
    try:
        return xp.linalg.inv(_square(x, "linalg.inv"))
    except np.linalg.LinAlgError:
        raise not_invertible(x, "linalg.inv") from None


def _solve(xp: Any, a: Any, b: Any) -> Any:
    try:
        return xp.linalg.solve(_square(a, "linalg.solve"), b)
    except np.linalg.LinAlgError:
        raise not_solvable(a) from None


def _matmul(F: Any, a: Any, b: Any) -> Any:
    return a @ b


def _solve_vjp(F: Any, g: Any, A: Any, y: Any) -> Any:
    back = F.linalg_solve(F.transpose(A, -2, -1), g)
    if len(y.shape) == 1:
        return -F.outer_product(back, y)
    return -(back @ F.transpose(y, -2, -1))


__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "det", "dot", "einsum", "inverse", "matmul", "mm", "mv", "outer",
    "tensordot", "trace", "vdot",
]
