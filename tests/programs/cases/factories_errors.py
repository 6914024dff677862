# Factories that cannot do what they were asked say why.
import torch


def attempt(label, make):
    try:
        print(label, make())
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")


attempt("ragged", lambda: torch.tensor([[1, 2], [3]]))
attempt("string", lambda: torch.tensor("hello"))
attempt("integer grad", lambda: torch.tensor([1, 2], requires_grad=True))
attempt("negative size", lambda: torch.zeros(-1, 2))
attempt("reshape", lambda: torch.arange(6).reshape(4, 2))
attempt("view", lambda: torch.arange(6).view(-1, 4))
attempt("two unknowns", lambda: torch.arange(6).reshape(-1, -1))
attempt("step", lambda: torch.arange(0, 5, -1))
attempt("item", lambda: torch.ones(3).item())
attempt("float", lambda: float(torch.ones(2)))
attempt("bool", lambda: bool(torch.ones(2)))
attempt("empty bool", lambda: bool(torch.empty(0)))
attempt("len of scalar", lambda: len(torch.tensor(1.0)))
attempt("iterate scalar", lambda: list(torch.tensor(1.0)))
