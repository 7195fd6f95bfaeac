"""The command line as a person meets it: arguments in; output and exit code out."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from exporter import __version__, cli
from exporter.config import DEFAULT_STALE_AFTER
from exporter.status.words import duration
from tests.world.api import ScriptedApi, cut, endless, hang, http
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import COMMAND, Done, environment, run, running
from tests.world.tools import need

pytestmark = pytest.mark.anyio

README = Path(__file__).parents[1] / "README.md"
TOKEN = f"cm9ib3QkY2xp{MARK}=="
VARIABLES = {"UKC_TOKEN": TOKEN}


def write(folder: Path, metros: str, rest: str = "") -> str:
    """A configuration file; gives the flag for it."""
    path = folder / "exporter.yaml"
    accounts = f"accounts: [{{name: default, token_env: UKC_TOKEN, metros: [{metros}]}}]"
    path.write_text(f"{accounts}\n{rest}")
    return f"--config.file={path}"


def metro(url: str, name: str = "fra0") -> str:
    return f"{{name: {name}, url: '{url}'}}"


def exit_code(arguments: Sequence[str]) -> object:
    """What the command ends with, in this process."""
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return end.code


async def test_version() -> None:
    """In the usual place."""
    assert await run("--version") == Done(0, f"ukc-certificate-exporter {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["dance"], "invalid choice: 'dance'"),
        (["serve", "--config.fil=x"], "unrecognized arguments: --config.fil=x"),
        (["serve", "--web.listen-address=10843"], "expected HOST:PORT, [IPv6]:PORT or :PORT"),
        (["serve", "--web.listen-address=:99999"], "expected HOST:PORT"),
        (["serve", "--web.listen-address=::1:80"], "expected HOST:PORT"),
        (["serve", "--web.telemetry-path=metrics"], "expected a path that starts with /"),
        (["serve", "--web.telemetry-path=/-/ready"], "are the exporter's own"),
        (["serve", "--log.level=loud"], "invalid choice: 'loud'"),
        (["check-config"], "no --config.file, and UKC_METRO is not set"),
        (["check-config", "--config.file="], "no --config.file, and UKC_METRO is not set"),
        (["simulate", "--listen-address=127.0.0.1:0"], "are required: --token"),
        (["simulate", "--listen-address=localhost", "--token=a"], "expected HOST:PORT"),
        (["serve", "--config.file=/none.yaml"], "/none.yaml: cannot be read: No such file"),
        (["once"], "no --config.file, and UKC_METRO is not set"),
        ([], "no --config.file, and UKC_METRO is not set"),
        (["--log.format=json"], "no --config.file, and UKC_METRO is not set"),
    ],
)
def test_bad_usage(
    arguments: list[str],
    want: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2, the last line says why, and no traceback."""
    monkeypatch.delenv("UKC_METRO", raising=False)
    code = exit_code(arguments)
    out, err = capsys.readouterr()

    assert (code, out) == (2, "")
    assert want in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("metros", "rest", "want"),
    [
        ("fra0, fra0", "", "the metro 'fra0' is there already - at `$.accounts[0].metros[1]`"),
        ("fra0", "a: [", "not YAML"),
        ("fra0", "intervall: 1s", "unknown field `intervall`"),
        ("fra0", "interval: 1 minute", "expected a Prometheus duration"),
        ("'http://api.example.com'", "", "the token would travel in the clear"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "once", "check-config"])
def test_a_bad_file_ends_every_command_alike(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    metros: str,
    rest: str,
    want: str,
) -> None:
    """Exit 2 with one sentence that names the file and the place."""
    flag = write(tmp_path, metros, rest).replace("UKC_TOKEN", "PATH")
    text = (tmp_path / "exporter.yaml").read_text()
    (tmp_path / "exporter.yaml").write_text(text.replace("UKC_TOKEN", "PATH"))
    code = cli.main([command, flag])
    out, err = capsys.readouterr()

    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"ukc-certificate-exporter: {tmp_path / 'exporter.yaml'}: ")
    assert want in err


@pytest.mark.parametrize(
    ("content", "want"), [("", "it is empty"), (None, "No such file or directory")]
)
async def test_a_bad_token_file(tmp_path: Path, content: str | None, want: str) -> None:
    """Unreadable or empty: known before the start."""
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    path = tmp_path / "exporter.yaml"
    path.write_text(f"accounts: [{{name: a, token_file: {token}, metros: [fra0]}}]")
    done = await run("serve", f"--config.file={path}")

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"token file {token}: " in done.err
    assert want in done.err


@pytest.mark.parametrize(("metros", "want"), [("fra0", "1 metro"), ("fra0, dal0", "2 metros")])
async def test_check_config(tmp_path: Path, metros: str, want: str) -> None:
    """The file and how much it configures."""
    flag = write(tmp_path, metros)
    done = await run("check-config", flag, variables=VARIABLES)

    first, *_ = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == f"{tmp_path / 'exporter.yaml'}: OK (1 account, {want})"


ENVIRONMENT = f"""\
environment: OK (1 account, 2 metros)
every 1m, timeout 10s, fetch bulk, stale after {duration(DEFAULT_STALE_AFTER)}
account default: token from the variable UKC_TOKEN
  metro fra: https://api.fra.unikraft.cloud, series for all certificates
  metro dal0: https://api.dal0.kraft.cloud, series for all certificates
limits of default/fra, default/dal0:
  automatic renewal: warning with 25%, critical with 10% of the lifetime left
  manual renewal: warning 30d, critical 7d before expiry, at most a third and a tenth of the \
lifetime
  never issued: warning 15m, critical 1h after the request
  domain validation: warning from 3 attempts
"""


@pytest.mark.parametrize("flags", [(), ("--config.file=", "--web.config.file=")], ids=["none", ""])
async def test_check_config_of_the_environment(flags: tuple[str, ...]) -> None:
    """Where no file is given, or an empty name, as in exporter-toolkit."""
    done = await run("check-config", *flags, variables={**VARIABLES, "UKC_METRO": "fra,dal0"})

    assert done == Done(0, ENVIRONMENT, "")


@pytest.mark.parametrize("command", ["serve", "check-config"])
async def test_check_config_refuses_what_serve_does(command: str) -> None:
    """Authorities that the environment names and that cannot be used, as well."""
    variables = {**VARIABLES, "UKC_METRO": "fra0", "SSL_CERT_FILE": "/none.pem"}
    done = await run(command, variables=variables)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "SSL_CERT_FILE" in done.err


async def test_once_prints_a_page_that_promtool_accepts() -> None:
    """From the environment alone; promtool's one remark is on the days."""
    need("promtool")
    async with ScriptedApi(http(200, body(item()))).serving() as url:
        done = await run("once", variables={**VARIABLES, "UKC_METRO": url})
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=done.out,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    remarks = (checked.stdout + checked.stderr).strip().splitlines()

    assert done.code == 0
    days = ("ukc_certificate_expiry_days", "ukc_certificates_expiry_days")
    assert [f'{name} use base unit "seconds" instead of "days"' for name in days] == remarks


async def test_once_names_the_metro_that_failed(tmp_path: Path) -> None:
    """Exit 1; what was read is printed all the same."""
    async with (
        ScriptedApi(http(200, body(item()))).serving() as fine,
        ScriptedApi(http(503)).serving() as broken,
    ):
        flag = write(tmp_path, f"{metro(fine)}, {metro(broken, 'dal0')}")
        done = await run("once", flag, variables=VARIABLES)

    assert done.code == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("ukc-certificate-exporter: account default, metro dal0: server_error: ")
    assert 'ukc_certificate_info{account="default",metro="fra0"' in done.out


async def test_once_fails_where_nothing_could_be_read() -> None:
    """A metro that answers and gives nothing of what it lists is no success."""
    gone = {"status": "error", "uuid": "gone", "error": 8, "message": "No such certificate"}
    async with ScriptedApi(http(200, body(gone))).serving() as url:
        done = await run("once", variables={**VARIABLES, "UKC_METRO": url})

    assert done.code == 1
    assert "none of 1 certificate could be read" in done.err.splitlines()[-1]


async def test_once_for_a_reader_who_has_seen_enough() -> None:
    """As in `once | head`: neither a failure nor a word about it."""
    async with ScriptedApi(http(200, body(item()))).serving() as url:
        reader, writer = os.pipe()
        os.close(reader)
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "once", "--log.level=error"),
            env=environment(**VARIABLES, UKC_METRO=url),
            stdout=writer,
            stderr=asyncio.subprocess.PIPE,
        )
        os.close(writer)
        _, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")


async def test_serve_answers_and_stops(tmp_path: Path) -> None:
    """SIGTERM and SIGINT both end it with 0."""
    for number in (signal.SIGTERM, signal.SIGINT):
        async with (
            ScriptedApi(http(200, body(item()))).serving() as api,
            running(
                write(tmp_path, metro(api)),
                "--web.listen-address=127.0.0.1:0",
                "--web.telemetry-path=/m",
                variables=VARIABLES,
            ) as process,
        ):
            url = await process.url()
            await process.says("poll succeeded")
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                codes = [
                    (await client.get(path)).status_code
                    for path in ("/m", "/", "/-/healthy", "/-/ready", "/metrics")
                ]
            done = await process.ends(number)

        assert codes == [200, 200, 200, 200, 404]
        assert (done.code, done.err.endswith("msg=stopped\n")) == (0, True)


async def test_sigterm_during_a_hung_poll_and_a_scrape_that_nobody_reads(tmp_path: Path) -> None:
    """Exit 0; the bound is that of a container runtime's patience."""
    api = ScriptedApi(
        http(200, body(*(item(uuid=f"{n}", name=f"n{n}") for n in range(9000)))), hang()
    )
    async with (
        api.serving() as address,
        running(
            write(tmp_path, metro(address), "interval: 50ms\ntimeout: 1m"),
            "--web.listen-address=127.0.0.1:0",
            variables=VARIABLES,
        ) as process,
    ):
        host, _, port = (await process.url()).removeprefix("http://").rpartition(":")
        await process.says("poll succeeded")
        with socket.create_connection((host, int(port))) as mute:
            mute.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            mute.recv(10)
            await api.asked(2)  # the second poll hangs
            process.process.send_signal(signal.SIGTERM)
            code = (await process.ends()).code

    assert code == 0


async def test_a_port_that_is_taken() -> None:
    """Exit 1 with the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await run(
            f"--web.listen-address=127.0.0.1:{port}",
            variables={**VARIABLES, "UKC_METRO": "http://127.0.0.1:1"},
        )

    message = f"ukc-certificate-exporter: cannot listen on 127.0.0.1:{port}: Address already in use"
    assert (done.code, done.err.splitlines()[-1]) == (1, message)


BUG = """
import sys
from exporter import cli
from exporter.polling.poller import Poller
async def broken(*_): raise ZeroDivisionError("a bug")
Poller.poll = broken
sys.exit(cli.main(sys.argv[1:]))
"""


async def test_a_bug_in_the_loop_of_a_poller_ends_the_process(tmp_path: Path) -> None:
    """Exit 1: it does not go on answering 200 with what it once knew."""
    async with (
        ScriptedApi(http(200, body(item()))).serving() as api,
        running(
            write(tmp_path, metro(api)),
            "--web.listen-address=127.0.0.1:0",
            "--log.level=info",
            variables=VARIABLES,
            command=(sys.executable, "-c", BUG),
        ) as process,
    ):
        done = await process.ends()

    assert done.code == 1
    assert 'msg="this is a bug in the exporter' in done.err
    assert 'error="ZeroDivisionError: a bug" where=<string>:' in done.err
    assert "Traceback" not in done.err


TELLTALES = (
    http(401, f'{{"status":"error","message":"bad token {TOKEN}"}}'.encode()),
    http(200, body(item(name=f"echo-{TOKEN}", subject=TOKEN, not_after=TOKEN), item())),
    http(200, body(item(), {"status": "error", "message": TOKEN, "uuid": TOKEN})),
    http(302, Location=f"http://127.0.0.1/{TOKEN}"),
    http(429, Retry_After=TOKEN),
    http(200, TOKEN.encode(), Content_Type=TOKEN),
    http(500, f"<html>{TOKEN}</html>".encode()),
    cut(f"HTTP/1.1 200 {TOKEN}\r\nBroken {TOKEN}\r\n\r\n".encode()),
    cut(f"HTTP/1.1 {TOKEN}\r\n\r\n".encode()),
    http(200, TOKEN.encode(), Content_Encoding="gzip"),
    endless(b"HTTP/1.1 200 OK\r\n", f"{TOKEN}: {TOKEN}\r\n".encode()),
    http(200, body(item(name="last"))),
)


@pytest.mark.parametrize("form", ["logfmt", "json"])
async def test_no_output_contains_the_token(tmp_path: Path, form: str) -> None:
    """Logs at debug level, pages in every form, and what the system knows of the process.

    The API repeats the token wherever it can.
    """
    pages: list[str] = []
    async with (
        ScriptedApi(*TELLTALES).serving() as api,
        running(
            write(tmp_path, metro(api), "interval: 20ms\ntimeout: 1s"),
            "--web.listen-address=127.0.0.1:0",
            "--log.level=debug",
            f"--log.format={form}",
            variables=VARIABLES,
        ) as process,
    ):
        match = await process.says(r"""address"?[=:] ?"?([0-9.:]+)""")
        async with httpx.AsyncClient(base_url=f"http://{match[1]}", trust_env=False) as client:
            while not any('name="last"' in page for page in pages):
                pages = [
                    (await client.get(path, headers={"Accept": accept})).text
                    for path in ("/metrics", "/", "/-/ready", f"/{TOKEN[::-1]}")
                    for accept in ("text/plain", "application/openmetrics-text")
                ]
        command = Path(f"/proc/{process.pid}/cmdline").read_text()
        done = await process.ends(signal.SIGTERM)
    everything = "".join([done.out, done.err, command, *pages])

    assert (done.code, TOKEN in everything) == (0, False)
    assert "[token]" in everything  # it was repeated, and blotted out
    assert done.err.count("poll failed") + done.err.count("poll succeeded") >= 10


@pytest.mark.parametrize(
    ("command", "end", "code", "want"),
    [
        ("check-config", "> /dev/full", 1, ": standard output: No space left on device\n"),
        ("check-config", ">&-", 1, ": standard output is closed\n"),
        ("check-config", "2>&-", 0, ""),
        ("once", "> /dev/full", 1, ": standard output: No space left on device\n"),
        ("demo --web.listen-address=127.0.0.1:0", "> /dev/full", 1, ": standard output: No space"),
        ("check-config --config.file=/none", "2> /dev/full", 2, ""),
        ("check-config --config.file=/none", "2>&-", 2, ""),
    ],
)
async def test_output_that_nobody_takes(
    tmp_path: Path, command: str, end: str, code: int, want: str
) -> None:
    """Is told on the other output, if there is one, and is no bug."""
    async with ScriptedApi(http(200, body(item()))).serving() as api:
        name, *rest = command.split()
        flags = [] if rest else [write(tmp_path, metro(api))]
        shell = f'exec "$@" {end}'
        command_line = ("sh", "-c", shell, "sh", *COMMAND, name, *flags, *rest)
        async with running(variables=VARIABLES, command=command_line) as process:
            done = await process.ends()

    assert done.code == code
    assert want in done.err
    assert "bug" not in done.err


@pytest.mark.parametrize("end", ["2> /dev/full", "2>&-"])
async def test_a_log_that_nobody_takes(tmp_path: Path, end: str) -> None:
    """A full disk under the log ends nothing: the metro is polled on, and SIGTERM is obeyed."""
    api = ScriptedApi(http(200, body(item())))
    async with api.serving() as url:
        flags = (write(tmp_path, metro(url), "interval: 20ms"), "--web.listen-address=127.0.0.1:0")
        command = ("sh", "-c", f'exec "$@" {end}', "sh", *COMMAND, *flags)
        async with running(variables=VARIABLES, command=command) as process:
            await api.asked(3)
            done = await process.ends(signal.SIGTERM)

    assert done == Done(0, "", "")


def test_an_error_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the name of a file."""
    code = cli.main(["check-config", "--config.file=/none\x1b[2J"])

    assert (code, capsys.readouterr().err.rstrip("\n").isprintable()) == (2, True)


async def test_demo_prints_what_to_open() -> None:
    """Three metros that answer, a page with every state, and a clean end."""
    async with running("demo", "--web.listen-address=127.0.0.1:0") as process:
        url = await process.url()
        for name in ("fra", "dal", "sin"):
            await process.says(f'"poll succeeded" account=demo metro={name}')
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            page = (await client.get("/metrics")).text
        done = await process.ends(signal.SIGTERM)

    for state in ("pending", "valid", "error"):
        assert f'state="{state}"}} 1\n' in page
    shown = re.findall(r"^ *(ukc_\S+) \S+$", README.read_text("utf-8"), re.MULTILINE)
    assert len(shown) >= 4
    assert not [series for series in shown if f"\n{series} " not in page]
    for name in ("fra", "dal", "sin"):
        assert f'ukc_up{{account="demo",metro="{name}"}} 1.0' in page
    assert (done.code, f"{url}/metrics  what Prometheus scrapes" in done.out) == (0, True)


async def test_simulate_is_an_api_of_its_own() -> None:
    """It answers the specification's request with the token that it was given."""
    async with running(
        "simulate", "--listen-address=127.0.0.1:0", "--token=letmein", "--scenario=healthy"
    ) as process:
        assert process.process.stdout is not None
        line = (await process.process.stdout.readline()).decode()
        url = line.split(" at ")[1].split()[0].rstrip(".")
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            refused = await client.get("/v1/certificates")
            headers = {"Authorization": "Bearer letmein"}
            answer = (await client.get("/v1/certificates", headers=headers)).json()
        done = await process.ends(signal.SIGTERM)

    assert (refused.status_code, answer["status"], done.code) == (401, "success", 0)


def test_the_console_script_is_installed() -> None:
    """Under the name that the documentation uses."""
    script = Path(sys.executable).with_name("ukc-certificate-exporter")

    assert os.access(shutil.which(str(script)) or script, os.X_OK)


@pytest.mark.parametrize(
    "arguments",
    [("--shard=3", "--total-shards=3"), ("--shard=-1",), ("--total-shards=0",), ("--shard=1",)],
    ids=" ".join,
)
def test_a_shard_that_there_is_not(
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2 with what was expected."""
    for name, value in (*VARIABLES.items(), ("UKC_METRO", "http://[::1]:1")):
        monkeypatch.setenv(name, value)

    assert exit_code(["once", *arguments]) == 2
    wanted = "expected a shard from 0 up to one less than the total"
    assert wanted in capsys.readouterr().err
