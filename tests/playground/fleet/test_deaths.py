"""A worker, a web process or Redis dies in the middle: its runs are reported in time, and all goes on by itself."""

from __future__ import annotations

import select
import signal
import time

import pytest

from tests.playground.fleet.conftest import Open
from tests.playground.fleet.site import Site, wait_until
from tests.playground.fleet.test_fleet import LINES, WAIT, Another, begin, printed, whole
from tests.playground.web.conftest import Tab

REPORTED_S = 5.0


def lost(tab: Tab, since: float) -> str:
    """What the page of a run that was lost is told, in time: an error, and the end."""
    events = tab.until("finished")
    assert time.monotonic() - since < REPORTED_S
    assert [event["type"] for event in events[-2:]] == ["error", "finished"]
    assert events[-1]["status"] == "crashed"
    assert events[-2]["message"] == events[-1]["message"]
    return str(events[-1]["message"])


def test_a_worker_that_is_killed(site: Site, visit: Open, another: Another) -> None:
    tabs = [visit(web, another()) for web in site.webs]
    for tab in tabs:
        begin(tab)
    asker = visit(site.webs[0], another())
    since = time.monotonic()
    site.workers[0].kill()
    site.workers[1].kill()
    for tab in tabs:
        assert "worker" in lost(tab, since)
    assert asker.run(LINES)[-1]["message"].startswith("No worker is there")
    assert [web.get("/healthz")[0] for web in site.webs] == [503, 503]
    site.whole()
    for tab in (*tabs, asker):
        assert tab.run(LINES, run="again")[-1]["status"] == "ok"


def test_one_of_two_workers_is_killed(site: Site, visit: Open, another: Another) -> None:
    tabs = [visit(web, another()) for web in site.webs]
    for tab in tabs:
        begin(tab)
    third = visit(site.webs[0], another())
    third.command({"type": "run", "run": "r1", "code": LINES})
    assert third.event()["type"] == "queued"
    since = time.monotonic()
    site.workers[1].kill()
    # Which of the two it had is not known from outside. Its page is told, and the other's run goes on.
    ready, _, _ = select.select([tab.socket.sock for tab in tabs], [], [], REPORTED_S)
    (told,) = [tab for tab in tabs if tab.socket.sock in ready]
    assert "worker" in lost(told, since)
    (other,) = [tab for tab in tabs if tab is not told]
    other.command({"type": "inspect", "run": "r1", "node": 0})
    other.command({"type": "cancel", "run": "r1"})
    assert other.until("finished")[-1]["status"] == "cancelled"
    assert third.until("finished")[-1]["status"] == "ok"


def test_what_a_killed_worker_kept_for_questions(site: Site, visit: Open) -> None:
    tab = visit(site.webs[0])
    assert tab.run(LINES)[-1]["interactive"]
    for worker in site.workers:
        worker.kill()
    wait_until(lambda: site.webs[0].workers() == 0, "its being noticed")
    tab.command({"type": "inspect", "run": "r1", "node": 0})
    assert (said := tab.event())["type"] == "error"
    assert (said["field"], said["question"]) == ("run", "inspect")


def test_a_worker_that_is_told_to_end_lets_its_run_end(site: Site, visit: Open, another: Another) -> None:
    code = "import time\nprint('here')\ntime.sleep(2)\nprint('there')"
    tabs = [visit(web, another()) for web in site.webs]
    for tab in tabs:
        begin(tab, code)
    for worker in site.workers:
        assert worker.process is not None
        worker.process.terminate()
    for tab in tabs:
        assert printed(events := tab.until("finished")) == "there\n"
        assert events[-1]["status"] == "ok"
    for worker in site.workers:
        assert worker.process is not None
        assert worker.process.wait(30) == 0
        worker.process = None


def test_redis_is_killed_and_comes_back(site: Site, visit: Open, another: Another, address: str) -> None:
    tabs = [visit(web, another()) for web in site.webs]
    waiting = visit(site.webs[0], another())
    for tab in tabs:
        begin(tab)
    waiting.command({"type": "run", "run": "r1", "code": WAIT})
    assert waiting.event()["type"] == "queued"
    status, stored = site.webs[0].post({"code": "x = 'kept'"}, address)
    assert status == 201
    since = time.monotonic()
    site.redis.kill()
    try:
        for tab in (*tabs, waiting):
            assert "connection to its workers" in lost(tab, since)
        assert waiting.run(LINES, run="r2")[-1]["message"].startswith("The server cannot reach its workers")
        # What does not need Redis goes on: sessions, pages, and each web process counts for itself.
        assert site.webs[1].get(f"/api/sessions/{stored['id']}")[0] == 200
        assert site.webs[1].get("/healthz/live")[0] == 200
        assert site.webs[1].get("/healthz")[0] == 503
        assert site.webs[1].post({"code": "x = 'without'"}, another())[0] == 201
        late = visit(site.webs[1], another())
    finally:
        site.redis.start()
    wait_until(lambda: all(web.workers() == 2 for web in site.webs), "the site's coming back by itself")
    for tab in (*tabs, waiting, late):
        events = tab.run(LINES, run="after")
        whole(events)
        assert (printed(events), events[-1]["status"]) == ("tensor([2., 2., 2.])\n", "ok")


def test_a_web_process_that_is_killed_frees_what_it_held(site: Site, visit: Open, another: Another) -> None:
    dying = site.webs[1]
    here = another()
    tabs = [visit(dying, here), visit(dying, another())]
    for tab in tabs:
        begin(tab)
    same = visit(site.webs[0], here)
    same.command({"type": "run", "run": "r1", "code": LINES})
    assert same.event()["type"] == "queued"  # the address has one, and no slot is free
    since = time.monotonic()
    dying.kill()
    with pytest.raises(Exception, match=r"lost|closed|reset"):
        tabs[0].until("finished")
    assert same.until("finished")[-1]["status"] == "ok"
    assert time.monotonic() - since < REPORTED_S + 2
    wait_until(lambda: site.webs[0].get("/healthz")[1]["runner"]["running"] == 0, "the end of its programs")
    pages = [visit(site.webs[0], here) for _ in range(3)]
    assert all(page.run(LINES)[-1]["status"] == "ok" for page in pages)


@pytest.mark.parametrize("who", ["worker", "redis"])
def test_who_stands_still_is_missed_too(site: Site, visit: Open, another: Another, who: str) -> None:
    """As when a machine fails without closing its connections."""
    tabs = [visit(web, another()) for web in site.webs]
    for tab in tabs:
        begin(tab)
    processes = [site.redis.process] if who == "redis" else [worker.process for worker in site.workers]
    since = time.monotonic()
    for process in processes:
        assert process is not None
        process.send_signal(signal.SIGSTOP)
    try:
        for tab in tabs:
            lost(tab, since)
    finally:
        for process in processes:
            assert process is not None
            process.send_signal(signal.SIGCONT)
    wait_until(lambda: all(web.workers() == 2 for web in site.webs), "the site's coming back by itself")
    for tab in tabs:
        assert tab.run(LINES, run="after")[-1]["status"] == "ok"
