"""Programs that mean harm, by kind, each with the ending it must have. They are run through the real server, sealed.

`ends` is the status, or several of which any will do; `says` a part of what the page is told (error, output or ending).
"""

from __future__ import annotations

from typing import NamedTuple


class Hostile(NamedTuple):
    """One program."""

    kind: str
    name: str
    code: str
    ends: str
    says: str = ""


def _many(kind: str, ends: str, says: str, programs: dict[str, str]) -> list[Hostile]:
    return [Hostile(kind, name, code, ends, says) for name, code in programs.items()]


DENIED = "PermissionError"

TIME = _many(
    "time",
    "timeout",
    "",
    {
        "a loop": "while True: pass",
        "a loop that catches everything": (
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        ),
        "a sum in C": "sum(range(10**13))",
        "a long sleep": "import time\ntime.sleep(10**6)",
        "a sleep in pieces": "import time\nwhile True: time.sleep(0.01)",
        "a power of integers": "x = 7 ** (7 ** 12)",
        "digits of a huge number": "import sys\nsys.set_int_max_str_digits(0)\nx = str(1 << 30_000_000)",
        "a regular expression": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
        "a comparison of nested lists": "a = b = []\nfor _ in range(60): a = [a, a]; b = [b, b]\na == b",
        "a matrix product": "import torch\na = torch.ones(3000, 3000)\nwhile True: a @ a",
        "ignoring the alarm": (
            "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"
        ),
        "blocking every signal": (
            "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass"
        ),
        "an endless destructor": "class A:\n    def __del__(self):\n        while True: pass\nA()",
        "an endless __str__ of an error": (
            "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E"
        ),
        "an endless __repr__": "class A:\n    def __repr__(self):\n        while True: pass\nA()",
        "an endless generator": "import itertools\nfor _ in itertools.count(): pass",
        "a select that waits": "import select\nselect.select([], [], [])",
        "a read of a command that never comes": "import os\nwhile os.read(4, 1): pass",
        "a backward hook that loops": (
            "import torch\nx = torch.ones(2, requires_grad=True)\n"
            "def hook(g):\n    while True: pass\nx.register_hook(hook)\nx.sum().backward()"
        ),
        "an atexit handler": (
            "import atexit\n@atexit.register\ndef _():\n    while True: pass\nwhile True: pass"
        ),
        "a trace function": (
            "import sys\ndef trace(*a):\n    while True: pass\nsys.settrace(trace)\n(lambda: 1)()"
        ),
    },
)

MEMORY = _many(
    "memory",
    "memory",
    "256 MiB",
    {
        "a list without end": "x = []\nwhile True: x.append(bytearray(10**6))",
        "one large array": "import numpy\nnumpy.ones(10**9)",
        "one large tensor": "import torch\ntorch.ones(10**9)",
        "a long text": "x = 'a' * 10**9",
        "text that doubles": "x = 'ab'\nwhile True: x += x",
        "a large integer": "x = 1 << (8 * 10**9)",
        "broadcasting": "import torch\n(torch.ones(10**5, 1) + torch.ones(1, 10**5))",
        "a dictionary": "import itertools\n{n: str(n) * 99 for n in itertools.count()}",
    },
)

MEMORY += _many(
    "memory",
    "memory|timeout",
    "",
    {
        "many small objects": "x = []\nwhile True: x.append([x])",
        "a graph without end": (
            "import torch\nx = torch.ones(10**6, requires_grad=True)\ny = x\nwhile True: y = y * 1.01"
        ),
        "decompression": (
            "import zlib\nd = zlib.compress(bytes(10**8))\nx = []\nwhile True: x.append(zlib.decompress(d))"
        ),
    },
)

OUTPUT = [
    *_many(
        "output",
        "output_limit",
        "",
        {
            "lines without end": "while True: print('x' * 100)",
            "one character at a time": "while True: print('x', end='')",
            "one long text": "print('x' * 10**7)",
            "to stderr": "import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
            "by exec": "while True: exec('print(123456789 * 10 ** 500)')",
        },
    ),
    *_many(
        "output",
        "timeout|output_limit",
        "",
        {"from C": "import os\nwhile True: os.write(1, b'y' * 1000)"},
    ),
    *_many(
        "output",
        "ok|error",
        "",
        {
            "many figures": (
                "import matplotlib.pyplot as plt\nfor _ in range(300):\n"
                "    plt.figure(); plt.plot(range(1000)); plt.show()"
            ),
            "a figure of a million points": (
                "import matplotlib.pyplot as plt\nplt.plot(range(10**6)); plt.show()"
            ),
            "a name of a megabyte": "import torch\nclass A(torch.nn.Module):\n    def forward(self, x): return x * 2\n"
            "A.__name__ = 'n' * 10**6\nA()(torch.ones(2, requires_grad=True)).sum().backward()",
        },
    ),
]

RECURSION = [
    *_many(
        "recursion",
        "error",
        "RecursionError",
        {
            "a function": "def f(): return f()\nf()",
            "a repr": "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
            "a comparison": "class A:\n    def __eq__(self, other): return self == other\nA() == A()",
            "an attribute": "class A:\n    def __getattr__(self, name): return getattr(self, name)\nA().x",
        },
    ),
    *_many(
        "recursion",
        "ok|error|crashed|memory|timeout",
        "",
        {
            "with the limit taken off": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
            "in C": (
                "import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)"
            ),
            "in a destructor": "x = None\nfor _ in range(10**6): x = (x,)\ndel x",
            "in a pickle": (
                "import pickle, sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**5): x = [x]\n"
                "pickle.dumps(x)"
            ),
            "in a deepcopy": "import copy\nx = []\nfor _ in range(10**5): x = [x]\ncopy.deepcopy(x)",
        },
    ),
]

PARSER = [
    *_many(
        "parser",
        "error",
        "Error",
        {
            "brackets": "(" * 5_000 + ")" * 5_000,
            "a sum of many": "x = " + "+".join(["1"] * 6_000) + "\n?",
            "many nots": "not " * 9_000 + "1 =",
            "attributes": "a" + ".b" * 9_000,
            "indentation": "".join(" " * n + "if 1:\n" for n in range(120)) + " " * 120 + "pass",
            "an f-string": "f'" + "{f" * 200 + "'",
            "a null": "x = 1\0",
            "a lone surrogate": "x = '\\ud800'\nprint(x.encode())",
            "an unfinished text": "'''" * 3,
            "an encoding": "# -*- coding: nonsense -*-\nx = = 1",
        },
    ),
    *_many(
        "parser",
        "ok|error|memory|timeout|crashed",
        "",
        {
            "a constant that is folded": "x = ((1 << 10_000) ** 99) * 0\ny = 'a' * 10**9 if 0 else 1",
            "a compile of much": "compile('+'.join(['a'] * 10**6), 'x', 'eval')",
            "an ast": "import ast\nast.literal_eval('[' * 10**5)",
            "an eval of nested calls": "eval('f(' * 90 + ')' * 90, {'f': lambda *a: 1})",
            "a bytecode of one's own": (
                "import types\nc = (lambda: 0).__code__\nexec(c.replace(co_code=bytes([255, 255] * 40)))"
            ),
        },
    ),
]

NATIVE = _many(
    "native crash",
    "crashed",
    "",
    {
        "a null pointer": "import ctypes\nctypes.string_at(0)",
        "an end of one's own": "import os\nos._exit(0)",
        "an end with the code of a kill": "import os\nos._exit(137)",
        "abort": "import os\nos.abort()",
        "a wild write": "import ctypes\nctypes.memset(1, 0, 10)",
        "exit of C": "import ctypes\nctypes.CDLL(None).exit(3)",
        "an array that points nowhere": (
            "import numpy as np, ctypes\nctypes.memset(id(np.ones) , 255, 64)\nnp.ones(3)\nimport os\nos._exit(1)"
        ),
        "closing every descriptor": "import os\nos.closerange(0, 64)\nos._exit(5)",
        "a stack of its own ended": "import ctypes\nctypes.CDLL(None).pthread_exit(0)",
    },
)

_SYSCALL = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def _refused(call: str) -> str:
    return f"{_SYSCALL}r = {call}\nprint('result', r, ctypes.get_errno())\nassert r == -1, 'BREACH'"


ESCAPES = [
    *_many(
        "escape",
        "error",
        "",
        {
            "subclasses of object": (
                "[c for c in object.__subclasses__() if c.__name__ == 'Popen'][0](['/bin/sh'])"
            ),
            "Python's importer": "import importlib\nimportlib.import_module('http.server').test()",
            "the loader by hand": (
                "import importlib.machinery as m\nm.SourceFileLoader('x', '/etc/passwd').load_module()"
            ),
            "a compiled module": "import ctypes\nctypes.CDLL('libcrypt.so.1')",
            "NumPy's file": "import numpy\nnumpy.fromfile('/etc/passwd')",
            "NumPy writes a file": "import numpy\nnumpy.ones(3).tofile('/tmp/breach')",
            "NumPy's memory map": "import numpy\nnumpy.memmap('/etc/passwd')",
            "NumPy's load of a pickle": (
                "import numpy, io, pickle\nclass A:\n    def __reduce__(self):\n        import os\n"
                "        return os.system, ('touch /tmp/breach',)\nassert pickle.loads(pickle.dumps(A())) == 0, 'held'"
            ),
            "torch.load of a file": "import torch\ntorch.load('/etc/passwd')",
            "torch.save to a file": "import torch\ntorch.save({}, '/tmp/breach.pt')",
            "the engine's own modules": "import engine, sys\nopen(engine.__file__)",
            "the frames outside": (
                "import sys\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\nf.f_builtins['open']('/etc/passwd')"
            ),
            "the importer put back": (
                "import sys, importlib.machinery as m\nsys.meta_path.append(m.PathFinder)\nimport wsgiref.simple_server"
            ),
        },
    ),
    *_many(
        "escape",
        "ok",
        "result -1 13",
        {
            "executable memory": _refused("libc.mmap(0, 4096, 7, 0x22, -1, 0)"),
            "memory made executable": _refused("libc.mprotect(ctypes.c_void_p(id(libc) & ~4095), 4096, 7)"),
            "ptrace": _refused("libc.ptrace(0, 0, 0, 0)"),
            "prctl": _refused("libc.prctl(4, 1, 0, 0, 0)"),
            "unshare": _refused("libc.unshare(0x10000000)"),
            "memfd": _refused("libc.memfd_create(b'x', 0)"),
            "io_uring": _refused("libc.syscall(425, 8, 0)"),
            "userfaultfd": _refused("libc.syscall(323, 0)"),
            "bpf": _refused("libc.syscall(321, 0, 0, 0)"),
            "another process's memory": _refused("libc.process_vm_readv(1, 0, 0, 0, 0, 0)"),
            "a key": _refused("libc.syscall(250, 0, 0, 0, 0, 0)"),
            "a new root": _refused("libc.chroot(b'/')"),
            "a mount": _refused("libc.mount(b'a', b'/', b'tmpfs', 0, 0)"),
            "the clock": _refused("libc.clock_settime(0, (ctypes.c_long * 2)(1, 1))"),
            "personality": _refused("libc.personality(0x0400000)"),
            "its limits": _refused("libc.prlimit(0, 7, (ctypes.c_ulong * 2)(4096, 4096), 0)"),
            "a pidfd": _refused("libc.syscall(434, libc.getppid(), 0)"),
        },
    ),
    *_many(
        "escape",
        "crashed",
        "SIGSYS",
        {"x32 calls": "import ctypes\nctypes.CDLL(None).syscall(0x40000000 + 2, b'/etc/passwd', 0)"},
    ),
]

FILES = _many(
    "files",
    "error",
    DENIED,
    {
        "reading": "open('/etc/passwd')",
        "writing": "open('/tmp/breach', 'w')",
        "its environment": "open('/proc/self/environ')",
        "the server's environment": "import os\nopen(f'/proc/{os.getppid()}/environ')",
        "its memory": "open('/proc/self/mem', 'rb')",
        "a folder": "import os\nos.listdir('/')",
        "a link": "import os\nos.symlink('/etc', '/tmp/breach')",
        "a folder made": "import os\nos.mkdir('/tmp/breach')",
        "removing": "import os\nos.unlink('/etc/hostname')",
        "renaming": "import os\nos.rename('/etc/hostname', '/etc/h')",
        "the database": "open('data/playground.sqlite3', 'rb')",
        "another descriptor": "import os\nos.open('/dev/null', os.O_RDWR)",
        "pathlib": "import pathlib\npathlib.Path('/etc/passwd').read_text()",
        "a pipe": "import os\nos.pipe()",
        "moving to another folder": "import os\nos.chdir('/tmp')",
    },
)

SOCKETS = _many(
    "sockets",
    "error",
    "",
    {
        "a connection": "import _socket\n_socket.socket()",
        "by C": f"{_SYSCALL}assert libc.socket(2, 1, 0) != -1, 'held'",
        "a unix socket by C": f"{_SYSCALL}assert libc.socket(1, 1, 0) != -1, 'held'",
        "netlink by C": f"{_SYSCALL}assert libc.socket(16, 3, 0) != -1, 'held'",
        "a pair by C": f"{_SYSCALL}assert libc.socketpair(1, 1, 0, (ctypes.c_int * 2)()) != -1, 'held'",
        "sending a descriptor": f"{_SYSCALL}assert libc.sendmsg(3, 0, 0) != -1, 'held'",
        "a web page": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1')",
    },
)

PROCESSES = _many(
    "processes",
    "error",
    "",
    {
        "fork": "import os\nos.fork()",
        "a fork bomb": "import os\nwhile True: os.fork()",
        "a shell": "import os\nassert os.system('true') == 0, 'held'",
        "exec": "import os\nos.execv('/bin/sh', ['sh'])",
        "spawn": "import os\nos.posix_spawn('/bin/sh', ['sh'], {})",
        "a thread": "import threading\nthreading.Thread(target=print).start()",
        "many threads": "import _thread\nfor _ in range(10**4): _thread.start_new_thread(print, ())",
        "clone by C": f"{_SYSCALL}assert libc.syscall(56, 17, 0, 0, 0, 0) != -1, 'held'",
        "vfork by C": f"{_SYSCALL}assert libc.syscall(58) != -1, 'held'",
    },
)

SIGNALS = _many(
    "signals",
    "error",
    DENIED,
    {
        "killing its parent": "import os\nos.kill(os.getppid(), 9)",
        "killing everything": "import os\nos.kill(-1, 9)",
        "killing its group": "import os\nos.killpg(0, 9)",
        "killing the first process": "import os\nos.kill(1, 9)",
        "stopping itself": "import os\nos.kill(os.getpid(), 19)",
        "becoming root": "import os\nos.setuid(0)",
        "another group": "import os\nos.setgid(0)",
        "a session": "import os\nos.setsid()",
        "its priority": "import os\nos.setpriority(os.PRIO_PROCESS, 0, -20)",
        "its processors": "import os\nos.sched_setaffinity(0, {0})",
    },
)

_SEND = """
import os, struct, msgspec
def frame(payload): return struct.pack(">I", len(payload)) + payload
def send(value): os.write(3, frame(msgspec.msgpack.encode(value)))
"""

FORGED = [
    *_many(
        "forged results",
        "crashed",
        "",
        {
            "garbage": _SEND + "os.write(3, b'garbage' * 100)",
            "a frame of two gigabytes": _SEND + "os.write(3, struct.pack('>I', 2**31))",
            "an unknown field": _SEND
            + "send({'type': 'output', 'cell': 0, 'stream': 'stdout', 'text': 'x', 'html': '<b>'})",
            "a command": _SEND + "send({'type': 'run', 'run': 'x', 'code': ''})",
            "the queue's word": _SEND + "send({'type': 'queued', 'position': 1})",
            "deep nesting": _SEND + "os.write(3, frame(b'\\x91' * 200_000))",
            "not a number": _SEND
            + "send({'type': 'detail', 'node': 0, 'values': [{'numel': 1, 'data': [float('nan')]}]})",
        },
    ),
    *_many(
        "forged results",
        "ok|error|crashed",
        "",
        {
            "an ending": _SEND
            + "send({'type': 'finished', 'status': 'ok', 'wall_ms': 1.0})\nwhile True: pass",
            "another run's output": _SEND
            + "send({'type': 'output', 'run': 'other', 'seq': 7, 'cell': 0, 'stream': 'stdout', 'text': 'mine'})",
            "a crash it has not had": _SEND
            + "send({'type': 'finished', 'status': 'crashed', 'wall_ms': 1.0})",
        },
    ),
]

_HTML = "<img src=x onerror=alert(1)><script>alert(2)</script>"

INJECTION = _many(
    "injection",
    "ok|error",
    "",
    {
        "in output": f"print({_HTML!r})",
        "in an error": f"raise ValueError({_HTML!r})",
        "in a class name": f"import torch\nA = type({_HTML!r}, (torch.nn.Module,), {{'forward': lambda s, x: x * 2}})\n"
        "A()(torch.ones(2, requires_grad=True)).sum().backward()",
        "in a plot": f"import matplotlib.pyplot as plt\nplt.plot([1, 2], label={_HTML!r})\nplt.title({_HTML!r})\n"
        f"plt.xlabel({_HTML!r})\nplt.legend()\nplt.show()",
        "in a cell's title": f"# %% {_HTML}\nprint(1)",
        "in a repr": f"class A:\n    def __repr__(self): return {_HTML!r}\nA()",
        "in a warning": f"import warnings\nwarnings.warn({_HTML!r})",
        "escapes of a terminal": "print('\\x1b]0;title\\x07\\x1b[31mred')",
        "a script's end": "print('</script><script>alert(3)</script>')",
        "right to left": "print('\\u202e' + 'gnp.exe')",
    },
)

PROGRAMS = [
    *(TIME + MEMORY + OUTPUT + RECURSION + PARSER + NATIVE + ESCAPES),
    *(FILES + SOCKETS + PROCESSES + SIGNALS + FORGED + INJECTION),
]
