"""The ground itself: an error on a page does fail its test."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.conftest import Problems, Server


def test_errors_of_a_page_are_seen(page: Page, problems: Problems, server: Server) -> None:
    page.goto("/healthz")
    page.evaluate("console.error('one said')")
    page.evaluate("setTimeout(() => { throw new Error('one thrown') })")
    assert page.evaluate("fetch('/there-is-no-such-page').then((answer) => answer.status)") == 404
    for problem in ("console error: one said", "uncaught: one thrown", "HTTP 404: .*/there-is-no-such-page"):
        assert problem.replace(".*", server.url) in " ".join(problems.seen)
        problems.expect(problem)
    assert len(problems.seen) == 3
    assert problems.report() == ""
    problems.expect("this did not happen")
    assert problems.report() == "expected, but not seen: this did not happen"
    problems.expected.pop()


def test_another_host_is_not_asked(page: Page, problems: Problems) -> None:
    page.goto("/healthz")
    assert page.evaluate("fetch('http://elsewhere.invalid/').catch(() => 'refused')") == "refused"
    problems.expect("Content Security Policy")


def test_server_serves_and_says_where(server: Server) -> None:
    assert server.url in server.tail()
