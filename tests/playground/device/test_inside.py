"""The server and a session in this process, with a library that does what a test says: the order of what is done, and
what is refused that NumPy never does."""

from __future__ import annotations

import contextlib
import itertools
import logging
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from playground.device import messages
from playground.device.control import Attach, FromServer, Options, Ping, Pong, Quota
from playground.device.functions import FUNCTIONS
from playground.device.library import Library
from playground.device.server import Server
from playground.device.session import Hostile, Memory, Session
from playground.runner.frames import FrameReader, frame

F8 = messages.Dtype("f8")
LONG = messages.Call("linalg.inv", [messages.View(1, 0, [2000, 2000], [0, 0], "f8")], {}, [2])
"""By its work a turn of its own; what is really done is up to the test."""
AGAIN = [LONG, messages.Free(2)]


class Here:
    """A server in a thread, and the supervisor's end of its socket."""

    def __init__(self, library: Library) -> None:
        self.control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(60)
        self._server = Server(self._theirs, library, Options(library="numpy", memory_bytes=1 << 30))
        self._thread = threading.Thread(target=self._server.serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def connect(self, *requests: messages.Request) -> socket.socket:
        """A run that has said this."""
        ours, theirs = socket.socketpair()
        ours.settimeout(60)
        begin = messages.Call("zeros", [messages.Several([])], {"dtype": F8}, [1])
        ours.sendall(frame(messages.encode([begin, *requests])))
        with theirs:
            socket.send_fds(self.control, [msgspec.msgpack.encode(Attach())], [theirs.fileno()])
        return ours

    def ping(self) -> None:
        self.control.send(msgspec.msgpack.encode(Ping()))

    def runs(self) -> int:
        self.ping()
        reply: Any = msgspec.msgpack.decode(self.control.recv(4096), type=FromServer)
        assert isinstance(reply, Pong)
        return reply.runs

    def close(self) -> None:
        self.control.close()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._theirs.close()


def can_be_read(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


@pytest.fixture
def library() -> Library:
    return Library("numpy")


@pytest.fixture
def here(library: Library) -> Iterator[Here]:
    made = Here(library)
    yield made
    made.close()


def test_what_is_left_of_a_run_that_is_gone_is_not_done(library: Library, here: Here) -> None:
    done = 0

    def inv(_: Any) -> Any:
        nonlocal done
        done += 1
        if done == 3:
            run.close()
        return np.zeros(1)

    library.calls["linalg.inv"] = inv
    run = here.connect(*AGAIN * 40)
    here.start()
    while here.runs():
        pass
    assert done == 3


def test_the_supervisor_is_answered_between_two_turns(library: Library, here: Here) -> None:
    """It takes silence for a hang, however many runs have long operations."""
    done, answered_at = 0, -1
    all_there = threading.Event()

    def inv(_: Any) -> Any:
        nonlocal done, answered_at
        done += 1
        if done == 1:
            assert all_there.wait(60)
        elif done == 3:  # the others wait for their turns
            here.ping()
        elif answered_at < 0 and done > 3 and can_be_read(here.control):
            answered_at = done
        return np.zeros(1)

    library.calls["linalg.inv"] = inv
    here.start()
    runs = [here.connect(messages.Sync()) for _ in range(8)]
    for run in runs:
        assert run.recv(4096)
    for run in runs:
        run.sendall(frame(messages.encode([*AGAIN * 4, messages.Sync()])))
    all_there.set()
    for run in runs:
        assert run.recv(4096)
        run.close()
    assert answered_at == 4


def test_nobody_waits_long_for_another(library: Library, here: Here) -> None:
    done, answered_at = 0, -1

    def inv(_: Any) -> Any:
        nonlocal done, answered_at
        done += 1
        if done == 3:
            quiet.sendall(frame(messages.encode([messages.Sync()])))
        elif answered_at < 0 and done > 3 and can_be_read(quiet):
            answered_at = done
        return np.zeros(1)

    library.calls["linalg.inv"] = inv
    here.start()
    quiet = here.connect(messages.Sync())
    assert quiet.recv(4096)
    with here.connect(*AGAIN * 40, messages.Sync()) as busy:
        assert busy.recv(4096)
    quiet.close()
    assert done == 40
    assert answered_at == 5  # after its own turn and one of the other's


def test_what_a_run_leaves_behind_is_not_the_next_ones_time(library: Library, here: Here) -> None:
    order: list[str] = []

    def negative(a: Any) -> Any:
        order.append("sent")
        return -a

    def synchronize() -> None:
        if order and order[-1] == "sent":
            order.append("done")

    library.calls["negative"] = negative
    library.synchronize = synchronize  # type: ignore[method-assign]
    sent = messages.Call("negative", [messages.Whole(1)], {}, [2])
    with here.connect(sent, messages.Free(99)) as run:
        here.start()
        assert run.recv(4096)
    assert order == ["sent", "done"]


def test_what_a_program_says_is_not_a_line_of_the_log(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    forged = "\n2026 INFO all is well"
    with caplog.at_level(logging.WARNING), here.connect(messages.Call("sum", [1], {forged: 1}, [2])) as run:
        here.start()
        reader = FrameReader(1 << 20)
        (payload,) = reader.feed(run.recv(4096))
        ended = messages.decode_reply(payload)
    assert isinstance(ended, messages.Ended)
    assert forged in ended.reason
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]


def _session(library: Library) -> Session:
    session = Session(library, Quota(bytes_held=1 << 20), Memory(1 << 20))
    session.handle(messages.Call("zeros", [3], {"dtype": messages.Dtype("b1")}, [1]))
    return session


def _answer(session: Session, name: str) -> messages.Reply:
    reply = session.handle(messages.Call(name, [messages.Whole(1)], {}, [2], None, True))
    assert reply is not None
    return reply


def test_a_library_that_makes_more_than_there_can_be_is_not_believed(library: Library) -> None:
    library.calls["flatnonzero"] = lambda _: np.zeros(1000, np.int64)
    reply = _answer(_session(library), "flatnonzero")
    assert isinstance(reply, messages.Failed)
    assert reply.kind == messages.OUT_OF_MEMORY


def test_memory_that_ends_in_the_library_is_the_devices(library: Library) -> None:
    def full(_: Any) -> Any:
        raise MemoryError("Out of memory allocating 512 bytes")

    library.calls["negative"] = library.calls["logical_not"] = full
    reply = _answer(_session(library), "logical_not")
    assert reply == messages.Failed(
        messages.OUT_OF_MEMORY, "CUDA out of memory. Out of memory allocating 512 bytes"
    )


class Blind(np.ndarray[Any, Any]):
    """An array whose numbers nobody may look at: they are on the card, or as many as a program likes to say."""

    def _look(self, *_: Any) -> Any:
        raise AssertionError("a rule has looked at numbers")

    __iter__ = __getitem__ = __bool__ = __index__ = __int__ = __float__ = __array__ = item = tolist = _look


def test_no_rule_looks_at_numbers() -> None:
    some = [np.zeros(shape, dtype).view(Blind) for shape in ((), (3,), (3, 3)) for dtype in ("f8", "i8", "?")]
    others: list[Any] = [0, 1, (3,), (0, 1), ((1, 1), (1, 1))]
    for function, blind in itertools.product(FUNCTIONS.values(), some):
        for arguments in (
            [blind],
            [blind, blind],
            [blind, blind, blind],
            *([blind, other] for other in others),
            *([other, blind] for other in others),
            *([blind, other, blind] for other in others),
            [blind, (blind, blind)],
            [(blind, blind), 0],
        ):
            with contextlib.suppress(
                TypeError, ValueError, IndexError, AttributeError, OverflowError, ZeroDivisionError
            ):
                function.rule(*arguments)


def test_values_that_are_nested_too_deeply_end_the_run(library: Library) -> None:
    value: Any = 1
    for _ in range(900):
        value = messages.Several([value])
    with pytest.raises(Hostile, match="nested too deeply"):
        _session(library).handle(messages.Call("zeros", [value], {}, [3]))
