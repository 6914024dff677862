"""Two web processes, two workers and a Redis: everything that works with one machine works with several."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec
import websocket

from playground.fleet import messages
from playground.protocol import Finished, Output
from playground.runner import wire
from tests.playground.fleet.conftest import Open
from tests.playground.fleet.site import Site
from tests.playground.web.conftest import Tab, wait_for

LINES = "import torch\nx = torch.ones(3, requires_grad=True)\ny = (x * 2).sum()\ny.backward()\nprint(x.grad)"
WAIT = "import time\nprint('here')\nwhile True:\n    time.sleep(0.01)"
TRAIN = """\
import torch
w = torch.zeros(2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(1_000_000):
    loss = ((w - 3) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
Another = Callable[[], str]


def begin(tab: Tab, code: str = WAIT, run: str = "r1") -> None:
    """Start a program and wait until it has printed something."""
    tab.command({"type": "run", "run": run, "code": code})
    tab.until("output")


def whole(events: list[dict[str, Any]]) -> None:
    """The events of one run from its beginning, numbered without gaps, and its end is the last."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("finished") == 1


def printed(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["type"] == "output")


# --- What works ------------------------------------------------------------------------------------------------------


def test_a_program_runs_through_each_web_process(site: Site, visit: Open, another: Another) -> None:
    for web in site.webs:
        events = visit(web, another()).run(LINES)
        whole(events)
        assert events[-1]["status"] == "ok"
        assert events[-1]["interactive"]
        assert printed(events) == "tensor([2., 2., 2.])\n"


def test_what_one_web_process_stores_the_other_shows(site: Site, address: str) -> None:
    one, two = site.webs
    status, said = one.post({"code": "x = 'from one'"}, address)
    assert status == 201
    assert two.get(f"/api/sessions/{said['id']}")[1]["content"]["code"] == "x = 'from one'"


def test_health_and_metrics_tell_of_the_workers(site: Site) -> None:
    for web in site.webs:
        status, state = web.get("/healthz")
        assert (status, state["ready"], state["runner"]["workers"], state["runner"]["slots"]) == (
            200,
            True,
            2,
            2,
        )
        assert "playground_runner_workers 2.0" in web.get("/metrics")[1]


def test_programs_are_read_while_no_slot_is_free(site: Site, visit: Open, another: Another) -> None:
    for web in site.webs:
        begin(visit(web, another()))
    for web in site.webs:
        tab = visit(web, another())
        tab.command({"type": "parse", "run": "read", "code": LINES})
        events = tab.until("finished")
        whole(events)
        assert events[0]["type"] == "document"
        assert events[0]["blocks"]


def test_questions_go_to_the_worker_that_ran_it(site: Site, visit: Open) -> None:
    tab = visit(site.webs[0])
    events = tab.run(LINES)
    tab.command({"type": "inspect", "run": "r1", "node": 0})
    detail = tab.event()
    assert (detail["type"], detail["values"][0]["data"], detail["seq"]) == (
        "detail",
        [1, 1, 1],
        len(events) + 1,
    )
    for factor in range(60):  # as a dragged control does: the next when the answer to the last is there
        code = LINES.replace("x * 2", f"x * {factor}")
        tab.command({"type": "live", "run": "r1", "number": factor, "code": code})
        answer = tab.event()
        assert answer["type"] == "live", answer
        assert answer["number"] == factor
        assert [part["text"] for part in answer["shown"]] == [f"tensor([{factor}., {factor}., {factor}.])\n"]
    tab.command({"type": "inspect", "run": "other", "node": 0})
    assert (said := tab.event())["question"] == "inspect"
    assert said["seq"] == 0


def test_a_training_is_held_tuned_stepped_and_let_go_on(site: Site, visit: Open, another: Another) -> None:
    tab = visit(site.webs[1])
    tab.command({"type": "run", "run": "r1", "code": TRAIN})
    tab.until("training")
    tab.command({"type": "control", "run": "r1", "action": "pause"})
    held = tab.until("paused")[-1]
    # Who is held needs no slot: two others run at the same time.
    others = [visit(web, another()) for web in site.webs]
    for other in others:
        begin(other)
    tab.command({"type": "tune", "run": "r1", "optimizer": 0, "group": 0, "lr": 0.25})
    tab.command({"type": "control", "run": "r1", "action": "step"})
    events = tab.until("paused")
    assert events[-1]["step"] == held["step"] + 1
    tab.command({"type": "control", "run": "r1", "action": "resume"})
    events += tab.until("resumed")
    events += tab.until("training")
    tab.command({"type": "cancel", "run": "r1"})
    assert tab.until("finished")[-1]["status"] == "cancelled"
    learners = [learner for event in events for learner in event.get("learners", [])]
    assert [learner["lr"] for learner in learners][-1:] == [0.25]


def test_stop_ends_what_runs_and_what_waits(site: Site, visit: Open, another: Another) -> None:
    tabs = [visit(site.webs[0], another()) for _ in range(3)]
    for tab in tabs[:2]:
        begin(tab)
    tabs[2].command({"type": "run", "run": "r1", "code": WAIT})
    assert tabs[2].event()["type"] == "queued"
    for tab in reversed(tabs):
        tab.command({"type": "cancel", "run": "r1"})
        assert tab.until("finished")[-1]["status"] == "cancelled"
    assert tabs[2].run(LINES)[-1]["status"] == "ok"


def test_a_newer_run_of_a_tab_takes_the_place_of_the_older(site: Site, visit: Open) -> None:
    tab = visit(site.webs[0])
    begin(tab)
    tab.command({"type": "run", "run": "r2", "code": LINES})
    events = tab.until("finished")
    assert (events[-1]["run"], events[-1]["status"]) == ("r1", "cancelled")
    assert events[-1]["message"] == "The run was replaced by a newer one."
    events = tab.until("finished")
    whole(events)
    assert (events[-1]["run"], events[-1]["status"]) == ("r2", "ok")


def test_a_page_that_acknowledges_is_not_run_ahead_of(site: Site, visit: Open) -> None:
    tab = visit(site.webs[0])
    code = "import time\nfor i in range(120):\n    print(i, flush=True)\n    time.sleep(0.012)"
    tab.command({"type": "run", "run": "r1", "code": code})
    events = tab.until("started")
    tab.command({"type": "ack", "run": "r1", "seq": events[-1]["seq"]})
    tab.socket.settimeout(1.0)
    with contextlib.suppress(websocket.WebSocketTimeoutException):
        while True:
            events.append(tab.event())
    assert 5 < len(events) <= 16
    assert events[-1]["type"] != "finished"
    tab.socket.settimeout(10)
    while events[-1]["type"] != "finished":
        tab.command({"type": "ack", "run": "r1", "seq": events[-1]["seq"]})
        events.append(tab.event())
    whole(events)
    assert printed(events) == "".join(f"{i}\n" for i in range(120))


def test_closing_a_page_frees_its_slot(site: Site, visit: Open, another: Another) -> None:
    tabs = [visit(web, another()) for web in site.webs]
    for tab in tabs:
        begin(tab)
    third = visit(site.webs[0], another())
    third.command({"type": "run", "run": "r1", "code": LINES})
    assert third.event()["position"] == 1
    tabs[1].close()
    assert third.until("finished")[-1]["status"] == "ok"


def test_a_tab_that_is_back_elsewhere_takes_its_place(site: Site, visit: Open, another: Another) -> None:
    one, two = site.webs
    tab = f'40{{"tab":"{secrets.token_hex(16)}"}}'
    here = another()
    dead = visit(one, here, join=False)
    dead.say(tab)
    assert dead.socket.recv().startswith("40{")
    begin(dead)
    # Its connection is still open when the same tab is at the other: an address may run one program at a time.
    back = visit(two, here, join=False)
    back.say(tab)
    assert back.socket.recv().startswith("40{")
    events = back.run(LINES, run="newer")
    assert (printed(events), events[-1]["status"]) == ("tensor([2., 2., 2.])\n", "ok")
    assert dead.socket.recv().startswith("41")
    stranger = visit(two, another(), join=False)
    stranger.say('40{"tab":"../x"}')
    assert stranger.socket.recv().startswith("40{")
    assert back.run(LINES, run="again")[-1]["status"] == "ok"


# --- Fairness --------------------------------------------------------------------------------------------------------


def test_there_is_one_queue_and_everybody_sees_where_they_stand(
    site: Site, visit: Open, another: Another
) -> None:
    running = [visit(web, another()) for web in site.webs]
    for tab in running:
        begin(tab)
    waiting = [visit(site.webs[n % 2], another()) for n in range(4)]
    for position, tab in enumerate(waiting, 1):
        tab.command({"type": "run", "run": "r1", "code": LINES})
        assert (tab.event() | {"run": "", "seq": 0}) == {
            "type": "queued",
            "run": "",
            "seq": 0,
            "position": position,
        }
    fifth = visit(site.webs[0], another())
    began = time.monotonic()
    refused = fifth.run(LINES)
    assert time.monotonic() - began < 1.5
    assert "busy" in refused[-1]["message"]
    running[0].command({"type": "cancel", "run": "r1"})
    for tab in waiting:
        events = tab.until("finished")
        assert events[-1]["status"] == "ok"
        positions = [event["position"] for event in events if event["type"] == "queued"]
        assert positions == sorted(positions, reverse=True)


def test_who_waits_too_long_is_told(site: Site, visit: Open, another: Another) -> None:
    for web in site.webs:
        begin(visit(web, another()))
    events = visit(site.webs[0], another()).run(LINES)
    whole(events)
    assert events[-1]["message"] == "No worker was free within 6 s; run the program again later."


def test_an_address_runs_so_many_at_a_time_wherever_it_is_connected(site: Site, visit: Open) -> None:
    one, two = (visit(web) for web in site.webs)
    begin(one)
    two.command({"type": "run", "run": "r1", "code": LINES})
    assert two.event()["type"] == "queued"  # though a slot is free
    wait_for(lambda: site.webs[0].get("/healthz")[1]["runner"]["running"] == 1)
    one.command({"type": "cancel", "run": "r1"})
    assert two.until("finished")[-1]["status"] == "ok"


def test_runs_links_and_pages_of_an_address_are_counted_over_all(
    site: Site, visit: Open, address: str
) -> None:
    tabs = [visit(web) for web in site.webs]
    for number in range(12):
        tabs[number % 2].command({"type": "run", "run": f"r{number}", "code": ""})
        tabs[number % 2].until("finished")
    for number in range(12, 30):
        tabs[number % 2].command({"type": "run", "run": f"r{number}", "code": ""})
    for tab in tabs:
        while "Too many runs" not in tab.event().get("message", ""):
            pass
    codes = [site.webs[n % 2].post({"code": f"x = {n}"}, address)[0] for n in range(4)]
    assert codes == [201, 201, 201, 429]
    tabs += [visit(web) for web in site.webs]
    fifth = visit(site.webs[0], join=False)
    fifth.say("40")
    assert "Too many pages are open from your address: expected at most 4." in fifth.socket.recv()
    tabs[1].close()

    def free() -> bool:
        sixth = visit(site.webs[0], join=False)
        sixth.say("40")
        return bool(sixth.socket.recv().startswith("40{"))

    wait_for(free)


# --- What is forged --------------------------------------------------------------------------------------------------


def test_nobody_sees_what_is_forged(site: Site, visit: Open, another: Another) -> None:
    tab = visit(site.webs[0])
    begin(tab)
    begin(visit(site.webs[1], another()))
    victim = visit(site.webs[0], another())
    victim.command({"type": "run", "run": "r1", "code": LINES})
    assert victim.event()["type"] == "queued"
    redis = site.redis.connect()
    webs = [name.decode() for name in redis.smembers("playground:webs")]
    (waiting,) = redis.zrange("playground:queue:cpu", 0, -1)
    event = Output(run="r1", seq=1, cell=0, stream="stdout", text="forged")
    finished = Finished(run="r1", seq=2, status="ok", wall_ms=1.0)
    for web in webs:
        for data in (
            b"",
            b"\xc1" * 50,
            b"\x91" * 100_000,
            msgspec.msgpack.encode({"type": "Deliver", "job": 1}),
            *(messages.encode(wire.Deliver(job=number, event=event)) for number in (0, 1, int(waiting))),
            messages.encode(wire.Deliver(job=int(waiting), event=finished)),
            messages.encode(messages.Claimed(job=7, worker="nobody")),
            messages.encode(messages.Claimed(job=int(waiting), worker="../elsewhere")),
        ):
            redis.publish(f"playground:web:{web}", data)
    for message in (
        {"method": "emit", "event": "event", "data": [{"type": "output", "text": "forged"}], "host_id": "x"},
        {"method": "close_room", "room": None, "host_id": "x"},
        {"method": "callback", "host_id": "x"},
        {"method": "disconnect", "sid": "nobody", "namespace": "/", "host_id": "x"},
    ):
        redis.publish("playground:socketio", msgspec.json.encode({"namespace": "/", "room": None} | message))
    redis.publish("playground:socketio", b"\x80\x04cos\nsystem\n")
    # A worker that has taken a job sends what belongs to another's run, and then what is no event.
    redis.publish(
        f"playground:worker:{redis.smembers('playground:workers').pop().decode()}", b"\xc1 no command"
    )
    tab.command({"type": "cancel", "run": "r1"})
    assert "forged" not in printed(tab.until("finished"))
    events = victim.until("finished")
    assert printed(events) == "tensor([2., 2., 2.])\n"
    assert events[-1]["status"] == "ok"
    redis.close()


def test_a_worker_speaks_of_its_own_runs_alone(site: Site, visit: Open, another: Another) -> None:
    for web in site.webs:
        begin(visit(web, another()))
    tab = visit(site.webs[0], another())
    tab.command({"type": "run", "run": "mine", "code": LINES})
    assert tab.event()["type"] == "queued"
    redis = site.redis.connect()
    (job,) = redis.zrange("playground:queue:cpu", 0, -1)
    liar = redis.smembers("playground:workers").pop().decode()  # it claims what it will not run
    redis.zrem("playground:queue:cpu", job)
    says = [
        messages.Claimed(job=int(job), worker=liar),
        wire.Deliver(job=int(job), event=Output(run="theirs", seq=1, cell=0, stream="stdout", text="forged")),
        wire.Deliver(job=int(job), event=Output(run="mine", seq=1, cell=0, stream="stdout", text="one")),
        wire.Deliver(job=int(job), event=Output(run="mine", seq=5, cell=0, stream="stdout", text="five")),
    ]
    for web in redis.smembers("playground:webs"):
        for message in says:
            redis.publish(f"playground:web:{web.decode()}", messages.encode(message))
    events = tab.until("finished")
    assert printed(events) == "one"
    assert events[-1]["status"] == "crashed"
    assert "lost" in events[-1]["message"]
    redis.close()
