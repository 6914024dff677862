"""What does not fit is said with the shapes there were, the names the program has for them, and what would help."""

from __future__ import annotations

import pytest

from tests.playground.worker.conftest import Runner

CASES = [
    (
        "a = torch.ones(16, 100)\nb = torch.ones(10, 100)\na @ b",
        "`a` (16, 100)",
        "100 is not 10",
        "`a @ b.T`",
    ),
    ("a = torch.ones(3, 4)\nb = torch.ones(3, 5)\na @ b", "`b` (3, 5)", "4 is not 3", "`a.T @ b`"),
    ("a = torch.ones(3, 4)\nb = torch.ones(5, 3)\na @ b", "`b` (5, 3)", "4 is not 5", "`b @ a`"),
    ("a = torch.ones(3, 4)\na @ torch.ones(3)", "`a` (3, 4)", "3 is not 4", "`a.T @ v`"),
    (
        "x = torch.ones(2, 1, 4, 4)\ntorch.nn.Linear(16, 5)(x)",
        "takes 16 features (`Linear(16, 5)`)",
        "has 4 in its last dimension",
        "A layer `Linear(4, 5)` would fit",
    ),
    ("x = torch.ones(8, 3)\ntorch.nn.Linear(4, 2)(x)", "`x` (8, 3)", "takes 4 features", "Linear(3, 2)"),
    (
        "a = torch.ones(2, 3, 4)\nb = torch.ones(2, 5, 4)\ntorch.bmm(a, b)",
        "`a` (2, 3, 4)",
        "4 is not 5",
        "`b.transpose(1, 2)`",
    ),
    ("a = torch.ones(2, 3)\ntorch.bmm(a, a)", "three dimensions", "`a` (2, 3) has 2", "`a @ b`"),
    ("torch.ones(2).dot(torch.ones(3))", "same length", "2 is not 3", ""),
    (
        "a = torch.ones(2, 3)\nb = torch.ones(3, 2)\na + b",
        "`a` (2, 3) and `b` (3, 2)",
        "dimension 1",
        "`b.T`",
    ),
    ("a = torch.ones(2, 3)\nb = torch.ones(2)\na + b", "`b` (2,)", "3 and 2 meet", "`b.unsqueeze(-1)`"),
    ("a = torch.ones(3, 4)\ntorch.cat([a, torch.ones(3, 5)])", "(3, 4) and (3, 5)", "has 4", "dim=1"),
    ("a = torch.ones(3, 4)\ntorch.stack([a, torch.ones(3, 5)])", "number 0 is (3, 4)", "(3, 5)", "torch.cat"),
    ("x = torch.ones(3, 4)\nx.view(5, 2)", "`x` (3, 4) has 12", "holds 10", "`(-1, 2)`"),
    ("x = torch.ones(3, 4)\nx.reshape(6, 3)", "has 12", "holds 18", "`(6, -1)`"),
    ("x = torch.ones(3, 4)\nx.reshape(5, -1)", "has 12", "multiple of 5", ""),
    ("x = torch.ones(2, 3)\nx.expand(4, 3)", "size 1", "dimension 0 has size 2", "repeat()"),
    ("x = torch.ones(2, 3)\nx[5]", "Dimension 0 has 2 elements", "from 0 to 1", "5 is not among them"),
    ("torch.ones(2, 3).sum(2)", "2 dimensions", "from 0 to 1", "2 is not among them"),
    (
        "torch.nn.Conv2d(3, 8, 3)(torch.ones(1, 1, 8, 8))",
        "takes 3 channels",
        "(1, 1, 8, 8), has 1",
        "in_channels=1",
    ),
    (
        "torch.nn.Conv2d(3, 8, 3)(torch.ones(1, 8, 9, 3))",
        "takes 3 channels",
        "has 8",
        "x.permute(0, 3, 1, 2)",
    ),
    ("torch.nn.Conv2d(1, 8, 5)(torch.ones(1, 1, 3, 3))", "kernel (5 x 5)", "(3 x 3, padding counted)", ""),
    ("F.cross_entropy(torch.ones(3, 4), torch.tensor([0, 1]))", "3 rows", "the target 2", "(batch,)"),
    ("F.cross_entropy(torch.ones(2, 4), torch.tensor([0, 4]))", "from 0", "4 is not among them", "Classes"),
    ("F.cross_entropy(torch.ones(2, 4), torch.ones(2))", "class numbers", "float", "target.long()"),
    (
        "a = torch.ones(2, 3)\ntorch.einsum('ij,jk->ik', a, a)",
        "`j` was 3",
        "is 2 in operand 1",
        "(2, 3) and (2, 3)",
    ),
    ("torch.nn.Embedding(4, 2)(torch.tensor([4]))", "4 rows", "0 to 3", "num_embeddings"),
    ("torch.nn.LayerNorm(4)(torch.ones(2, 3))", "must be (4,)", "(2, 3) are (3,)", ""),
    (
        "a = torch.ones(2, 2)\nb = torch.ones(2, 2, dtype=torch.float64)\na @ b",
        "`a` is float32",
        "`b` is float64",
        "`b.to(torch.float32)`",
    ),
]


@pytest.mark.parametrize(("code", "said"), [(c, s) for c, *s in CASES], ids=[case[0] for case in CASES])
def test_a_misfit_is_said_in_plain_words(play: Runner, code: str, said: list[str]) -> None:
    result = play(f"import torch\nimport torch.nn.functional as F\n{code}")
    (error,) = result.errors
    for part in said:
        assert part in error.hint
    failed = [node for node in result.nodes if node.failed][-1]
    assert failed.hint == error.hint
    assert failed.id == error.node


def test_an_error_that_was_caught_is_not_another_ones(play: Runner) -> None:
    result = play(
        "import torch\n"
        "try:\n    torch.ones(2, 3) @ torch.ones(2, 3)\nexcept RuntimeError: pass\n"
        "raise RuntimeError('something else')"
    )
    (error,) = result.errors
    assert error.node is None
    assert error.hint == ""
    assert "3 is not 2" in result.node(op="aten::mm").hint


def test_a_write_that_is_not_allowed_is_in_the_graph(play: Runner) -> None:
    result = play("import torch\nx = torch.ones(2, requires_grad=True)\nx += 1")
    (error,) = result.errors
    failed = result.node(op="aten::add_")
    assert failed.id == error.node
    assert [edge.source for edge in result.into(failed)] == [result.node("x").id]


def test_what_cannot_be_differentiated_is_pointed_at(play: Runner) -> None:
    result = play("import torch\nx = torch.ones(2)\nloss = x.sum()\nloss.backward()")
    assert result.errors[0].node == result.node("loss").id
    assert not any(node.failed for node in result.nodes)


def test_an_error_of_the_programs_own_is_no_operations(play: Runner) -> None:
    result = play("import torch\nx = torch.ones(2)\ndef f(x): raise ValueError('mine')\nf(x)")
    assert result.errors[0].node is None
    assert not any(node.failed for node in result.nodes)
