"""The unit is one that systemd takes, and one that it calls safe."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from exporter.cli import main
from tests.world.leaks import MARK
from tests.world.processes import COMMAND, running
from tests.world.tools import need

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "ukc-certificate-exporter.service"
PREFIX = "/opt/ukc-certificate-exporter"
EXPOSURE = 1.1
BOARD = ROOT / "dashboards" / "ukc-exporter.json"


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze` says."""
    need("systemd-analyze")
    command = ("systemd-analyze", "--no-pager", *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def in_its_proc(*command: str) -> tuple[str, ...]:
    """The command, with what systemd leaves the unit of /proc (systemd.exec, "Sandboxing")."""
    settings = dict(
        line.split("=", 1) for line in UNIT.read_text("utf-8").splitlines() if "=" in line
    )
    options = f"hidepid={settings['ProtectProc']}"
    if settings.get("ProcSubset") == "pid":
        options += ",subset=pid"
    namespaces = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
    mounted = f'mount -t proc -o {options} proc /proc && exec "$@"'
    return (*namespaces, "sh", "-c", mounted, "sh", *command)


def test_systemd_accepts_it(tmp_path: Path) -> None:
    """With the program where this environment has it, since it must be there."""
    text = UNIT.read_text("utf-8")
    assert f"ExecStart={PREFIX}/bin/" in text
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace(PREFIX, sys.prefix, 1))
    done = analyze("verify", str(unit))

    assert (done.returncode, done.stderr) == (0, "")


def test_its_exposure() -> None:
    """From 0 (none) to 10; what is left is what it is for: the network."""
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", str(UNIT))
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)

    assert found is not None, done.stderr
    assert float(found[1]) <= EXPOSURE
    assert done.returncode == 0


def test_its_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Its flags are ours."""
    found = re.search(r"^ExecStart=\S+ (.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    with pytest.raises(SystemExit) as end:
        main([*found[1].split(), "--help"])

    assert end.value.code == 0
    known = capsys.readouterr().out
    assert not [a for a in found[1].split()[1:] if a.partition("=")[0] not in known]


@pytest.mark.anyio
async def test_its_process_metrics(tmp_path: Path) -> None:
    """Each that a dashboard shows, with as much of /proc as the unit leaves it."""
    need("unshare")
    asked = set(re.findall(r"\b((?:process|python)_\w+)\{", BOARD.read_text("utf-8")))
    file = tmp_path / "exporter.yaml"
    file.write_text(
        "accounts: [{name: a, token_env: UKC_TOKEN, metros: [{name: b, url: 'http://[::1]:9'}]}]"
    )
    async with (
        running(
            f"--config.file={file}",
            "--web.listen-address=127.0.0.1:0",
            variables={"UKC_TOKEN": MARK},
            command=in_its_proc(*COMMAND),
        ) as process,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        page = (await http.get(f"{await process.url()}/metrics")).text

    assert len(asked) >= 5
    assert {name for name in asked if not re.search(rf"^{name}[ {{]", page, re.MULTILINE)} == set()


def test_it_restarts_always() -> None:
    """But where its configuration is wrong, which ends with 2."""
    settings = UNIT.read_text("utf-8").splitlines()

    assert {"Restart=always", "RestartPreventExitStatus=2"} <= set(settings)


def test_the_documentation_names_its_files() -> None:
    """What an administrator puts where the unit looks."""
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    text = UNIT.read_text("utf-8")
    credential = re.search(r"^LoadCredential=(\w+):(\S+)$", text, re.MULTILINE)
    configuration = re.search(r"--config\.file=(\S+)", text)
    assert credential is not None
    assert configuration is not None

    assert credential[2] in page
    assert configuration[1] in page
    assert f"/run/credentials/{UNIT.name}/{credential[1]}" in page
