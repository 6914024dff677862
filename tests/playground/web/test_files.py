"""The server's part in files: checking a session without storing it, and writing graphs in other formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from playground.settings import load

CONTENT: dict[str, Any] = {
    "code": "x = 1",
    "title": "</script><img src=x>",
    "events": [
        {
            "type": "graph",
            "run": "r",
            "seq": 1,
            "nodes": [
                {
                    "id": 0,
                    "kind": "leaf",
                    "op": "aten::ones",
                    "outputs": [{"shape": [2], "dtype": "float32", "value": {"numel": 2}}],
                }
            ],
        }
    ],
}


@pytest.fixture
def client(site: Callable[..., FlaskClient]) -> FlaskClient:
    """A fresh server's, so that nothing has been counted yet."""
    return site()


def test_check_answers_with_what_the_server_understood(client: FlaskClient) -> None:
    answer = client.post("/api/sessions/check", json=CONTENT)
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["code"] == "x = 1"
    assert found["events"][0]["nodes"][0]["op"] == "aten::ones"
    assert answer.headers["Cache-Control"] == "no-store"


def test_check_stores_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def store(*_: object) -> None:
        raise AssertionError("nothing may be stored")

    monkeypatch.setattr("playground.store.sessions.Sessions.save", store)
    assert client.post("/api/sessions/check", json=CONTENT).status_code == 200
    assert client.post("/api/export/dot", json=CONTENT).status_code == 200


@pytest.mark.parametrize("path", ["/api/sessions/check", "/api/export/dot", "/api/export/model-explorer"])
def test_files_are_refused_as_share_refuses_them(client: FlaskClient, path: str) -> None:
    for wrong, status, said in (
        ({"code": 1}, 400, "code"),
        ({}, 400, "The field `code` is missing"),
        ({"code": "", "extra": 1}, 400, "There is no field `extra`"),
        ({"code": "", "events": [{"type": "output"}]}, 400, "events[0]"),
        ({"code": "x\n" * 2_001}, 413, "2,002 lines"),
    ):
        answer = client.post(path, json=wrong)
        assert answer.status_code == status
        assert said in answer.get_json()["error"]
        assert client.post("/api/sessions", json=wrong).get_json()["error"] == answer.get_json()["error"]
    assert client.post(path, data="{", content_type="application/json").status_code == 400
    assert client.post(path, data="{}", content_type="text/plain").status_code == 415
    large = json.dumps({"code": "", "title": "x" * load({}).session_bytes})
    assert client.post(path, data=large, content_type="application/json").status_code == 413
    assert client.get(path).status_code in (404, 405)


def test_formats(client: FlaskClient) -> None:
    dot = client.post("/api/export/dot", json=CONTENT)
    assert dot.mimetype == "text/vnd.graphviz"
    assert dot.text.startswith('digraph "</script><img src=x>" {')
    assert dot.headers["X-Content-Type-Options"] == "nosniff"
    graph = client.post("/api/export/model-explorer", json=CONTENT)
    assert graph.mimetype == "application/json"
    assert graph.get_json()["graphs"][0]["nodes"][0]["label"] == "ones"
    missing = client.post("/api/export/svg", json=CONTENT)
    assert missing.status_code == 404
    assert missing.get_json()["error"] == "There is no such format; there are dot and model-explorer."


def test_an_address_is_held_to_a_rate(client: FlaskClient) -> None:
    allowed = load({}).files_per_minute
    statuses = [client.post("/api/export/dot", json=CONTENT).status_code for _ in range(allowed + 5)]
    assert statuses[:allowed] == [200] * allowed
    assert statuses[-1] == 429
    refused = client.post("/api/sessions/check", json=CONTENT)
    assert refused.status_code == 429
    assert f"at most {allowed} a minute" in refused.get_json()["error"]
    elsewhere = client.post("/api/sessions/check", json=CONTENT, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200
