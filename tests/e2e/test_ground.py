"""The ground itself: an error on a page does fail its test."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.conftest import Problems, Server


def test_errors_of_a_page_are_seen(page: Page, problems: Problems) -> None:
    page.goto("/healthz")
    page.evaluate("console.error('one said')")
    page.evaluate("setTimeout(() => { throw new Error('one thrown') })")
    page.evaluate("fetch('/there-is-no-such-page')")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "performance.getEntriesByName(location.origin + '/there-is-no-such-page').length > 0"
    )
    for problem in ("one said", "one thrown", "HTTP 404: .*/there-is-no-such-page"):
        assert len([s for s in problems.seen if problem.split(": .*")[-1] in s]) == 1, problems.seen
        problems.expect(problem)
    assert problems.report() == ""
    problems.expect("this did not happen")
    assert problems.report() == "expected, but not seen: this did not happen"
    problems.expected.pop()


def test_another_host_is_not_asked(page: Page, problems: Problems) -> None:
    page.goto("/healthz")
    page.route("**/*.invalid/*", lambda route: route.abort())
    page.evaluate("fetch('http://elsewhere.invalid/').catch(() => 0)")
    assert any("another host" in problem for problem in problems.seen)
    problems.expect("elsewhere.invalid")


def test_server_serves_and_says_where(server: Server) -> None:
    assert server.url in server.tail()
