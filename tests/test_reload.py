"""Another configuration while the exporter runs: whole or not at all."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.programs import until
from tests.world.api import ScriptedApi, http
from tests.world.authority import Authority
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import Running, running

pytestmark = pytest.mark.anyio

TOKEN = f"cmVsb2FkOnRl{MARK}="
REFUSED = 'msg="configuration refused, the old one stays"'
SUCCESSFUL = "ukc_exporter_config_last_reload_successful"


class Exporter:
    """A running exporter with its configuration file."""

    def __init__(self, process: Running, client: httpx.AsyncClient, path: Path) -> None:
        self.process = process
        self.client = client
        self.path = path

    def write(self, *metros: tuple[str, str], rest: str = "") -> None:
        self.path.write_text(text(*metros, rest=rest))

    async def reload(self) -> tuple[int, str]:
        answer = await self.client.post("/-/reload")
        return answer.status_code, answer.text

    async def page(self) -> str:
        return (await self.client.get("/metrics")).text

    async def value(self, start: str) -> float:
        """The value of the sample whose line starts so."""
        line = next(line for line in (await self.page()).splitlines() if line.startswith(start))
        return float(line.split()[-1])


def text(*metros: tuple[str, str], rest: str = "") -> str:
    entries = ", ".join(f"{{name: {name}, url: '{url}'}}" for name, url in metros)
    accounts = f"accounts: [{{name: default, token_env: UKC_TOKEN, metros: [{entries}]}}]"
    return f"{rest or 'interval: 30m'}\n{accounts}\n"


@contextlib.asynccontextmanager
async def exporting(
    folder: Path, *metros: tuple[str, str], flags: tuple[str, ...] = ("--web.enable-lifecycle",)
) -> AsyncIterator[Exporter]:
    """An exporter of these metros, each of which was polled once."""
    path = folder / "exporter.yaml"
    path.write_text(text(*metros))
    arguments = (f"--config.file={path}", "--web.listen-address=127.0.0.1:0", *flags)
    async with running(*arguments, variables={"UKC_TOKEN": TOKEN}) as process:
        url = await process.url()
        for name, _ in metros:
            await process.says(f"poll succeeded.*metro={name} ")
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield Exporter(process, client, path)


def api(name: str) -> ScriptedApi:
    """A metro with one certificate."""
    return ScriptedApi(http(200, body(item(name=name))))


async def test_what_stays_the_same_is_left_alone(tmp_path: Path) -> None:
    """No new poll, no new connection; a new metro is polled, and a removed one leaves no trace."""
    fra, dal, sin = api("fra"), api("dal"), api("sin")
    async with fra.serving() as f, dal.serving() as d, sin.serving() as s:
        async with exporting(tmp_path, ("fra0", f), ("dal0", d)) as exporter:
            before = await exporter.value("ukc_exporter_config_last_reload_success_timestamp")
            exporter.write(("sin0", s), ("fra0", f))
            got = await exporter.reload()
            await exporter.process.says("poll succeeded.*metro=sin0")
            page = await exporter.page()
            while 'metro="sin0",name="sin"' not in page:  # it is rendered after it is told
                page = await exporter.page()
            landing = (await exporter.client.get("/")).text
            after = await exporter.value("ukc_exporter_config_last_reload_success_timestamp")
            ready = (await exporter.client.get("/-/ready")).status_code

    assert (got, ready) == ((200, "Reloaded.\n"), 200)
    assert (len(fra.received), fra.connections, len(dal.received), len(sin.received)) == (
        1,
        1,
        1,
        1,
    )
    assert "dal0" not in page + landing
    assert ('metro="fra0",name="fra"' in page, 'metro="sin0",name="sin"' in page) == (True, True)
    assert landing.index("sin0") < landing.index("fra0")
    assert after > before


async def test_a_changed_metro_keeps_its_data_until_it_is_read_again(tmp_path: Path) -> None:
    """Unless it is another API by now."""
    stopped, other = asyncio.Event(), ScriptedApi(http(503))

    async def stuck(writer: asyncio.StreamWriter) -> None:
        await stopped.wait()

    fra = ScriptedApi(http(200, body(item(name="fra"))), stuck)
    async with fra.serving() as f, other.serving() as o:
        async with exporting(tmp_path, ("fra0", f)) as exporter:
            exporter.write(("fra0", f), rest="interval: 20m")
            await exporter.reload()
            await fra.asked(2)
            changed = await exporter.page()
            exporter.write(("fra0", o), rest="interval: 20m")
            await exporter.reload()
            await exporter.process.says("poll failed")
            elsewhere = await exporter.page()
    stopped.set()

    assert 'name="fra"' in changed
    assert 'ukc_poll_interval_seconds{account="default",metro="fra0"} 1200.0' in changed
    assert 'name="fra"' not in elsewhere
    assert 'ukc_up{account="default",metro="fra0"} 0.0' in elsewhere


async def test_what_is_not_wanted_any_more_is_gone_though_nothing_can_be_read(
    tmp_path: Path,
) -> None:
    """`exclude` holds for the last look as well."""
    fra = ScriptedApi(
        http(200, body(item(uuid="u1", name="hidden"), item(uuid="u2", name="fra"))), http(503)
    )
    async with fra.serving() as url, exporting(tmp_path, ("fra0", url)) as exporter:
        before = await exporter.page()
        now = text(("fra0", url)).replace("token_env", "exclude: 'hid.*', token_env")
        exporter.path.write_text(now)
        assert await exporter.reload() == (200, "Reloaded.\n")
        await exporter.process.says("poll failed")
        while "hidden" in (after := await exporter.page()):  # rendered after it is told
            pass

    assert 'name="hidden"' in before
    assert 'name="fra"' in after
    assert 'ukc_certificates_omitted{account="default",metro="fra0",reason="filter"} 1' in after


async def test_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    """500 with the reason, and a metric says so until a good one comes."""
    async with api("fra").serving() as f, exporting(tmp_path, ("fra0", f)) as exporter:
        before = await exporter.value("ukc_exporter_config_last_reload_success_timestamp")
        exporter.path.write_text("accounts: []")
        code, message = await exporter.reload()
        bad = await exporter.value(SUCCESSFUL)
        page = await exporter.page()
        since = await exporter.value("ukc_exporter_config_last_reload_success_timestamp")
        exporter.write(("fra0", f))
        good = await exporter.reload()
        well = await exporter.value(SUCCESSFUL)

    assert (code, f"{exporter.path}: " in message, "`$.accounts`" in message) == (500, True, True)
    assert (bad, before == since, 'name="fra"' in page) == (0, True, True)
    assert (good[0], well) == (200, 1)


async def test_a_hangup_does_the_same(tmp_path: Path) -> None:
    """A bad file is logged; a good one is taken. No lifecycle flag is needed."""
    async with (
        api("fra").serving() as f,
        api("dal").serving() as d,
        exporting(tmp_path, ("fra0", f), flags=()) as exporter,
    ):
        exporter.path.write_text("nonsense: 1")
        exporter.process.process.send_signal(signal.SIGHUP)
        await exporter.process.says(REFUSED)
        exporter.write(("fra0", f), ("dal0", d))
        exporter.process.process.send_signal(signal.SIGHUP)
        await exporter.process.says("poll succeeded.*metro=dal0")
        code, _ = await exporter.reload()
        well = await exporter.value(SUCCESSFUL)
        done = await exporter.process.ends(signal.SIGTERM)

    assert (code, well, done.code) == (403, 1, 0)


async def hung_up_at_the_start(process: Running) -> None:
    """Send SIGHUP as soon as the program's first line has run, long before its imports have."""

    async def blocked() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(re.findall(r"SigBlk:\t(\w+)", status)[0], 16)

    await until(blocked, lambda mask: mask & 1 << signal.SIGHUP - 1)
    process.process.send_signal(signal.SIGHUP)


async def test_a_hangup_during_the_start(tmp_path: Path) -> None:
    """It is obeyed once there is something to reload."""
    path = tmp_path / "exporter.yaml"
    path.write_text(text(("fra", "http://127.0.0.1:9")))
    flags = (f"--config.file={path}", "--web.listen-address=127.0.0.1:0")
    async with running(*flags, variables={"UKC_TOKEN": TOKEN}) as process:
        await hung_up_at_the_start(process)
        await process.says("configuration reloaded")
        done = await process.ends(signal.SIGTERM)

    assert done.code == 0


async def test_a_hangup_ends_what_does_not_reload() -> None:
    """As when its terminal is closed."""
    flags = ("simulate", "--listen-address=127.0.0.1:0", "--token=secret")
    async with running(*flags) as process:
        await hung_up_at_the_start(process)
        done = await process.ends()

    assert done.code == -signal.SIGHUP


async def test_many_at_once(tmp_path: Path) -> None:
    """One after the other: the last file is in force, and no metro is polled twice at a time."""
    async with api("fra").serving() as f, api("dal").serving() as d:
        async with exporting(tmp_path, ("fra0", f)) as exporter:
            exporter.write(("fra0", f), ("dal0", d))
            codes = [
                code for code, _ in await asyncio.gather(*(exporter.reload() for _ in range(20)))
            ]
            await exporter.process.says("poll succeeded.*metro=dal0")
            done = await exporter.process.ends(signal.SIGTERM)

    assert (codes, done.code) == ([200] * 20, 0)
    assert done.err.count("metro=dal0") == 1


async def test_the_web_config_file_is_part_of_it(tmp_path: Path) -> None:
    """A bad one refuses the whole reload."""
    web = tmp_path / "web.yml"
    web.write_text("")
    flags = ("--web.enable-lifecycle", f"--web.config.file={web}")
    async with api("fra").serving() as f, api("dal").serving() as d:
        async with exporting(tmp_path, ("fra0", f), flags=flags) as exporter:
            Authority(tmp_path).issue("server")
            exporter.write(("fra0", f), ("dal0", d))
            web.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}")
            code, message = await exporter.reload()
            page = await exporter.page()

    assert (code, "by a restart only" in message, "dal0" in page) == (500, True, False)


async def test_a_rotated_token_is_used_by_the_next_poll(tmp_path: Path) -> None:
    """Nothing needs to be reloaded for it."""
    fra, token = api("fra"), tmp_path / "token"
    token.write_text(f"first{MARK}")
    async with fra.serving() as url:
        path = tmp_path / "exporter.yaml"
        path.write_text(
            "interval: 100ms\naccounts: [{name: default, token_file: token, "
            f"metros: [{{name: fra0, url: '{url}'}}]}}]"
        )
        async with running(f"--config.file={path}", "--web.listen-address=127.0.0.1:0"):
            await fra.asked(1)
            fresh = tmp_path / "fresh"
            fresh.write_text(f"second{MARK}")
            fresh.replace(token)
            known = len(fra.received)
            await fra.asked(known + 2)

    sent = [request.headers["authorization"] for request in fra.received]
    assert (sent[0], sent[known + 1]) == (f"Bearer first{MARK}", f"Bearer second{MARK}")


async def test_killed_and_started_again(tmp_path: Path) -> None:
    """All there is to know is read by the first poll."""
    fra = api("fra")
    async with fra.serving() as url:
        async with exporting(tmp_path, ("fra0", url)) as exporter:
            before = await exporter.page()
            os.kill(exporter.process.pid, signal.SIGKILL)
            await exporter.process.process.wait()
        async with exporting(tmp_path, ("fra0", url)) as exporter:
            after = await exporter.page()

    def certificates(page: str) -> list[str]:
        lines = page.splitlines()
        return [x for x in lines if x.startswith("ukc_certificate_") and "expiry_days" not in x]

    assert certificates(before) == certificates(after) != []
    assert len(fra.received) == 2
