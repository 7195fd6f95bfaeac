"""A name server that never answers: it holds up neither the other metros nor the end."""

import signal
import sys
from pathlib import Path

import httpx
import pytest

from tests.world.api import ScriptedApi, http
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import running

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

MUTE = """
import socket, sys, time
from exporter import cli
known = socket.getaddrinfo
def resolve(host, *arguments, **options):
    if ".test" in str(host):
        time.sleep(30)
    return known(host, *arguments, **options)
socket.getaddrinfo = resolve
sys.exit(cli.main(sys.argv[1:]))
"""


async def test_a_mute_name_server(tmp_path: Path) -> None:
    """Its metros time out again and again, the others are read, and SIGTERM ends it with 0."""
    api = ScriptedApi(http(200, body(item())))
    async with api.serving() as url:
        mute = ", ".join(f"{{name: mute{n}, url: 'https://api.m{n}.test'}}" for n in range(20))
        path = tmp_path / "exporter.yaml"
        path.write_text(
            "interval: 1s\ntimeout: 500ms\naccounts: [{name: default, token_env: UKC_TOKEN, "
            f"metros: [{mute}, {{name: fra0, url: '{url}'}}]}}]"
        )
        async with running(
            f"--config.file={path}",
            "--web.listen-address=127.0.0.1:0",
            variables={"UKC_TOKEN": f"bXV0ZQ{MARK}=="},
            command=(sys.executable, "-c", MUTE),
        ) as process:
            address = await process.url()
            await api.asked(4)
            async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
                page = (await client.get("/metrics")).text
            done = await process.ends(signal.SIGTERM)

    assert done.code == 0
    assert 'ukc_up{account="default",metro="fra0"} 1.0' in page
    assert (
        'ukc_poll_failures_total{account="default",metro="mute19",reason="timeout"} 0.0' not in page
    )
