"""Settings: every one documented, every wrong value explained."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from playground.runner.limits import Limits
from playground.settings import SETTINGS, Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[3]


def test_without_an_environment_the_defaults_hold() -> None:
    assert load({}) == Settings()
    assert load({"PORT": "", "PATH": "/bin"}) == Settings()


def test_every_field_has_exactly_one_row() -> None:
    fields = [f for f in Settings.__struct_fields__ if f != "limits"]
    fields += [f"limits.{f}" for f in Limits.__struct_fields__]
    assert sorted(row.field for row in SETTINGS) == sorted(fields)
    assert len({row.name for row in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_a_row_takes_its_own_default_and_sets_its_own_field(row: object) -> None:
    assert row.doc.endswith((".", ".)"))  # type: ignore[attr-defined]
    assert load({row.name: str(row.default)}) == Settings()  # type: ignore[attr-defined]


def test_values_are_taken() -> None:
    settings = load(
        {
            "PORT": "8080",
            "HOST": "::1",
            "DATABASE_URL": "sqlite:////tmp/x.sqlite3",
            "PLAYGROUND_WALL_SOFT_S": "2.5",
            "PLAYGROUND_SLOTS": "3",
            "PLAYGROUND_SANDBOX": "off",
        }
    )
    assert (settings.port, settings.host, settings.database_url) == (8080, "::1", "sqlite:////tmp/x.sqlite3")
    assert (settings.limits.wall_soft_s, settings.limits.slots, settings.limits.sandbox) == (2.5, 3, "off")
    strict = Limits(wall_soft_s=2.5, slots=3)
    assert settings.limits == msgspec.structs.replace(strict, sandbox="off")


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("PORT", "http", "a whole number from 0 to 65535"),
        ("PORT", "70000", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number from 0 to 65535"),
        ("PORT", "80.5", "a whole number from 0 to 65535"),
        ("HOST", "0.0.0.256", "0.0.0.0 for all"),
        ("HOST", "example.com", "127.0.0.1"),
        ("PLAYGROUND_HOSTS", "https://play.example", "host names"),
        ("PLAYGROUND_HOSTS", "play.example,", "host names"),
        ("DATABASE_URL", "sessions.db", "SQLAlchemy address"),
        ("DATABASE_URL", "oracle9://x", "SQLAlchemy address"),
        ("PLAYGROUND_SANDBOX", "on", "strict or off"),
        ("PLAYGROUND_PROXIES", "many", "a whole number from 0 to 8"),
        ("PLAYGROUND_WALL_SOFT_S", "nan", "a number, 0.1 or more"),
        ("PLAYGROUND_WALL_SOFT_S", "inf", "a number, 0.1 or more"),
        ("PLAYGROUND_WALL_SOFT_S", "10s", "a number, 0.1 or more"),
        ("PLAYGROUND_SLOTS", "0", "a whole number from 1 to 1024"),
        ("PLAYGROUND_SOURCE_BYTES", "65537", "a whole number from 1 to 65536"),
    ],
)
def test_a_wrong_value_names_the_variable_the_value_and_what_is_accepted(
    name: str, value: str, accepts: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load({name: value})
    message = str(refused.value)
    assert message.startswith(f"{name}={value!r} is not accepted; expected ")
    assert accepts in message


def test_a_misspelt_setting_is_not_ignored() -> None:
    with pytest.raises(SettingsError, match=r"no setting PLAYGROUND_SLOT; did you mean PLAYGROUND_SLOTS\?"):
        load({"PLAYGROUND_SLOT": "2"})


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"PLAYGROUND_WALL_SOFT_S is 30\.0 and PLAYGROUND_WALL_HARD_S is 11\.0"
    ):
        load({"PLAYGROUND_WALL_SOFT_S": "30"})
    assert load({"PLAYGROUND_WALL_SOFT_S": "30", "PLAYGROUND_WALL_HARD_S": "31"}).limits.wall_hard_s == 31


def test_the_server_does_not_start_with_a_wrong_value() -> None:
    environ = os.environ | {"PORT": "lots"}
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "PORT='lots' is not accepted; expected a whole number from 0 to 65535."
