"""The server's settings, all from the environment, all in one table.

`SETTINGS` is what `load` reads, what ``docs/deploy.md`` lists and what a wrong value is explained with. Defaults are
those of the structs `Settings` and `Limits`, written nowhere else.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.exc import ArgumentError

from playground.runner.limits import KIB, MIB, Limits
from playground.store.schema import address

ROOT = Path(__file__).resolve().parents[1]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the web process is started with. `SETTINGS` documents every field."""

    port: int = 5000
    host: str = "127.0.0.1"
    hosts: str = "localhost,127.0.0.1,::1"
    database_url: str = f"sqlite:///{ROOT / 'data' / 'playground.sqlite3'}"
    database_bytes: int = 2048 * MIB
    redis_url: str = ""
    keep_days: int = 0
    proxies: int = 0
    session_bytes: int = 5 * MIB
    message_bytes: int = 3 * MIB
    """A program of 64 KiB takes up to 384 KiB as JSON, if every character is escaped; a table of 1 MiB up to 2 MiB, if
    every character is a quotation mark or the end of a line."""
    commands_per_s: int = 60
    """A dragged control may move as often as the screen is drawn."""
    connections: int = 2_000
    connections_per_address: int = 10
    idle_s: float = 1_800.0
    grace_s: float = 13.0
    """Longer than a program may run with the default limits."""
    runs_per_minute: int = 20
    links_per_hour: int = 10
    metrics: Literal["local", "all", "off"] = "local"
    log: Literal["text", "json"] = "text"
    files_per_minute: int = 60
    limits: Limits = Limits()


_PER_ADDRESS = ("connections_per_address", "runs_per_minute", "links_per_hour")
_NO_LIMIT = 1_000_000
_HOST_NAME = re.compile(r"^(\*|[A-Za-z0-9.-]+|[0-9A-Fa-f:]+)$")


class SettingsError(ValueError):
    """A setting has a value it cannot have; the message names the variable, what was given and what is accepted."""


class Setting(msgspec.Struct, frozen=True):
    """One row of the table: an environment variable and the field it fills."""

    name: str
    field: str
    """A field of `Settings`, or of `Limits` with ``limits.`` before it."""
    doc: str
    unit: str = ""
    low: float = 0
    high: float = math.inf

    @property
    def default(self) -> object:
        value: object = Settings()
        for part in self.field.split("."):
            value = getattr(value, part)
        return value

    @property
    def accepts(self) -> str:
        """In words, for the table and for the message about a wrong value."""
        if self.field in _WORDS:
            return _WORDS[self.field]
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if math.isinf(self.high):
            return f"{kind}, {_short(self.low)} or more"
        return f"{kind} from {_short(self.low)} to {_short(self.high)}"

    def parse(self, text: str) -> object:
        """The value `text` stands for. Raises ValueError if it is not accepted."""
        match self.default:
            case int() | float() as default:
                number = type(default)(text)
                if not self.low <= number <= self.high or math.isinf(number):
                    raise ValueError
                return number
            case _:
                return _check(self.field, text)


_WORDS = {
    "host": "an IP address of this machine (127.0.0.1 for itself, 0.0.0.0 for all) or localhost",
    "hosts": "host names or addresses without port, separated by commas; * for any",
    "database_url": "an SQLAlchemy address: sqlite:////var/lib/play.sqlite3 or postgres://user:password@host/name "
    "(?sslmode=require, verify-full or disable)",
    "redis_url": "redis://user:password@host:6379/0, or rediss:// for TLS (?ssl_cert_reqs=none if it "
    "signs its certificate itself)",
    "limits.sandbox": "strict or off",
    "limits.gpu": "off, direct or served",
    "limits.gpu_library": "cupy or numpy",
    "metrics": "local, all or off",
    "log": "text or json",
}


def _check(field: str, text: str) -> str:
    if field == "host" and text != "localhost":
        ipaddress.ip_address(text)
    if field == "hosts" and not all(_HOST_NAME.match(name.strip()) for name in text.split(",")):
        raise ValueError
    choices = {
        "limits.sandbox": ("strict", "off"),
        "limits.gpu": ("off", "direct", "served"),
        "limits.gpu_library": ("cupy", "numpy"),
        "metrics": ("local", "all", "off"),
        "log": ("text", "json"),
    }
    if field in choices and text not in choices[field]:
        raise ValueError
    if field == "database_url":
        try:
            address(text).get_dialect()
        except (ArgumentError, ImportError, ValueError) as problem:  # also: no such dialect or driver
            raise ValueError from problem
    if field == "redis_url":
        parts = urlsplit(text)
        place = parts.hostname and (parts.port or True) and re.fullmatch(r"/?\d*", parts.path)
        if parts.scheme not in ("redis", "rediss") or not place or parts.fragment:
            raise ValueError
    return text


SETTINGS = (
    Setting("PORT", "port", "TCP port; 0 takes a free one.", high=65_535),
    Setting(
        "HOST",
        "host",
        "Address to listen on with `python app.py`. One that other machines reach is refused unless every probe of "
        "`python -m playground doctor` holds; PLAYGROUND_HOSTS must then name the server.",
    ),
    Setting(
        "PLAYGROUND_HOSTS",
        "hosts",
        "Names this server goes by. Requests for others are refused, or a site could point its own name at this "
        "machine and run programs on it.",
    ),
    Setting(
        "DATABASE_URL",
        "database_url",
        "Where shared sessions are stored. Folders of a SQLite file are created.",
    ),
    Setting(
        "REDIS_URL",
        "redis_url",
        "Where web processes and workers of one site meet. Empty: programs run beside the one web process.",
    ),
    Setting(
        "PLAYGROUND_DATABASE_BYTES",
        "database_bytes",
        "Largest SQLite database; sharing answers 503 when it is full.",
        "bytes",
        low=1 * MIB,
    ),
    Setting(
        "PLAYGROUND_KEEP_DAYS",
        "keep_days",
        "Sessions that nobody has opened for so long are removed; 0 keeps them for ever.",
        "days",
        high=36_500,
    ),
    Setting(
        "PLAYGROUND_PROXIES",
        "proxies",
        "How many reverse proxies are in front, each adding to X-Forwarded-For, -Proto and -Host. With 0 those headers "
        "are ignored.",
        high=8,
    ),
    Setting(
        "PLAYGROUND_SANDBOX",
        "limits.sandbox",
        "strict: the kernel seals a program's process before it reads the program. off: it does not, for development "
        "where there is no seccomp; only this machine is served then.",
    ),
    Setting(
        "PLAYGROUND_SESSION_BYTES",
        "session_bytes",
        "Largest session that can be shared.",
        "bytes",
        low=1 * KIB,
    ),
    Setting(
        "PLAYGROUND_MESSAGE_BYTES",
        "message_bytes",
        "Largest websocket message; a larger one closes the connection.",
        "bytes",
        low=1 * KIB,
        high=64 * MIB,
    ),
    Setting(
        "PLAYGROUND_COMMANDS_PER_S",
        "commands_per_s",
        "Commands a connection may send; twice as many at once.",
        "per second",
        low=1,
        high=10_000,
    ),
    Setting(
        "PLAYGROUND_CONNECTIONS",
        "connections",
        "Pages that may be open in all; fewer if the process may not have twice as many file descriptors.",
        low=1,
        high=1_000_000,
    ),
    Setting(
        "PLAYGROUND_IDLE_S",
        "idle_s",
        "A page that has asked for nothing for so long is disconnected; it comes back when somebody uses it.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_GRACE_S",
        "grace_s",
        "When the server is told to end (SIGTERM), programs that run have so long to finish.",
        "seconds",
        high=3_600,
    ),
    Setting(
        "PLAYGROUND_CONNECTIONS_PER_ADDRESS",
        "connections_per_address",
        "Pages an address may have open.",
        low=1,
        high=1_000_000,
    ),
    Setting(
        "PLAYGROUND_RUNS_PER_MINUTE",
        "runs_per_minute",
        "Programs an address may start; as many at once.",
        "per minute",
        low=1,
        high=1_000_000,
    ),
    Setting(
        "PLAYGROUND_LINKS_PER_HOUR",
        "links_per_hour",
        "Sessions an address may share; as many at once.",
        "per hour",
        low=1,
        high=1_000_000,
    ),
    Setting(
        "PLAYGROUND_METRICS",
        "metrics",
        "Who may read /metrics: this machine and private networks (local), everybody (all), nobody (off).",
    ),
    Setting("PLAYGROUND_LOG", "log", "The form of the log: lines for people (text), or JSON."),
    Setting(
        "PLAYGROUND_FILES_PER_MINUTE",
        "files_per_minute",
        "Files an address may open, or have written as DOT or for Model Explorer; as many at once.",
        "per minute",
        low=1,
        high=100_000,
    ),
    Setting(
        "PLAYGROUND_WALL_SOFT_S",
        "limits.wall_soft_s",
        "After this time a program is asked to stop; its line is named.",
        "seconds",
        low=0.1,
    ),
    Setting(
        "PLAYGROUND_WALL_HARD_S", "limits.wall_hard_s", "After this time it is killed.", "seconds", low=0.1
    ),
    Setting(
        "PLAYGROUND_CPU_SOFT_S",
        "limits.cpu_soft_s",
        "Like the soft time, in processor time.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_CPU_HARD_S",
        "limits.cpu_hard_s",
        "Like the hard time, in processor time.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_INTERACTIVE_CPU_S",
        "limits.interactive_cpu_s",
        "Processor time all answers about one run may take.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_INTERACTIVE_S",
        "limits.interactive_s",
        "Time for one answer about a run that has ended or is held (full values, a Jacobian, a dragged control).",
        "seconds",
        low=0.1,
    ),
    Setting(
        "PLAYGROUND_PARSE_S",
        "limits.parse_s",
        "Time for reading a program into blocks, or a table.",
        "seconds",
        low=0.1,
    ),
    Setting(
        "PLAYGROUND_CANCEL_GRACE_S",
        "limits.cancel_grace_s",
        "Time a stopped program has to hand in what was recorded.",
        "seconds",
    ),
    Setting(
        "PLAYGROUND_MEMORY_BYTES", "limits.memory_bytes", "Memory a program may take.", "bytes", low=16 * MIB
    ),
    Setting(
        "PLAYGROUND_DESCRIPTORS",
        "limits.descriptors",
        "File descriptors a program may have.",
        low=8,
        high=1024,
    ),
    Setting(
        "PLAYGROUND_SOURCE_BYTES",
        "limits.source_bytes",
        "Longest program, in UTF-8; at most the 64 KiB of the protocol.",
        "bytes",
        low=1,
        high=64 * KIB,
    ),
    Setting("PLAYGROUND_SOURCE_LINES", "limits.source_lines", "Longest program.", "lines", low=1),
    Setting(
        "PLAYGROUND_DATA_BYTES",
        "limits.data_bytes",
        "Largest table of a person's own, in UTF-8; at most the 1 MiB of the protocol.",
        "bytes",
        low=1,
        high=1 * MIB,
    ),
    Setting(
        "PLAYGROUND_OUTPUT_SHOWN_BYTES",
        "limits.output_shown_bytes",
        "Printed text that is shown.",
        "bytes",
        low=1,
    ),
    Setting(
        "PLAYGROUND_OUTPUT_KILL_BYTES",
        "limits.output_kill_bytes",
        "Printed text that ends the program.",
        "bytes",
        low=1,
    ),
    Setting(
        "PLAYGROUND_RESULTS_BYTES",
        "limits.results_bytes",
        "Everything one run sends, together.",
        "bytes",
        low=64 * KIB,
    ),
    Setting(
        "PLAYGROUND_FRAME_BYTES",
        "limits.frame_bytes",
        "One piece of what a run sends.",
        "bytes",
        low=64 * KIB,
        high=16 * MIB,
    ),
    Setting(
        "PLAYGROUND_DOCUMENT_BYTES",
        "limits.document_bytes",
        "A program read into blocks.",
        "bytes",
        low=64 * KIB,
        high=16 * MIB,
    ),
    Setting("PLAYGROUND_FRAMES", "limits.frames", "Pieces one run may send.", low=100),
    Setting(
        "PLAYGROUND_EVENTS",
        "limits.events",
        "Messages one run may send to the page.",
        low=100,
        high=1_000_000,
    ),
    Setting(
        "PLAYGROUND_OPERATIONS", "limits.operations", "Operations that are recorded.", low=1, high=20_000
    ),
    Setting("PLAYGROUND_FIGURES", "limits.figures", "Plots of one run.", low=0, high=1_000),
    Setting("PLAYGROUND_POINTS", "limits.points", "Points of one plot.", low=1, high=50_000),
    Setting(
        "PLAYGROUND_PREVIEW_VALUES",
        "limits.preview_values",
        "Values of one tensor that are sent on request.",
        low=1,
        high=4_096,
    ),
    Setting(
        "PLAYGROUND_ERROR_TEXT_BYTES",
        "limits.error_text_bytes",
        "Error message or traceback, cut after this.",
        "bytes",
        low=256,
        high=16 * KIB,
    ),
    Setting("PLAYGROUND_SLOTS", "limits.slots", "Programs running at the same time.", low=1, high=1_024),
    Setting(
        "PLAYGROUND_PARKED", "limits.parked", "Processes kept ready for the next program.", low=0, high=64
    ),
    Setting(
        "PLAYGROUND_QUEUE_PER_SLOT",
        "limits.queue_per_slot",
        "Programs that may wait, for each slot.",
        high=10_000,
    ),
    Setting(
        "PLAYGROUND_QUEUE_WAIT_S",
        "limits.queue_wait_s",
        "Longest wait before the answer is 'busy'.",
        "seconds",
        low=0.1,
    ),
    Setting(
        "PLAYGROUND_RUNS_PER_ADDRESS",
        "limits.runs_per_address",
        "Programs of one address running at the same time, and as many being read into blocks.",
        low=1,
    ),
    Setting(
        "PLAYGROUND_LINGERING",
        "limits.lingering",
        "Finished runs kept to answer questions about them.",
        high=10_000,
    ),
    Setting(
        "PLAYGROUND_LINGER_IDLE_S",
        "limits.linger_idle_s",
        "How long such a run is kept without a question.",
        "seconds",
    ),
    Setting(
        "PLAYGROUND_COMMANDS_WAITING",
        "limits.commands_waiting",
        "Questions about one run that may wait.",
        low=1,
        high=1_000,
    ),
    Setting(
        "PLAYGROUND_HOLD_S",
        "limits.hold_s",
        "How long a program is held between two training steps without a question.",
        "seconds",
        low=0.1,
    ),
    Setting(
        "PLAYGROUND_HOLDING",
        "limits.holding",
        "Programs held at a time; when there are more, the one held longest goes on.",
        low=1,
        high=10_000,
    ),
    Setting(
        "PLAYGROUND_GPU",
        "limits.gpu",
        "direct: a program that asks for the GPU runs on this machine's card, in a process that is not sealed: for "
        "your own programs on your own machine, and refused where others may reach the server. served: it runs "
        "sealed as always, and its CUDA tensors are in a process of the server's, with quotas. off: on the CPU.",
    ),
    Setting(
        "PLAYGROUND_GPU_LIBRARY",
        "limits.gpu_library",
        "What the process that serves CUDA tensors computes with; numpy is for development without a card.",
    ),
    Setting(
        "PLAYGROUND_GPU_SLOTS", "limits.gpu_slots", "Programs running on the GPU at a time.", low=1, high=64
    ),
    Setting(
        "PLAYGROUND_GPU_WARM",
        "limits.gpu_warm",
        "Processes that hold the card, ready for the next program.",
        low=0,
        high=16,
    ),
    Setting(
        "PLAYGROUND_GPU_KEPT",
        "limits.gpu_kept",
        "Finished runs on the GPU kept to answer questions about them, and as many held.",
        low=1,
        high=64,
    ),
    Setting(
        "PLAYGROUND_GPU_MEMORY_BYTES",
        "limits.gpu_memory_bytes",
        "Memory of the card that a program may take.",
        "bytes",
        low=16 * MIB,
    ),
    Setting(
        "PLAYGROUND_GPU_START_S",
        "limits.gpu_start_s",
        "Time for such a process to be ready; CuPy compiles what it has not kept.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_ZYGOTE_PATIENCE_S",
        "limits.zygote_patience_s",
        "A process that should start programs and has not for so long is replaced.",
        "seconds",
        low=1,
    ),
    Setting(
        "PLAYGROUND_BATCH_S",
        "limits.batch_s",
        "Results are sent together at most this often.",
        "seconds",
        high=1.0,
    ),
    Setting(
        "PLAYGROUND_BATCH_BYTES", "limits.batch_bytes", "Or when so much has come together.", "bytes", low=1
    ),
    Setting(
        "PLAYGROUND_UNACKNOWLEDGED_EVENTS",
        "limits.unacknowledged_events",
        "Events sent ahead of a page that acknowledges them.",
        low=1,
    ),
)
"""In the order of the documentation."""


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment such as `os.environ`; a variable that is empty counts as absent.

    Raises SettingsError for a value that is not accepted and for a ``PLAYGROUND_`` variable that does not exist.
    """
    values: dict[str, object] = {}
    limits: dict[str, object] = {}
    for setting in SETTINGS:
        if not (text := environ.get(setting.name, "").strip()):
            continue
        try:
            value = setting.parse(text)
        except ValueError:
            raise SettingsError(
                f"{setting.name}={text!r} is not accepted; expected {setting.accepts}."
            ) from None
        group, _, name = setting.field.rpartition(".")
        (limits if group else values)[name] = value
    names = [setting.name for setting in SETTINGS]
    for name in environ:
        if name.startswith("PLAYGROUND_") and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/deploy.md lists those there are."
            raise SettingsError(f"There is no setting {name}{hint}")
    for low, high in (
        ("wall_soft_s", "wall_hard_s"),
        ("cpu_soft_s", "cpu_hard_s"),
        ("output_shown_bytes", "output_kill_bytes"),
        ("frame_bytes", "results_bytes"),
    ):
        default = Limits()
        smaller, larger = (limits.get(name, getattr(default, name)) for name in (low, high))
        if smaller > larger:  # type: ignore[operator]  # both are numbers: parse saw to it
            first, second = f"PLAYGROUND_{low.upper()}", f"PLAYGROUND_{high.upper()}"
            raise SettingsError(
                f"{first} is {smaller} and {second} is {larger}; expected {first} to be no larger."
            )
    return msgspec.convert({**values, "limits": Limits(**limits)}, Settings)  # type: ignore[arg-type]


def for_oneself(settings: Settings) -> Settings:
    """For a server that only this machine reaches: nobody is kept waiting by another, so an address may do as much as
    it likes, unless it was said how much."""
    usual = Settings()
    free = {name: _NO_LIMIT for name in _PER_ADDRESS if getattr(settings, name) == getattr(usual, name)}
    return msgspec.structs.replace(settings, **free)


def _short(number: float) -> str:
    """A bound as a person writes it: ``1 MiB`` is clearer than ``1048576`` but is not what the variable takes."""
    return f"{int(number)}" if number == int(number) else f"{number:g}"
