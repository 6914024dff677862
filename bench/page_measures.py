"""What is measured of the page, as functions of an open tab. The benchmark reports it, the browser tests hold it.

Times are milliseconds. A picture counts as on the screen when the diagram has painted all of it; the page says so
itself, as an entry "autograd-graph" of the browser's user timing, from when it was asked for until it was painted.
"""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Page, expect

WATCH = """(() => {
    const long = window.longTasks = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) long.push([entry.startTime, entry.duration]);
    }).observe({type: "longtask", buffered: true});
    window.pictures = since => performance.getEntriesByName("autograd-graph").filter(e => e.startTime >= since);
    // One turn of the page: what follows a call until the browser has painted, and its frame's own work.
    window.workOf = async act => {
        const began = performance.now();
        act();
        const at = performance.now() - began;
        const frame = await new Promise(done => requestAnimationFrame(start => {
            const script = performance.now() - start;
            const channel = new MessageChannel();
            channel.port1.onmessage = () => done(Math.max(script, performance.now() - start));
            channel.port2.postMessage(0);
        }));
        return at + frame;
    };
})()"""
"""To be evaluated in a tab before anything else. Long tasks are those over 50 ms."""

IDLE = """() => document.querySelector("autograd-graph").getAttribute("aria-busy") === "false" """
QUIET_MS = 400


def start(page: Page, url: str) -> None:
    """Opens the page and waits for its first example."""
    page.add_init_script(WATCH)
    page.goto(url)
    expect(page.locator(".status [role=status]")).to_contain_text("Finished", timeout=60_000)
    quiet(page)


def quiet(page: Page) -> None:
    """Waits until no layout is under way and no long task has ended for a while."""
    page.wait_for_function(IDLE)
    page.wait_for_function(
        "quiet => performance.now() - (window.longTasks.at(-1) ?? [0, 0]).reduce((a, b) => a + b) > quiet",
        arg=QUIET_MS,
    )


def run(page: Page, code: str, seconds: float = 120) -> None:
    """Replaces the program, runs it and waits until it has ended and is drawn."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor-stale")).to_have_count(0)
    expect(page.locator(".status [role=status]")).to_contain_text("Finished", timeout=seconds * 1000)
    quiet(page)


def longest_task(page: Page, since: float) -> float:
    """Of the tasks that began after `since`, on the page's clock; 0 if none took 50 ms."""
    tasks: list[list[float]] = page.evaluate("window.longTasks")
    return max((duration for begin, duration in tasks if begin >= since), default=0.0)


def noise(page: Page) -> float:
    """How many times as long the same work takes at worst, because others want the cores; 1 on a quiet machine."""
    times: list[float] = page.evaluate(
        """async () => {
            const times = [];
            for (let i = 0; i < 60; i++) {
                const began = performance.now();
                for (let k = 0, x = 1; k < 5e5; k++) x = (x * 48271) % 2147483647;
                times.push(performance.now() - began);
                await new Promise(done => setTimeout(done));
            }
            return times;
        }"""
    )
    return max(times) / min(times)


def now(page: Page) -> float:
    """The page's clock."""
    moment: float = page.evaluate("performance.now()")
    return moment


def pictures(page: Page, since: float) -> list[float]:
    """How long each picture took that was asked for after `since`."""
    found: list[float] = page.evaluate("since => pictures(since).map(entry => entry.duration)", since)
    return found


def first_picture(page: Page) -> float:
    """From asking for the layout of all that is recorded, with nothing known of it, until it is painted."""
    page.evaluate(
        """async () => {
            const graph = document.querySelector("autograd-graph"), {model, parentElement} = graph;
            const all = {
                nodes: model.nodes.map(node => node.wire), steps: model.steps, omitted: 0,
                edges: model.nodes.flatMap(node => node.ins.map(({source, output, input, cut}) =>
                    ({source: source.id, target: node.id, output, input, cut}))),
                scopes: [...model.scopes.values()].map(scope => ({...scope, parent: scope.parent?.id ?? 0})),
            };
            const next = document.createElement("autograd-graph");
            next.push(all);
            while (next.steps < all.steps.length) await new Promise(done => setTimeout(done, 20));
            await new Promise(done => setTimeout(done, 300));
            window.since = performance.now();
            window.before = graph;
            next.style.cssText = "position:absolute;inset:0;z-index:9;height:100%";
            parentElement.append(next);
            window.extra = next;
        }"""
    )
    page.wait_for_function("() => pictures(window.since).length > 0")
    page.wait_for_timeout(QUIET_MS)
    took: float = page.evaluate(
        """() => {
            window.extra.remove();
            return pictures(window.since)[0].duration;
        }"""
    )
    return took


DRAG = """async ([seconds, steps]) => {
    const slider = document.querySelector(".ex-slider"), value = document.querySelector(".ex-line .value");
    const {min, max} = slider, [low, high] = [Number(min), Number(max)];
    const at = [];
    const watch = new MutationObserver(() => at.push(performance.now()));
    watch.observe(value, {childList: true, characterData: true, subtree: true});
    const frame = () => new Promise(done => requestAnimationFrame(done));
    const began = performance.now();
    let now = began;
    while (now - began < 1000 * seconds) {
        const part = ((now - began) / (1000 * steps)) % 2;
        slider.value = String(low + (high - low) * (part < 1 ? part : 2 - part));
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        await frame();
        now = performance.now();
    }
    slider.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
    await new Promise(done => setTimeout(done, 500));
    watch.disconnect();
    const during = at.filter(t => t <= now);
    return {gaps: during.slice(1).map((t, i) => t - during[i]), rest: (at.at(-1) ?? now) - now};
}"""


def drag(page: Page, line: str, seconds: float = 10, *, field: bool = False) -> tuple[list[float], float]:
    """Writes an expression into an empty program and drags its first slider to and fro.

    The times from one value shown to the next, through the server and the program's process and back, and how long
    after the last move the last value came.
    """
    page.goto(f"{page.evaluate('location.origin')}/?new")
    page.get_by_role("tab", name="Code", exact=True).click()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("import torch\n")
    page.get_by_role("tab", name="Expression").click()
    page.get_by_label("New line").click()
    page.keyboard.type(line)
    page.keyboard.press("Enter")
    expect(page.locator(".ex-line .value")).to_be_visible(timeout=60_000)
    if field:
        page.get_by_role("button", name="Two inputs").click()
    expect(page.locator(".ex-arrows" if field else ".ex-curve-value")).to_be_attached()
    quiet(page)
    found = page.evaluate(DRAG, [seconds, 2.5])
    gaps: list[float] = found["gaps"]
    return gaps, found["rest"]


TITLE = """name => {
    const stage = document.querySelector(".ag-stage"), room = stage.getBoundingClientRect();
    const title = [...stage.querySelectorAll("text")].find(text => text.textContent === name);
    if (!title) return null;
    const box = title.getBoundingClientRect();
    const [x, y] = [box.x - room.x - 60, box.y - room.y - 120];
    // Two fingers on a trackpad: the picture moves until the title is well in the window.
    if (x < -20 || y < -20 || x > room.width - 200 || y > room.height - 280) {
        stage.dispatchEvent(new WheelEvent("wheel", {deltaX: x + 0.5, deltaY: y + 0.5, cancelable: true}));
        return null;
    }
    return box.toJSON();
}"""
"""Where a title is on the screen."""


def open_group(page: Page, name: str) -> tuple[float, float]:
    """Opens the group with this title by a click; how long until it was painted, and how far its title moved, in px."""
    before = page.wait_for_function(TITLE, arg=name).json_value()
    since = now(page)
    page.mouse.click(before["x"] - 12, before["y"] + before["height"] / 2)
    page.wait_for_function("since => pictures(since).length > 0", arg=since)
    took = pictures(page, since)[0]
    quiet(page)
    after = page.wait_for_function(TITLE, arg=name).json_value()
    return took, abs(after["x"] - before["x"]) + abs(after["y"] - before["y"])


def step_times(page: Page, steps: int = 60) -> list[float]:
    """The page's work for each of so many steps on the timeline, from the key to the painted frame."""
    times: list[float] = page.evaluate(
        """async steps => {
            const press = key => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            const times = [];
            for (let i = 0; i < steps; i++) {
                times.push(await workOf(() => press(i < steps / 2 ? "," : ".")));
                await new Promise(done => setTimeout(done, 20));
            }
            return times;
        }""",
        steps,
    )
    return times


def search_time(page: Page, query: str) -> float:
    """From the typed query until its answers are marked; the median of several."""
    times: list[float] = page.evaluate(
        """async query => {
            const graph = document.querySelector("autograd-graph"), times = [];
            for (let i = 0; i < 5; i++) {
                times.push(await workOf(() => graph.search(query)));
                await new Promise(done => setTimeout(done, 300));
                graph.search("");
                await new Promise(done => setTimeout(done, 100));
            }
            return times;
        }""",
        query,
    )
    return median(times)


def key_to_picture(page: Page, code: str) -> float:
    """Ctrl+Enter to the diagram of the new run, painted: through the server, a worker and back. `code` has ``{i}``."""
    times = []
    for i in range(7):
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(code.replace("{i}", str(i)))
        quiet(page)
        page.evaluate(
            """() => {
                const graph = document.querySelector("autograd-graph");
                window.pressed = window.painted = 0;
                addEventListener("keydown", event => { if (event.key === "Enter") window.pressed = performance.now(); },
                    {capture: true});
                graph.addEventListener("recorded", () => {
                    const seen = performance.now();
                    const look = () => {
                        const entry = pictures(0).find(e => e.startTime + e.duration > seen);
                        if (entry) window.painted = entry.startTime + entry.duration;
                        else setTimeout(look, 4);
                    };
                    look();
                }, {once: true});
            }"""
        )
        page.keyboard.press("Control+Enter")
        page.wait_for_function("() => window.painted > 0")
        times.append(float(page.evaluate("window.painted - window.pressed")))
        expect(page.locator(".status [role=status]")).to_contain_text("Finished")
    return median(times)
