"""The documentation of the wire and of the settings says what the code does."""

from __future__ import annotations

import re

import msgspec
import pytest

from playground.protocol import Error, Event
from playground.settings import ROOT, SETTINGS, Settings
from playground.web import transport, validation
from playground.web.sockets import PING_INTERVAL_S, PING_TIMEOUT_S
from scripts import gen_docs

WIRE = (ROOT / "docs" / "protocol.md").read_text()
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()


def test_the_generated_parts_are_current() -> None:
    assert gen_docs.wire() == WIRE, "run `make gen`"
    assert gen_docs.deploy() == DEPLOY, "run `make gen`"


def test_every_message_and_every_setting_is_documented() -> None:
    headings = re.findall(r"^#### `(\w+)`$", WIRE, re.MULTILINE)
    assert headings == gen_docs.message_names()
    assert re.findall(r"^\| `([A-Z_]+)` \|", DEPLOY, re.MULTILINE) == [row.name for row in SETTINGS]


def test_the_examples_are_messages() -> None:
    commands = re.findall(r"^-> command +(\{.*\})$", WIRE, re.MULTILINE)
    events = re.findall(r"^<- event +(\{.*\})$", WIRE, re.MULTILINE)
    assert len(commands) == 3
    refused = {}
    for text in commands:
        try:
            validation.command(msgspec.json.decode(text))
        except validation.Refused as problem:
            refused[problem.field] = problem.message
    assert refused == {event.field: event.message for event in decoded(events) if isinstance(event, Error)}
    assert len(refused) == 1
    assert len(decoded(events)) >= 4


def decoded(texts: list[str]) -> list[Event]:
    """The examples that are written out in full."""
    return [msgspec.json.decode(text, type=Event) for text in texts if "..." not in text]


@pytest.mark.parametrize(
    "claim",
    [
        f"over {Settings().message_bytes // 1024} KiB, for more than {transport.MESSAGES_PER_S} messages a second",
        f"more than {Settings().commands_per_s} commands a second ({2 * Settings().commands_per_s} at once",
        f"at most {Settings().limits.unacknowledged_events} events more",
        f"pings every {PING_INTERVAL_S} s and gives up after {PING_TIMEOUT_S} s",
        f"over {Settings().limits.source_bytes // 1024} KiB in UTF-8, or over {Settings().limits.source_lines:,} lines",
        f"the body over {Settings().session_bytes // 2**20} MiB",
    ],
)
def test_the_numbers_in_the_text_are_the_defaults(claim: str) -> None:
    assert claim in WIRE
