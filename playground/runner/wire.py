"""The messages between our own processes: web and supervisor, supervisor and zygote. A program never sees these."""

from __future__ import annotations

from typing import Literal

import msgspec

from playground.protocol import Error, Event, Inspect, Jacobian, Live, Local, Parse, Question, Run, Steering


class _Tagged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    pass


# --- Web to supervisor -----------------------------------------------------------------------------------------------


class Submit(_Tagged, frozen=True, kw_only=True):
    """Queue a program, to be run or to be read. `job` is the web process's own number for it, unique as long as the
    supervisor lives."""

    job: int
    client: str
    address: str
    request: Run | Parse


class Stop(_Tagged, frozen=True, kw_only=True):
    job: int


class Ask(_Tagged, frozen=True, kw_only=True):
    job: int
    command: Question


class Steer(_Tagged, frozen=True, kw_only=True):
    job: int
    command: Steering


class Acknowledge(_Tagged, frozen=True, kw_only=True):
    job: int
    seq: int


class Leave(_Tagged, frozen=True, kw_only=True):
    """The client is gone: end what it has, tell it nothing more."""

    client: str


class Drain(_Tagged, frozen=True, kw_only=True):
    """Refuse new runs from now on."""


class Probe(_Tagged, frozen=True, kw_only=True):
    """Ask for `Health`."""

    id: int


def kind(question: Question) -> Literal["inspect", "jacobian", "local", "live"]:
    """What an `Error` that answers it has in `Error.question`."""
    match question:
        case Inspect():
            return "inspect"
        case Jacobian():
            return "jacobian"
        case Local():
            return "local"
        case Live():
            return "live"


def gone(question: Question) -> Error:
    """Answers a question about a run that is not kept."""
    message = "This run is not kept any more. Run the program again to ask about it."
    return Error(run=question.run, field="run", message=message, question=kind(question))


def check(command: Run | Parse | Question | Steering) -> None:
    """A struct made in Python is not checked by msgspec; the supervisor would take a bad one for a broken stream.

    Raises msgspec.ValidationError if the command breaks its own schema."""
    msgspec.convert(msgspec.to_builtins(command), type(command))


Request = Submit | Stop | Ask | Steer | Acknowledge | Leave | Drain | Probe


# --- Supervisor to web -----------------------------------------------------------------------------------------------


class Deliver(_Tagged, frozen=True, kw_only=True):
    job: int
    event: Event


class Closed(_Tagged, frozen=True, kw_only=True):
    """Nothing more comes for this job."""

    job: int


GPU_STARTS = "The GPU is being made ready."
NO_GPU = "This server has no GPU worker; programs run on the CPU."


class Health(_Tagged, frozen=True, kw_only=True):
    """How the runner is. `alive` is False when the supervisor did not answer; then the counts are 0."""

    id: int = 0
    alive: bool = False
    ready: bool = False
    """The zygote is up: a program submitted now would run."""
    problem: str = ""
    """Why it is not, if that will not mend itself."""
    draining: bool = False
    supervisor: int = 0
    """Process id."""
    zygote: int = 0
    """Process id."""
    slots: int = 0
    running: int = 0
    queued: int = 0
    reading: int = 0
    """Programs being read into blocks."""
    held: int = 0
    """Programs held between two training steps."""
    lingering: int = 0
    parked: int = 0
    runs: int = 0
    """Programs started since the supervisor began."""
    crashes: int = 0
    """Programs that ended as `crashed`."""
    descriptors: int = 0
    """The supervisor's open descriptors."""
    zygote_restarts: int = 0
    supervisor_restarts: int = 0
    workers: int = 0
    """Worker processes that programs can be sent to; 0 where they run beside the web process."""
    no_gpu: str = NO_GPU
    """Why a program cannot use a GPU, in a sentence for people; empty if it can."""
    gpu: str = ""
    """The card's name, once it is known."""
    gpu_workers: int = 0
    """Processes that hold the GPU, whatever they do with it."""
    gpu_warm: int = 0
    """Of those, ready for a program."""
    gpu_running: int = 0
    """Programs running on the GPU; they are counted in `running`, too."""


class Gpu(_Tagged, frozen=True, kw_only=True):
    """Whether programs can use a GPU has changed."""

    no_gpu: str
    """As in `Health`."""


Reply = Deliver | Closed | Health | Gpu


# --- Supervisor to zygote and back, one message a packet -------------------------------------------------------------


class Fork(_Tagged, frozen=True, kw_only=True):
    """Fork one child. Four descriptors come with it: commands (read), frames, output and fault (write); and where the
    GPU is served a fifth, a socket for the device server."""

    worker: int
    rehearsed: bool = False
    """Whether it runs a program of ours before it takes one, because nobody waits for it: the pages of memory that it
    shares with the zygote are then copied before."""


class Ready(_Tagged, frozen=True, kw_only=True):
    """The zygote has imported everything."""

    pid: int


class Unusable(_Tagged, frozen=True, kw_only=True):
    """The zygote, or a process for the GPU, could not load what runs programs, and ends."""

    reason: str
    traceback: str


class Forked(_Tagged, frozen=True, kw_only=True):
    """The child's pidfd comes with it."""

    worker: int
    pid: int


class ForkFailed(_Tagged, frozen=True, kw_only=True):
    worker: int
    reason: str


class Exited(_Tagged, frozen=True, kw_only=True):
    """The child is dead and reaped. `status` as `os.waitstatus_to_exitcode` gives it: negative for a signal."""

    worker: int
    status: int
    peak_bytes: int
    """Its peak resident memory."""


class Usable(_Tagged, frozen=True, kw_only=True):
    """A process for the GPU holds the card and waits for its program. Nothing comes after it."""

    card: str
    """Its name."""
    peak_bytes: int
    """The process's own peak resident memory until now."""


GpuReply = Usable | Unusable
ZygoteReply = Ready | Unusable | Forked | ForkFailed | Exited
