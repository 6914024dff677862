# Typical mistakes with modules, optimizers, loaders and custom functions, and what is said of them.
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(0)


def attempt(label, f):
    try:
        r = f()
        print(label, "OK", r if not isinstance(r, torch.Tensor) else (r.shape, r.dtype))
    except Exception as e:
        print(label, "->", type(e).__name__ + ":", e)


class NoSuper(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)


attempt("no super", lambda: NoSuper())


class NoSuperParam(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(torch.ones(2))


attempt("no super param", lambda: NoSuperParam())


class NoSuperBuf(nn.Module):
    def __init__(self):
        self.register_buffer("b", torch.ones(2))


attempt("no super buf", lambda: NoSuperBuf())


class NoForward(nn.Module):
    def __init__(self):
        super().__init__()


attempt("no forward", lambda: NoForward()(torch.ones(2)))


class BadForward(nn.Module):
    def forward(self):
        return 1


attempt("extra arg", lambda: BadForward()(torch.ones(2)))
attempt("missing arg", lambda: nn.Linear(2, 2)())
attempt("attr", lambda: nn.Linear(2, 2).wieght)
attempt("tensor attr", lambda: torch.ones(2).shpae)
attempt("torch attr", lambda: torch.tensro([1]))
attempt("nn attr", lambda: nn.Liner(2, 2))
attempt("empty optim", lambda: optim.SGD([], lr=0.1))
attempt("optim tensor", lambda: optim.SGD(torch.ones(2, requires_grad=True), lr=0.1))
attempt("optim nonleaf", lambda: optim.SGD([torch.ones(2, requires_grad=True) * 2], lr=0.1))
attempt("optim lr", lambda: optim.Adam([torch.ones(2, requires_grad=True)], lr=-1))
attempt("optim beta", lambda: optim.Adam([torch.ones(2, requires_grad=True)], betas=(1.0, 0.9)))
attempt("optim str", lambda: optim.Adam(["a"]))
attempt(
    "optim dup", lambda: optim.SGD([{"params": (p := [torch.ones(1, requires_grad=True)])}, {"params": p}], lr=0.1)
)
attempt("optim named", lambda: len(optim.SGD(nn.Linear(2, 2).named_parameters(), lr=0.1).param_groups[0]["params"]))
m = nn.Linear(2, 2)
attempt("state missing", lambda: m.load_state_dict({"weight": torch.ones(2, 2)}))
attempt(
    "state extra", lambda: m.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(2), "x": torch.ones(1)})
)
attempt("state shape", lambda: m.load_state_dict({"weight": torch.ones(3, 2), "bias": torch.ones(2)}))
attempt("state ok", lambda: m.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(2)}))
attempt("state nonstrict", lambda: m.load_state_dict({"weight": torch.ones(2, 2)}, strict=False))
attempt("seq list", lambda: nn.Sequential([nn.Linear(2, 2), nn.ReLU()]))
attempt("seq idx", lambda: nn.Sequential(nn.Linear(2, 2))[1])
attempt("modulelist call", lambda: nn.ModuleList([nn.Linear(2, 2)])(torch.ones(2)))
attempt("modulelist bad", lambda: nn.ModuleList([1]))
attempt("moduledict", lambda: nn.ModuleDict({"a": nn.ReLU()})["b"])
attempt("param list", lambda: nn.Parameter([1.0, 2.0]))
attempt("param int", lambda: nn.Parameter(torch.tensor([1, 2])))


def f():
    m.weight = torch.ones(2, 2)


attempt("assign param", f)


def f():
    m.fc = "x"
    m.fc2 = nn.ReLU()
    m.fc2 = torch.ones(1)


attempt("assign module", f)
attempt("register", lambda: m.register_parameter("a.b", None))
attempt("register2", lambda: m.register_parameter("weight2", torch.ones(1)))
attempt("register dup", lambda: m.register_buffer("weight", torch.ones(1)))
attempt("add_module", lambda: m.add_module("x", 3))
attempt("get_submodule", lambda: m.get_submodule("zzz"))
attempt("relu arg", lambda: nn.ReLU()(3))
attempt("linear neg", lambda: nn.Linear(2.5, 2))
attempt("conv groups", lambda: nn.Conv2d(3, 4, 3, groups=2))
attempt("mha", lambda: nn.MultiheadAttention(10, 3))
attempt("rnn in", lambda: nn.RNN(4, 2)(torch.ones(5, 3, 3)))
attempt("rnn dims", lambda: nn.RNN(4, 2)(torch.ones(4)))
attempt("lstm state2", lambda: nn.LSTM(4, 2)(torch.ones(5, 3, 4), (torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))))
attempt("gru state", lambda: nn.GRU(4, 2)(torch.ones(5, 3, 4), torch.zeros(2, 3, 2)))
attempt("ce weight", lambda: nn.CrossEntropyLoss(weight=torch.ones(3))(torch.randn(2, 4), torch.tensor([0, 1])))
attempt("loss reduction", lambda: nn.MSELoss(reduction="avg")(torch.ones(1), torch.ones(1)))
attempt("sched", lambda: optim.lr_scheduler.StepLR(3, 1))
attempt("sched2", lambda: optim.lr_scheduler.StepLR(optim.SGD(m.parameters(), lr=0.1)))
attempt("tensor call", lambda: torch.ones(2)())
attempt("len0", lambda: len(torch.tensor(1)))
attempt("iter0", lambda: list(torch.tensor(1)))
attempt("idx0", lambda: torch.tensor(1)[0])
attempt("hash", lambda: {torch.ones(1): 2} is not None)
attempt("int key", lambda: torch.ones(2, 2)[:, 2])
attempt("setitem shape", lambda: torch.ones(2, 2).__setitem__(0, torch.ones(3)))
attempt("clip", lambda: torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0))
attempt("dl", lambda: list(torch.utils.data.DataLoader([1, 2, 3], batch_size=0)))
attempt("dl2", lambda: list(torch.utils.data.DataLoader([[1], [1, 2]], batch_size=2)))
attempt("dl3", lambda: list(torch.utils.data.DataLoader([torch.ones(1), torch.ones(2)], batch_size=2)))
attempt("dl4", lambda: list(torch.utils.data.DataLoader([None, None], batch_size=2)))
attempt("tds", lambda: torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3)))
attempt("split", lambda: torch.utils.data.random_split(range(10), [5, 6]))
attempt("noload", lambda: torch.load("nope.pt"))
attempt("where", lambda: torch.where(torch.ones(2), torch.ones(2), torch.zeros(2)))
attempt("where none", lambda: torch.where(torch.tensor([True, False]), 1, 0))
attempt("masked", lambda: torch.ones(2).masked_fill(torch.tensor([1, 0]), 0))
attempt("index_select", lambda: torch.ones(2, 2).index_select(0, torch.tensor([2])))
attempt("scatter", lambda: torch.zeros(2, 2).scatter_(1, torch.tensor([[3]]), 1.0))
attempt("repeat", lambda: torch.ones(2, 3).repeat(2))
attempt("diag", lambda: torch.diag(torch.ones(2, 2, 2)))
attempt("norm int", lambda: torch.arange(3).norm())
attempt("std1", lambda: torch.ones(1).std())
attempt("sort", lambda: torch.ones(2).sort(1))
attempt("invert", lambda: ~torch.ones(2))
attempt("and", lambda: torch.ones(2) & torch.ones(2))
attempt("neg bool", lambda: -torch.tensor([True]))
attempt("sub bool", lambda: torch.tensor([True]) - torch.tensor([True]))
attempt("pow int neg", lambda: torch.arange(3) ** -1)
attempt("div zero int", lambda: torch.tensor([1]) // 0)
attempt("mod zero int", lambda: torch.tensor([1]) % 0)
attempt("histc", lambda: torch.manual_seed("a"))
attempt("dtype", lambda: torch.ones(2, dtype="float32"))
attempt("dtype2", lambda: torch.ones(2).to("float32"))
attempt("type", lambda: torch.ones(2).type("torch.LongTensor"))
attempt("astype", lambda: torch.ones(2).astype(int))
attempt("tensor size", lambda: torch.ones(2, 3).size(2))
attempt("vmap", lambda: torch.vmap(lambda a: a)(3))
attempt("func grad", lambda: torch.func.grad(lambda a: a)(torch.ones(2)))
attempt("jac", lambda: torch.autograd.functional.jacobian(lambda a: 3, torch.ones(2)))


class MyF(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        return a * b

    @staticmethod
    def backward(ctx, g):
        return g


a = torch.ones(2, requires_grad=True)
attempt("fn grads", lambda: MyF.apply(a, a).sum().backward())


class MyG(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 2


attempt("fn nobackward", lambda: MyG.apply(a).sum().backward())


class MyH(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 2

    @staticmethod
    def backward(ctx, g):
        return torch.ones(3)


attempt("fn shape", lambda: MyH.apply(a).sum().backward())
attempt("hook", lambda: torch.ones(2).register_hook(print))
attempt("retain", lambda: torch.ones(2).retain_grad())
attempt("deepcopy", lambda: __import__("copy").deepcopy(a * 2))
attempt("set rg", lambda: setattr(a * 2, "requires_grad", False))
attempt("create_graph", lambda: torch.autograd.grad(a.sum(), a, create_graph=True)[0].sum().backward())
