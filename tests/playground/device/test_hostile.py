"""What a child may say that no library of ours says: refused, its connection ended, everybody else unaffected."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from playground.device import messages
from playground.device.control import Quota, Ready
from playground.device.functions import FUNCTIONS
from playground.runner.frames import FrameReader, frame
from tests.playground.device.serving import Serving

pack = msgspec.msgpack.encode

# As they are on the wire: a tag, then the fields.
F8, F4, I8, BOOL = [2, "f8"], [2, "f4"], [2, "i8"], [2, "b1"]
A, B, PLACES = [0, 1], [0, 2], [0, 3]
"""What every connection here begins with: zeros of 3 by 4 and of 4 by 5, and three integers."""


def call(
    name: Any, *arguments: Any, results: Any = (9,), out: Any = None, wait: bool = True, **keywords: Any
) -> Any:
    return [10, name, list(arguments), keywords, list(results), out, wait]


def tuple_of(*items: Any) -> Any:
    return [5, list(items)]


def view(handle: int, offset: Any, shape: Any, strides: Any, dtype: Any = "f8") -> Any:
    return [1, handle, offset, shape, strides, dtype]


BEGIN = [
    call("zeros", tuple_of(3, 4), F8, results=[1], wait=False),
    call("zeros", tuple_of(4, 5), F8, results=[2], wait=False),
    call("zeros", tuple_of(3), I8, results=[3], wait=False),
]


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = tuple_of(value)
    return value


ENDED: dict[str, Any] = {
    # Names
    "a function that is not there": call("einsum", "ij,jk->ik", A, B),
    "a name from elsewhere": call("__class__", A),
    "a path out of the library": call("linalg.__builtins__.eval", "1"),
    "a file": call("fromfile", "/etc/passwd"),
    "source text": call("ElementwiseKernel", "float64 x", "float64 y", "y = x", "k"),
    "a callable": call("apply_along_axis", "sum", 0, A),
    "a name that is a number": call(7, A),
    "a name too long": call("a" * 100_000, A),
    # Numbers of arrays
    "an array that is not there": call("add", A, [0, 77]),
    "an array of a negative number": call("add", A, [0, -1]),
    "a number that is taken": call("add", A, A, results=[1]),
    "one number for two results": call("linalg.slogdet", [1, 1, 0, [3, 3], [32, 8], "f8"], results=[8, 8]),
    "too few results": call("add", A, A, results=[]),
    "too many results": call("add", A, A, results=[8, 9]),
    "an array freed twice": [[11, 1], [11, 1]],
    "a fill of what is not there": [12, 77, 0, b"1234"],
    "a fill beyond the end": [12, 1, 90, b"12345678"],
    "a fill from before": [12, 1, -8, b"12345678"],
    "fetching what is not there": [13, [0, 77]],
    # Views
    "a view beyond the end": [13, view(1, 8, [12], [8])],
    "a view from before": [13, view(1, 0, [2], [-8])],
    "a view by strides": [13, view(1, 0, [3, 4], [4096, 8])],
    "a view that overflows": [13, view(1, 0, [1 << 40, 1 << 40], [1 << 40, 1 << 40])],
    "a view of other sizes than strides": [13, view(1, 0, [3, 4], [8])],
    "a view of forty dimensions": [13, view(1, 0, [1] * 40, [0] * 40)],
    "a view within an element": [13, view(1, 3, [1], [8])],
    "a view of objects": [13, view(1, 0, [1], [8], "O")],
    "a view of text": [13, view(1, 0, [1], [8], "U2")],
    "a view of a negative size": [13, view(1, 0, [-1], [8])],
    # dtypes
    "objects": call("zeros", 3, [2, "O"]),
    "a record": call("zeros", 3, [2, "f8,f8"]),
    "another byte order": call("zeros", 3, [2, ">f8"]),
    "a long double": call("zeros", 3, [2, "f16"]),
    "a scalar of objects": call("add", A, [6, "O", 1]),
    "a scalar that its dtype cannot hold": call("add", A, [6, "i1", 1e300]),
    # Arguments
    "a string for a number": call("add", A, "1"),
    "a string for an axis": call("sum", A, axis="0"),
    "a boolean for an axis": call("sum", A, axis=True),
    "an array for an axis": call("sum", A, axis=PLACES),
    "an axis that is not there": call("sum", A, axis=2),
    "an axis twice": call("sum", A, axis=tuple_of(0, 0)),
    "an array for a shape": call("zeros", PLACES),
    "a negative size": call("zeros", tuple_of(3, -4)),
    "a fraction of a size": call("zeros", 2.5),
    "a shape of forty dimensions": call("zeros", tuple_of(*[1] * 40)),
    "no arguments": call("add"),
    "three operands of two": call("add", A, A, A),
    "a keyword that is not there": call("sum", A, where=A),
    "an output by keyword": [10, "add", [A, A], {"out": A}, [], None, True],
    "an output where none is": [10, "sum", [A], {}, [], A, True],
    "an output of another shape": [10, "add", [A, A], {}, [], B, True],
    "an output that cannot hold it": [10, "add", [A, A], {}, [], PLACES, True],
    "what only the server may say": call("bincount", PLACES, largest=1),
    "shapes that do not fit": call("add", A, B),
    "matrices that do not fit": call("matmul", A, A),
    "an index of floats": call("getitem", A, A),
    "an index of text": call("getitem", A, tuple_of("0", PLACES)),
    "an index without arrays": call("getitem", A, tuple_of(0, [3, 0, 2, 1])),
    "too many indices": call("getitem", A, tuple_of(PLACES, 0, 0, 0)),
    "two ellipses": call("getitem", A, tuple_of([4], PLACES, [4])),
    "an order that is not there": call("astype", A, F4, order="F-ordered"),
    "a side that is not there": call("searchsorted", PLACES, PLACES, side="middle"),
    "a norm that is not there": call("fft.fftn", A, norm="l2"),
    "an array where a word is": call("astype", A, F4, order=A),
    "an array where a step is": call("getitem", A, tuple_of([3, 0, 1, 1], A)),
    "a sequence of no arrays": call("concatenate", tuple_of()),
    "an array as a sequence": call("concatenate", A),
    "counting what is no integer": call("bincount", A),
    "a step of nothing": call("arange", 0, 1, 0),
    "infinitely many": call("arange", 0, float("inf")),
    "a thousandth difference": call("diff", A, 1000),
    "more decimals than there are": call("round", A, (1 << 31) - 1),
    "what only a rule of ours is given": call("add", A, A, _slow=False),
    "a function for a rule of ours": call("add", A, A, _ufunc=1),
    "an assignment over and over": call("assign", view(1, 0, [3, 12], [0, 8]), 1.0, results=[]),
    "an output of windows": [
        10,
        "negative",
        [view(1, 0, [6, 6], [8, 8])],
        {},
        [],
        view(1, 0, [6, 6], [8, 8]),
        True,
    ],
    # Truth values, of which libraries rely on being 0 or 1
    "numbers as truth values": [13, view(1, 0, [3], [1], "b1")],
    "truth values as numbers": [
        call("zeros", 3, BOOL, results=[4], wait=False),
        [13, view(4, 0, [3], [1], "u1")],
    ],
    "truth values that are none": [
        call("zeros", 3, BOOL, results=[4], wait=False),
        [12, 4, 0, b"\0\1\2"],
    ],
    # The stream
    "nonsense": b"\xc1\xc1\xc1",
    "a number for a request": 7,
    "text for a request": "zeros",
    "a request without fields": [10],
    "a request with more fields": [*call("add", A, A), 1, 2],
    "a request of an unknown kind": [99, 1],
    "a mark of a negative number": [16, -1],
    "a request as a map": {"function": "add"},
    "an extension": msgspec.msgpack.Ext(1, b"pickle"),
    "nesting": b"\x91\x97\x0a\xa5zeros\x91" + b"\x92\x05\x91" * 100_000 + b"\x01\x80\x91\x09\xc0\xc3",
    "some nesting": call("zeros", _nested(200)),
    "nesting that can be read": call("zeros", _nested(450)),
    "too many requests in a frame": [[14]] * 5_000,
    "a frame too long": (1 << 24).to_bytes(4, "big") + b"x",
    "a frame of four GiB": b"\xff\xff\xff\xff",
}
"""By what it would be called in a sentence: a request, several of them, or the bytes of a frame or of the stream."""

REFUSED: dict[str, tuple[Any, str]] = {
    "a huge shape": (call("zeros", tuple_of(1 << 20, 1 << 20), F8), "OutOfMemoryError"),
    "a shape that overflows": (call("zeros", tuple_of(*[1 << 40] * 8), F8), "OutOfMemoryError"),
    "an endless range": (call("arange", 1 << 60), "OutOfMemoryError"),
    "a broadcasting bomb": (
        call("add", view(1, 0, [200_000, 1], [0, 0]), view(1, 0, [1, 200_000], [0, 0])),
        "OutOfMemoryError",
    ),
    "a product of views": (
        call("matmul", view(1, 0, [1000, 1000], [0, 0]), view(1, 0, [1000, 1000], [0, 0])),
        "RuntimeError",
    ),
    "a contraction bomb": (
        call(
            "tensordot",
            view(1, 0, [1000, 1000], [0, 0]),
            view(1, 0, [1000, 1000], [0, 0]),
            tuple_of(tuple_of(1), tuple_of(0)),
        ),
        "RuntimeError",
    ),
    "a decomposition bomb": (
        call("linalg.svd", view(1, 0, [800, 800], [0, 0]), results=[7, 8, 9]),
        "RuntimeError",
    ),
    "a stack of many small matrices": (
        call("linalg.det", view(1, 0, [1 << 18, 2, 2], [0, 0, 0])),
        "RuntimeError",
    ),
    "a tile bomb": (call("tile", A, tuple_of(1 << 20, 1 << 20)), "OutOfMemoryError"),
    "a tile of nothing, by much": (call("tile", A, tuple_of(1 << 21, 0)), "OutOfMemoryError"),
    "a view of nothing, too large": (
        call("sum", view(1, 0, [0, 1 << 47, 1 << 47], [0, 0, 0])),
        "OutOfMemoryError",
    ),
    "a slow function without end": (
        call("scipy.special.digamma", view(1, 0, [2_000_000], [0])),
        "RuntimeError",
    ),
    "adding up without end": (
        call("add.at", A, tuple_of(view(3, 0, [3_000_000], [0], "i8")), 1.0, results=[]),
        "RuntimeError",
    ),
    "counting without end": (call("bincount", view(3, 0, [3_000_000], [0], "i8")), "RuntimeError"),
    "a million corners": (
        call("roll", view(1, 0, [2] * 20, [0] * 20), tuple_of(*[1] * 20), tuple_of(*range(20))),
        "RuntimeError",
    ),
    "a padding bomb": (
        call("pad", A, tuple_of(tuple_of(0, 1 << 40), tuple_of(0, 1 << 40))),
        "OutOfMemoryError",
    ),
    "a counting bomb": (call("bincount", PLACES, minlength=1 << 40), "OutOfMemoryError"),
    "an index bomb": (call("getitem", view(1, 0, [3, 1 << 40], [0, 0]), PLACES), "OutOfMemoryError"),
    "a mask bomb": (call("nonzero", view(1, 0, [1 << 40], [0])), "OutOfMemoryError"),
    "a sum over a view without end": (call("sum", view(1, 0, [1 << 47], [0])), "OutOfMemoryError"),
    "a write without end": (call("assign", view(1, 0, [1 << 37], [0]), 1.0, results=[]), "OutOfMemoryError"),
    "a transform bomb": (call("fft.fftn", A, tuple_of(1 << 40), tuple_of(0)), "OutOfMemoryError"),
    "an index out of range": (call("take", A, [6, "i8", 99], 0), "IndexError"),
    "a negative power of integers": (call("power", PLACES, -1), "ValueError"),
    "too large a number": (call("add", [1, 3, 0, [3], [8], "i8"], (1 << 63)), "OverflowError"),
    "a matrix that has no inverse": (call("linalg.inv", view(1, 0, [3, 3], [32, 8])), "LinAlgError"),
}
"""Well formed, but too large or impossible: the operation fails, the connection stays."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    quota = Quota(bytes_held=64 << 20, operation_work=1e9)
    with Serving(quota) as serving:
        assert serving.first == Ready("NumPy")
        yield serving


@pytest.fixture
def bystander(server: Serving) -> Iterator[socket.socket]:
    """Another run, with an array of its own."""
    with server.connect() as sock:
        _send(sock, [call("full", tuple_of(5), 7.0, F8, results=[1])])
        assert isinstance(_reply(sock), messages.Made)
        yield sock
        # It has what it had: nobody has touched it, and it is answered.
        _send(sock, [[13, A]])
        numbers = _reply(sock)
        assert isinstance(numbers, messages.Numbers)
        np.testing.assert_array_equal(np.frombuffer(numbers.data), 7.0)


def _send(sock: socket.socket, requests: list[Any]) -> None:
    sock.sendall(frame(pack(requests)))


def _replies(sock: socket.socket) -> Iterator[messages.Reply]:
    reader = FrameReader(1 << 20)
    while True:
        try:
            data = sock.recv(65_536)
        except ConnectionResetError:
            return
        if not data:
            return
        yield from map(messages.decode_reply, reader.feed(data))


def _reply(sock: socket.socket) -> messages.Reply | None:
    return next(_replies(sock), None)


def _stream(said: Any) -> bytes:
    if isinstance(said, bytes):
        return said if said[:1] in (b"\xff", b"\x01") else frame(said)
    several = isinstance(said, list) and said and isinstance(said[0], list)
    return frame(pack(said if several else [said] if isinstance(said, list) else said))


@pytest.mark.parametrize("name", ENDED)
def test_hostile_message_ends_its_connection_alone(
    server: Serving, bystander: socket.socket, name: str
) -> None:
    with server.connect() as sock:
        _send(sock, [*BEGIN, [14]])
        replies = _replies(sock)
        assert isinstance(next(replies), messages.Made)
        sock.sendall(_stream(ENDED[name]))
        told = list(replies)
    assert len(told) == 1, told
    assert isinstance(told[0], messages.Ended)
    assert told[0].reason.startswith("the GPU has ended this run: ")
    assert "could not be dealt with" not in told[0].reason  # that is for mistakes of ours
    assert server.process.poll() is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_large_or_impossible_fails_before_it_is_done(
    server: Serving, bystander: socket.socket, name: str
) -> None:
    said, kind = REFUSED[name]
    with server.connect() as sock:
        _send(sock, [*BEGIN, said, [14]] if not said[6] else [*BEGIN, said])
        replies = _replies(sock)
        failed = next(replies)
        assert isinstance(failed, messages.Failed), failed
        assert failed.kind == kind, failed
        _send(sock, [call("ones", 2, F8, results=[10], wait=False), [13, [0, 10]]])
        numbers = next(replies)
        assert isinstance(numbers, messages.Numbers)
        assert np.frombuffer(numbers.data).tolist() == [1.0, 1.0]


def test_counting_by_keyword_is_bounded_too(server: Serving, bystander: socket.socket) -> None:
    with server.connect() as sock:
        many = call("full", 3, 1 << 25, I8, results=[4], wait=False)
        _send(sock, [many, call("bincount", x=[0, 4])])
        failed = _reply(sock)
    assert isinstance(failed, messages.Failed)
    assert failed.kind == "OutOfMemoryError"


def test_small_arrays_take_what_a_card_gives_them(server: Serving) -> None:
    with server.connect() as sock:
        made = [call("zeros", tuple_of(), F8, results=[k], wait=False) for k in range(1000)]
        _send(sock, [*made, call("zeros", 0, F8, results=[1000], wait=False), [14]])
        reply = _reply(sock)
        assert isinstance(reply, messages.Made)
        assert reply.bytes_held == 1001 * 512
        _send(sock, [*([11, k] for k in range(1001)), [14]])
        reply = _reply(sock)
    assert isinstance(reply, messages.Made)
    assert reply.bytes_held == 0


def test_there_are_enough_kinds() -> None:
    assert len(ENDED) + len(REFUSED) >= 40


def test_whatever_is_asked_for_hurts_nobody(server: Serving, bystander: socket.socket) -> None:
    """Every function with arguments drawn from all there are: done, failed or the end of its connection, by a rule that
    says so and not by accident."""
    rng = np.random.default_rng(3)
    pool: list[Any] = [
        *(A, B, PLACES, view(1, 0, [4, 3], [8, 32]), view(2, 8, [3, 0], [0, 8]), view(1, 0, [], [])),
        *(view(3, 0, [2, 3], [0, 8], "i8"), view(1, 0, [12], [8], "i8"), view(1, 0, [3, 8], [32, 4], "f4")),
        *(
            None,
            True,
            False,
            0,
            1,
            -1,
            2,
            70,
            1 << 40,
            -(1 << 62),
            0.5,
            float("nan"),
            float("inf"),
            [7, 1.0, -2.0],
        ),
        *(
            "K",
            "C",
            "left",
            "stable",
            "reduced",
            "ortho",
            "",
            "\0",
            F4,
            I8,
            BOOL,
            [2, "c8"],
            [4],
            [3, 0, 2, 1],
        ),
        *([3, None, None, -1], [3, None, None, 0], [6, "f4", 1.5], [6, "u1", 200], [6, "c16", 1.0, 2.0]),
        *(
            tuple_of(),
            tuple_of(0),
            tuple_of(1, 0),
            tuple_of(3, 4),
            tuple_of(A, A),
            tuple_of(PLACES, None, [4]),
        ),
        *(tuple_of(tuple_of(1), tuple_of(0)), tuple_of(tuple_of(1, 1), tuple_of(0, 2)), tuple_of(-1, 3)),
    ]
    keywords = [
        "axis",
        "dtype",
        "keepdims",
        "ddof",
        "order",
        "k",
        "minlength",
        "side",
        "norm",
        "mode",
        "n",
        "decimals",
    ]
    ends = failures = done = 0
    names = [*FUNCTIONS] * 8
    sock, replies = None, iter(())
    for name in names:
        if sock is None:
            sock = server.connect()
            replies = _replies(sock)
            _send(sock, [*BEGIN, [14]])
            assert isinstance(next(replies), messages.Made)
        arguments = [pool[k] for k in rng.integers(len(pool), size=rng.integers(1, 4))]
        if rng.random() < 0.7:
            arguments[0] = (A, B, PLACES)[int(rng.integers(3))]
        named = (
            {keywords[int(rng.integers(len(keywords)))]: pool[int(rng.integers(len(pool)))]}
            if rng.random() < 0.4
            else {}
        )
        results = list(range(50, 50 + int(rng.choice([1, 1, 1, 0, 2, 3]))))
        _send(sock, [[10, name, arguments, named, results, None, True], *([11, k] for k in results)])
        reply = next(replies, None)
        if isinstance(reply, messages.Ended):
            assert "could not be dealt with" not in reply.reason, (name, arguments, named)
            sock.close()
            sock = None
            ends += 1
        elif isinstance(reply, messages.Failed):
            failures += 1
        else:
            assert isinstance(reply, messages.Made), (reply, name, arguments, named)
            done += 1
    if sock is not None:
        sock.close()
    assert ends > 50
    assert done > 50
    assert failures
    assert server.process.poll() is None


def test_a_frame_cut_off_is_the_end_of_its_connection(server: Serving, bystander: socket.socket) -> None:
    whole = frame(pack([call("ones", 1_000_000, F8, results=[1], wait=False), [14]]))
    for cut in (0, 1, 3, 4, 10, len(whole) - 1):
        with server.connect() as sock:
            sock.sendall(whole[:cut])
            sock.shutdown(socket.SHUT_WR)
            assert list(_replies(sock)) == []


def test_what_fails_is_told_late_and_once(server: Serving) -> None:
    with server.connect() as sock:
        bad = call("power", PLACES, -1, results=[20], wait=False)
        after = call("add", [0, 20], 1, results=[21], wait=False)
        _send(
            sock,
            [
                *BEGIN,
                bad,
                after,
                call("ones", 1, F8, results=[22], wait=False),
                [14],
                [13, [0, 22]],
                [13, [0, 21]],
                [11, 21],
                [14],
            ],
        )
        replies = _replies(sock)
        first, fine, lost, last = (next(replies) for _ in range(4))
        assert isinstance(first, messages.Failed)
        assert "negative integer powers" in first.message
        assert isinstance(fine, messages.Numbers)
        assert isinstance(lost, messages.Failed)
        assert lost == first  # whoever asks for what was to be made of it
        assert isinstance(last, messages.Made)


def test_memory_handed_out_is_empty(server: Serving) -> None:
    """What another run has left behind cannot be read."""
    with server.connect() as sock:
        _send(sock, [call("full", 100_000, 123.0, F8, results=[1], wait=False), [11, 1], [14]])
        assert isinstance(_reply(sock), messages.Made)
        _send(sock, [call("empty", 100_000, F8, results=[2], wait=False), [13, [0, 2]]])
        reader = FrameReader(1 << 20)
        payloads: list[bytes] = []
        while not payloads:
            payloads += reader.feed(sock.recv(1 << 20))
    numbers = messages.decode_reply(payloads[0])
    assert isinstance(numbers, messages.Numbers)
    assert not np.frombuffer(numbers.data).any()


def test_marks_without_end_end_the_run(server: Serving, bystander: socket.socket) -> None:
    with server.connect() as sock:
        numbers = iter(range(messages.MOMENTS + 4096))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(messages.MOMENTS // 4096 + 1):
                _send(sock, [[16, next(numbers)] for _ in range(4096)])
        told = list(_replies(sock))
    assert [type(reply) for reply in told] == [messages.Ended]
    assert "65,536 moments" in told[0].reason
