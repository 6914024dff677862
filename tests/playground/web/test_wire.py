"""The Socket.IO wire: what is accepted, what is refused and how, and that refusing costs nobody their connection."""

from __future__ import annotations

import contextlib
import json
import socket as sockets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
import socketio
import websocket

Connect = Callable[..., Any]


def told(connect: Connect, server: Any) -> list[list[Any]]:
    """What the runner was told so far, asked by a tab of its own."""
    tab = connect(server)
    output = next(e for e in tab.run("report") if e["type"] == "output")
    return list(json.loads(output["text"]))


def test_a_run_streams_numbered_events_to_its_tab_only(server: Any, connect: Connect) -> None:
    one, two = connect(server), connect(server)
    events = one.run("print('é')", run="mine")
    assert [e["type"] for e in events] == ["started", "output", "finished"]
    assert [e["seq"] for e in events] == [1, 2, 3]
    assert {e["run"] for e in events} == {"mine"}
    assert events[1]["text"] == "print('é')"
    assert [e["type"] for e in two.run("x")] == ["started", "output", "finished"]


def test_the_official_client_is_served(server: Any) -> None:
    got: list[dict[str, Any]] = []
    client = socketio.SimpleClient()
    client.connect(server.url, transports=["websocket"])
    client.emit("command", {"type": "run", "run": "r1", "code": "hello", "device": "cpu", "seed": 0})
    while not got or got[-1]["type"] != "finished":
        name, data = client.receive(timeout=10)
        assert name == "event"
        got.append(data)
    assert [e["type"] for e in got] == ["started", "output", "finished"]
    client.emit("command", {"type": "jacobian", "run": "r1", "output": 1, "inputs": [2]})
    _, answer = client.receive(timeout=10)
    assert answer["type"] == "jacobian"
    assert answer["blocks"][0]["values"] == b"\x00" * 8
    client.disconnect()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, "command"),
        (5, "command"),
        ("run", "command"),
        (True, "command"),
        ([{"type": "run"}], "command"),
        ({}, "type"),
        ({"type": 5}, "type"),
        ({"type": None}, "type"),
        ({"type": "shutdown"}, "type"),
        ({"type": "started", "cells": []}, "type"),
        ({"type": "run", "run": "r1"}, "code"),
        ({"type": "run", "code": "x"}, "run"),
        ({"type": "run", "run": "", "code": "x"}, "run"),
        ({"type": "run", "run": "r" * 65, "code": "x"}, "run"),
        ({"type": "run", "run": "a b", "code": "x"}, "run"),
        ({"type": "run", "run": "<b>", "code": "x"}, "run"),
        ({"type": "run", "run": 1, "code": "x"}, "run"),
        ({"type": "run", "run": "r1", "code": 5}, "code"),
        ({"type": "run", "run": "r1", "code": None}, "code"),
        ({"type": "run", "run": "r1", "code": "x" * 65_537}, "code"),
        ({"type": "run", "run": "r1", "code": "é" * 40_000}, "code"),
        ({"type": "run", "run": "r1", "code": "\n" * 2_000}, "code"),
        ({"type": "run", "run": "r1", "code": "x", "seed": "0"}, "seed"),
        ({"type": "run", "run": "r1", "code": "x", "seed": -1}, "seed"),
        ({"type": "run", "run": "r1", "code": "x", "seed": 0.5}, "seed"),
        ({"type": "run", "run": "r1", "code": "x", "seed": 2**63}, "seed"),
        ({"type": "run", "run": "r1", "code": "x", "seed": True}, "seed"),
        ({"type": "run", "run": "r1", "code": "x", "device": "tpu"}, "device"),
        ({"type": "run", "run": "r1", "code": "x", "admin": True}, "admin"),
        ({"type": "cancel"}, "run"),
        ({"type": "inspect", "run": "r1"}, "node"),
        ({"type": "inspect", "run": "r1", "node": "3"}, "node"),
        ({"type": "inspect", "run": "r1", "node": -1}, "node"),
        ({"type": "inspect", "run": "r1", "node": 10**9}, "node"),
        ({"type": "jacobian", "run": "r1", "output": 1, "inputs": []}, "inputs"),
        ({"type": "jacobian", "run": "r1", "output": 1, "inputs": list(range(9))}, "inputs"),
        ({"type": "jacobian", "run": "r1", "output": 1, "inputs": [1, "2"]}, "inputs[1]"),
        ({"type": "jacobian", "run": "r1", "output": 1, "inputs": [1], "order": 3}, "order"),
        ({"type": "ack", "run": "r1", "seq": 1.5}, "seq"),
        ({"type": "inspect", "run": "never-ran", "node": 1}, "run"),
    ],
)
def test_a_bad_command_is_answered_by_an_error_that_names_the_field(tab: Any, data: Any, field: str) -> None:
    tab.command(data)
    error = tab.event()
    assert error["type"] == "error"
    assert error["field"] == field
    assert error["message"].endswith(".")
    assert error["seq"] == 0
    run = data.get("run") if isinstance(data, dict) else ""
    assert error["run"] == (run if isinstance(run, str) and len(run) <= 64 else "")
    assert tab.run("still here")[-1]["status"] == "ok"


def test_a_program_is_read_beside_the_run_and_both_end_with_the_connection(
    server: Any, connect: Connect
) -> None:
    tab = connect(server)
    tab.command({"type": "run", "run": "waiting", "code": "wait"})
    assert tab.event()["type"] == "started"
    tab.command({"type": "parse", "run": "p1", "code": "x = 1"})
    events = tab.until("finished")
    assert [(e["type"], e["run"]) for e in events] == [("document", "p1"), ("finished", "p1")]
    tab.command({"type": "parse", "run": "p2", "data": {"text": "a,b\n" * 262_144}})
    assert tab.until("finished")[0]["rows"] == 1_048_576
    tab.say('42["command",{"type":"parse","run":"p3","data":{"text":"' + "é" * 600_000 + '"}}]')
    assert tab.event()["field"] == "data.text"
    tab.command({"type": "run", "run": "r2", "code": "x", "data": {"text": "x" * 1_048_577}})
    assert tab.event()["field"] == "data.text"
    calls = told(connect, server)
    run = next(call[1] for call in calls if call[0] == "submit" and call[3] == "waiting")
    assert ["parse", f"{run}.parse", "127.0.0.1", "p1"] in calls
    assert not any(call[0] == "cancel" and call[1] == run for call in calls)
    tab.socket.close()
    until = time.monotonic() + 10
    while not {("disconnect", run), ("disconnect", f"{run}.parse")} <= {
        tuple(call[:2]) for call in told(connect, server)
    }:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_largest_table_there_may_be_arrives_however_it_is_written(tab: Any) -> None:
    tab.command({"type": "parse", "run": "p", "code": "\t" * 60_000, "data": {"text": '"' * 1_048_576}})
    assert tab.until("finished")[0]["rows"] == 1_048_576


def test_a_question_about_a_run_that_is_not_kept_says_which_it_was(tab: Any) -> None:
    for kind, fields in (
        ("inspect", {"node": 1}),
        ("jacobian", {"output": 1, "inputs": [0]}),
        ("local", {"node": 1}),
        ("live", {"number": 3, "code": "x = 1"}),
    ):
        tab.command({"type": kind, "run": "never-ran", **fields})
        error = tab.event()
        assert (error["question"], error["field"], error["run"]) == (kind, "run", "never-ran")
    tab.command({"type": "live", "run": "never-ran", "number": 4, "code": "é" * 40_000})
    assert tab.event()["field"] == "code"


def test_the_largest_program_there_may_be_is_run(tab: Any) -> None:
    assert tab.run("é" * 32_768)[-1]["status"] == "ok"
    assert tab.run("\n" * 1_999)[-1]["status"] == "ok"


@pytest.mark.parametrize(
    "packets",
    [
        ["42"],
        ["42[]"],
        ["42{}"],
        ["42[5]"],
        ['42["command"]'],
        ['42["command",{"type":"cancel","run":"a"},{"type":"cancel","run":"a"}]'],
        ['42["disconnect"]'],
        ['42["connect",{}]'],
        ['42["message","hi"]'],
        ['42["command",{"type":"run","run":"a","code":NaN}]'],
        ['42["command",{"type":'],
        ["42" + "[" * 60_000],
        ['42["command",' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "]"],
        ['42["command",{"type":"run","run":"a","code":"\\ud800"}]'],
        ["4"],
        ["49"],
        ["4x"],
        ["44{}"],
        ["46[]"],
        ["4{" + '"a":{' * 20_000],
        [b"loose binary"],
        [b""],
        ["450-[]"],
        ['4599999-["command",{"_placeholder":true,"num":0}]'],
        ['451-["command",{"_placeholder":true,"num":0}]', b"\x00\xff"],
        ['451-["command",{"type":"run","run":"a","code":{"_placeholder":true,"num":0}}]', b"print(1)"],
        ['451-["command",{"_placeholder":true,"num":7}]', b"x"],
        ['451-["command",{"_placeholder":true,"num":"x"}]', b"x"],
    ],
)
def test_a_packet_that_is_no_command_is_answered_and_harms_nothing(
    tab: Any, packets: list[str | bytes]
) -> None:
    for packet in packets:
        tab.say(packet)
    error = tab.event()
    assert (error["type"], bool(error["field"])) == ("error", True)
    assert [e["type"] for e in tab.run("still here")] == ["started", "output", "finished"]


@pytest.mark.parametrize("packet", ["", "x", "0{}", "5", "7", "b!!!", "😀"])
def test_what_is_not_engine_io_closes_only_its_own_connection(
    server: Any, connect: Connect, packet: str
) -> None:
    tab, other = connect(server), connect(server)
    tab.say(packet)
    assert tab.closed()
    assert other.run("x")[-1]["status"] == "ok"


def test_a_namespace_or_a_second_connect_is_refused(tab: Any) -> None:
    tab.say("40/admin,")
    assert tab.socket.recv().startswith("44/admin,")
    for _ in range(3):
        tab.say("40")
        assert tab.socket.recv().startswith("44")
    assert tab.run("x")[-1]["status"] == "ok"


def test_a_message_above_the_limit_closes_the_connection_while_it_arrives(
    server: Any, connect: Connect
) -> None:
    tab = connect(server)
    tab.run("warm up")
    before = server.memory_kb()
    block = "x" * 65_536
    frame = websocket.ABNF.create_frame
    tab.socket.send_frame(frame('42["command","', websocket.ABNF.OPCODE_TEXT, 0))
    fragments = 0
    with contextlib.suppress(ConnectionError, websocket.WebSocketException):
        while fragments < 320:  # 20 MiB in one message
            tab.socket.send_frame(frame(block, websocket.ABNF.OPCODE_CONT, 0))
            fragments += 1
    assert fragments < 320
    assert server.memory_kb() - before < 8_000
    assert connect(server).run("x")[-1]["status"] == "ok"


@pytest.mark.parametrize("size", [2**22, 3 * 2**20 + 1])
def test_a_message_in_one_frame_above_the_limit_closes_the_connection(
    server: Any, connect: Connect, size: int
) -> None:
    tab = connect(server)
    try:
        tab.say("4" + "x" * (size - 1))
    except (ConnectionError, websocket.WebSocketException):
        return
    assert tab.closed()


def test_commands_come_too_fast_and_acknowledgements_do_not_count(server: Any, connect: Connect) -> None:
    tab = connect(server)
    for number in range(60):
        tab.command({"type": "ack", "run": "r1", "seq": number})
    began = last = time.monotonic()
    for _ in range(230):
        tab.command({"type": "cancel", "run": "r1"})
    refusals = 0
    tab.socket.settimeout(1)
    with contextlib.suppress(websocket.WebSocketTimeoutException):
        while True:
            assert "60 a second" in tab.event()["message"]
            refusals += 1
            last = time.monotonic()
    # 120 at once are let through, and 60 more for every second that it took.
    assert 110 - 60 * (last - began) - 1 <= refusals <= 110
    tab.socket.settimeout(10)
    assert tab.run("x")[-1]["status"] == "ok"


def test_a_flood_closes_the_connection(server: Any, connect: Connect) -> None:
    tab, other = connect(server), connect(server)
    with contextlib.suppress(ConnectionError, websocket.WebSocketException):
        for _ in range(2_000):
            tab.command({"type": "ack", "run": "r1", "seq": 1})
    assert tab.closed()
    assert other.run("x")[-1]["status"] == "ok"


def test_commands_reach_the_runner_and_a_closed_tab_is_reported(server: Any, connect: Connect) -> None:
    tab = connect(server)
    tab.command({"type": "run", "run": "first", "code": "wait", "device": "cuda", "seed": 7})
    assert tab.event()["type"] == "started"
    tab.command({"type": "ack", "run": "first", "seq": 1})
    tab.command({"type": "cancel", "run": "first"})
    assert tab.event()["status"] == "cancelled"
    tab.close()
    end = time.monotonic() + 5
    while True:
        calls = told(connect, server)
        submit = next(call for call in calls if call[0] == "submit" and call[3] == "first")
        client = submit[1]
        if ["disconnect", client] in calls:
            break
        assert time.monotonic() < end
    assert submit[2:] == ["127.0.0.1", "first", "cuda", 7]
    assert ["ack", client, "first", 1] in calls
    assert ["cancel", client, "first"] in calls


def test_a_newer_run_replaces_the_older_one_of_its_tab(tab: Any) -> None:
    tab.command({"type": "run", "run": "old", "code": "wait"})
    assert tab.event()["run"] == "old"
    tab.command({"type": "run", "run": "new", "code": "x"})
    events = tab.until("finished")
    assert (events[-1]["run"], events[-1]["status"]) == ("old", "cancelled")
    assert {e["run"] for e in tab.until("finished")} == {"new"}


def test_a_page_is_told_when_the_gpu_comes_or_goes(server: Any, connect: Connect) -> None:
    behind = connect(server, auth={"no_gpu": "The GPU is being made ready."})
    strange = connect(server, auth={"no_gpu": {"reason": [1]}})
    for tab in (behind, strange):
        event = tab.until("gpu")[-1]
        assert (event["run"], event["reason"]) == ("", "")
    told, silent = connect(server, auth={"no_gpu": ""}), connect(server)
    told.command({"type": "run", "run": "r1", "code": "gpu The card is lost."})
    for tab in (behind, strange, told, silent):
        assert tab.until("gpu")[-1]["reason"] == "The card is lost."


def test_answers_about_a_run_and_binary_values(tab: Any) -> None:
    tab.run("x", run="r1")
    tab.command({"type": "inspect", "run": "r1", "node": 3})
    assert tab.event() == {
        "type": "detail",
        "run": "r1",
        "seq": 4,
        "node": 3,
        "values": [{"numel": 1, "data": [1.0]}],
        "grads": [],
        "accumulated": None,
        "note": "",
    }
    tab.command({"type": "jacobian", "run": "r1", "output": 1, "inputs": [2]})
    assert tab.event()["blocks"][0]["values"] == b"\x00" * 8
    tab.command({"type": "inspect", "run": "other", "node": 3})
    assert tab.event()["field"] == "run"


def test_a_large_event_arrives_whole_at_a_slow_reader(server: Any, connect: Connect) -> None:
    tab = connect(server, sockopt=((sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096),))
    tab.command({"type": "run", "run": "r1", "code": "huge"})
    time.sleep(0.5)  # the server's buffers fill up and its writes are cut into parts
    events = tab.until("finished")
    assert len(events[1]["nodes"]) == 20_000
    assert events[1]["nodes"][19_999]["id"] == 19_999


def test_a_reader_that_stops_reading_is_dropped_and_holds_nobody_up(server: Any, connect: Connect) -> None:
    tab, other = connect(server, sockopt=((sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096),)), connect(server)
    tab.command({"type": "run", "run": "r1", "code": "flood 5000"})
    assert other.run("x")[-1]["status"] == "ok"
    end = time.monotonic() + 20
    while "reads too slowly" not in server.log.read_text():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert server.memory_kb() < 400_000
    assert other.run("x")[-1]["status"] == "ok"


def test_only_websocket_and_only_from_this_site(server: Any, connect: Connect) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    assert refused.value.code == 400
    refused.value.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as bad:
        connect(server, origin="https://elsewhere.example")
    assert bad.value.status_code == 400
    # A name of another site that points here: origin and host agree, but it is not our name.
    with pytest.raises(websocket.WebSocketBadStatusException) as bad:
        connect(server, host="evil.example", origin="http://evil.example")
    assert bad.value.status_code == 421
    assert connect(server, origin=server.url).run("x")[-1]["status"] == "ok"


def test_nothing_is_compressed_so_that_nothing_unpacks(server: Any, connect: Connect) -> None:
    tab = connect(server, header=["Sec-WebSocket-Extensions: permessage-deflate"])
    assert "sec-websocket-extensions" not in tab.socket.getheaders()


def test_pings_come_every_25_seconds_and_may_take_20(tab: Any) -> None:
    assert tab.opened["pingInterval"] == 25_000
    assert tab.opened["pingTimeout"] == 20_000
    assert tab.opened["maxPayload"] == 3 * 1024 * 1024
    assert tab.opened["upgrades"] == []


def test_nothing_was_logged_as_an_exception(server: Any, tab: Any) -> None:
    """Last in the file on purpose: after all of the above, hostile input has raised nowhere."""
    tab.run("x")
    before, found, after = server.log.read_text(errors="replace").partition("Traceback")
    assert not found, before[-500:] + found + after[:3_000]
