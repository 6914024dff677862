"""Twenty pages at once, through the server as the Procfile starts it: `make load`, but for some seconds."""

from __future__ import annotations

import asyncio
import itertools

import msgspec

from bench import load_phases, load_programs, load_server
from bench.load_phases import Phase

PAGES = 20


def test_no_run_is_lost_or_wrong_and_who_is_turned_away_is_told() -> None:
    async def drive() -> tuple[Phase, Phase]:
        # A queue that is too short for so many, so that some find it full.
        with load_server.serve(PLAYGROUND_SLOTS="2", PLAYGROUND_QUEUE_PER_SLOT="4") as server:
            pages = await load_phases.open_pages(server.url, PAGES)
            busy = await load_phases.in_turn(server, pages, "all at once", 1.5, load_programs.mixed)
            # The same programs with another result than they have: whoever looks finds it.
            wrong = lambda number: msgspec.structs.replace(load_programs.short(number), output="0.0\n")  # noqa: E731
            seen = await load_phases.one_by_one(server, pages[0], "wrong", 1, wrong, 0.0)
            for page in pages:
                page.close()
        return busy, seen

    busy, seen = asyncio.run(drive())
    assert busy.problems() == []
    assert {outcome.program for outcome in busy.good} > {"five lines", "01_graph_tracing"}
    assert busy.shed
    assert len(busy.good) + busy.shed == len(busy.outcomes)
    assert ["expected '0.0\\n'" in what for what in seen.wrong] == [True]


def test_the_numbers_of_a_short_program_tell_its_run() -> None:
    outputs = [
        load_programs.short(number).output for number in itertools.chain(range(5), range(10**6 - 5, 10**6))
    ]
    assert len(set(outputs)) == len(outputs)
