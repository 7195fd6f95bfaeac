"""The command `status`, as a person and a script run it."""

import json
from pathlib import Path

import pytest

from tests.test_cli import VARIABLES, metro, write
from tests.world.api import ScriptedApi, http
from tests.world.builders import body, item
from tests.world.processes import run

pytestmark = pytest.mark.anyio

HEALTHY = item(not_after="2098-06-05T19:06:10Z", not_before="2098-03-07T19:06:11Z")
EXPIRED = item()
BROKEN = {"status": "error", "uuid": "gone", "error": 8, "message": "No such certificate"}


@pytest.mark.parametrize(
    ("content", "flags", "code"),
    [
        pytest.param(EXPIRED, (), 1, id="critical"),
        pytest.param(EXPIRED, ("--fail-on=never",), 0, id="never"),
        pytest.param(EXPIRED, ("--name=other",), 0, id="filtered"),
        pytest.param(BROKEN, ("--fail-on=never",), 1, id="unreadable"),
    ],
)
async def test_the_exit_code(content: dict[str, object], flags: tuple[str, ...], code: int) -> None:
    """1 for what is critical, and for what cannot be read."""
    async with ScriptedApi(http(200, body(content))).serving() as url:
        done = await run("status", *flags, variables={**VARIABLES, "UKC_METRO": url})

    assert done.code == code
    assert done.out.startswith("1 metro read ")
    assert done.err.startswith("reading 1 metro\n")


async def test_a_metro_that_fails_is_told_beside_the_others(tmp_path: Path) -> None:
    """With its reason, in the table and on the last line; the others are shown."""
    async with (
        ScriptedApi(http(200, body(EXPIRED))).serving() as fine,
        ScriptedApi(http(503)).serving() as broken,
    ):
        flag = write(tmp_path, f"{metro(fine)}, {metro(broken, 'dal0')}")
        done = await run("status", flag, "--fail-on=never", variables=VARIABLES)
        alone = await run("status", flag, "--metro=fra0", "--fail-on=never", variables=VARIABLES)

    line = "ukc-certificate-exporter: account default, metro dal0: server_error: "
    assert (done.code, line in done.err.splitlines()[-1]) == (1, True)
    assert "default/dal0" in done.out
    assert "example.com" in done.out
    assert (alone.code, "dal0" in alone.out + alone.err) == (0, False)


async def test_as_json() -> None:
    """The whole status, and nothing else on standard output."""
    async with ScriptedApi(http(200, body(EXPIRED))).serving() as url:
        done = await run("status", "--format=json", variables={**VARIABLES, "UKC_METRO": url})
    status = json.loads(done.out)

    assert (done.code, status["severity"]) == (1, "critical")
    assert [row["reasons"][0]["reason"] for row in status["certificates"]] == ["expired"]


async def test_a_metro_that_is_not_configured() -> None:
    """Bad usage: exit 2, and the names that there are."""
    done = await run("status", "--metro=far0", variables={**VARIABLES, "UKC_METRO": "fra0,dal0"})

    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("--metro=far0: expected one of dal0, fra0\n")
