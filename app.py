"""The autograd playground's web server: ``python app.py``, or ``gunicorn -k gevent -w 1 "app:create_app()"``."""

from __future__ import annotations

if __name__ == "__main__":
    # Before anything else is imported. Gunicorn's gevent worker has done it when it gets here, and a test that only
    # wants `create_app` must not be patched.
    from gevent import monkey

    monkey.patch_all()

import atexit
import logging
import os
import sys
import threading
import time

from flask import Flask
from socketio import PubSubManager

from playground.runner import doctor
from playground.runner.client import Runner
from playground.runner.interface import ProgramRunner
from playground.settings import Settings, SettingsError, for_oneself, load
from playground.store.sessions import Sessions, Unavailable
from playground.web import compression, logs, security
from playground.web.assets import BUILD, URL, Assets
from playground.web.leaving import Leaving
from playground.web.metrics import Metrics
from playground.web.server import make
from playground.web.sockets import Sockets
from playground.web.throttle import Fairness, alone
from playground.web.views import handle_errors, views

log = logging.getLogger("playground")


def create_app(settings: Settings | None = None, runner: ProgramRunner | None = None) -> Flask:
    """The application, with what runs programs started. A `runner` that is passed is used as it is.

    Ends the process with a sentence if none is passed and programs are not sealed here.
    """
    settings = settings if settings is not None else load(os.environ)
    hosted = runner is None
    if hosted:
        logs.set_up(settings.log)
    fairness, queue = alone(settings), None
    if runner is None and settings.redis_url:
        runner, fairness, queue = join_fleet(settings)
    elif runner is None:
        # Started by another server, gunicorn for example: nobody here knows where it listens.
        if problem := doctor.refusal("", settings.limits):
            sys.exit(problem)
        runner = start_runner(settings)
    app = Flask(__name__, static_folder=str(BUILD), static_url_path=URL)
    app.config["MAX_CONTENT_LENGTH"] = settings.session_bytes
    assets = Assets()
    sessions = Sessions(settings.database_url, max_bytes=settings.database_bytes)
    if settings.keep_days:
        threading.Thread(
            target=tidy, args=(sessions, settings.keep_days), name="tidy-sessions", daemon=True
        ).start()
    metrics = Metrics(runner)
    app.register_blueprint(views(settings, sessions, runner, fairness, assets, metrics))
    handle_errors(app, assets)
    compression.compress(app)
    sockets = Sockets(app, runner, fairness, settings, metrics, queue)
    app.extensions["leaving"] = leaving = Leaving(sockets, runner, settings.grace_s)
    if hosted:
        leaving.before_sigterm()
    security.protect(app, proxies=settings.proxies, hosts=settings.hosts)
    return app


def tidy(sessions: Sessions, days: int) -> None:
    """Remove what nobody opens any more, now and then every hour."""
    while True:
        try:
            if count := sessions.prune(days):
                log.info("removed %d sessions that nobody had opened for %d days", count, days)
        except Unavailable:
            pass  # it has been logged, and the next hour is soon enough
        time.sleep(3600)


def start_runner(settings: Settings) -> Runner:
    """The supervisor and what is under it; ended with this process."""
    runner = Runner(settings.limits)
    runner.start()
    atexit.register(runner.close)
    return runner


def join_fleet(settings: Settings) -> tuple[ProgramRunner, Fairness, PubSubManager]:
    """The workers that are reached through Redis; left with this process."""
    try:
        from playground.fleet.client import Fleet
        from playground.fleet.queue import SharedQueue
    except ImportError as problem:
        sys.exit(
            f"REDIS_URL is set, and {problem.name} is not installed: pip install -r requirements/fleet.txt, or leave "
            "REDIS_URL out."
        )
    fleet = Fleet(settings)
    fleet.start()
    atexit.register(fleet.close)
    return fleet, fleet.fairness, SharedQueue(settings.redis_url)


def main() -> None:
    """Serve on this machine until interrupted."""
    try:
        settings = load(os.environ)
    except SettingsError as problem:
        sys.exit(str(problem))
    logs.set_up(settings.log)
    # With workers elsewhere no program runs here; each worker looks for itself.
    if not settings.redis_url and (
        refusal := doctor.refusal(
            settings.host, settings.limits, proxies=settings.proxies, hosts=settings.hosts
        )
    ):
        sys.exit(refusal)
    if doctor.is_own(settings.host) and not settings.proxies:
        settings = for_oneself(settings)
    app = create_app(settings, None if settings.redis_url else start_runner(settings))
    server = make(settings.host, settings.port, app)
    try:
        server.init_socket()
    except OSError as problem:
        sys.exit(
            f"PORT={settings.port} on {settings.host} cannot be used: {problem.strerror}. Choose another PORT."
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"The autograd playground is at http://{host}:{server.address[1]} (Ctrl+C ends it)", flush=True)
    app.extensions["leaving"].on_signals(server.stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
