"""A release tried as its user does: installed from the wheel alone, and run."""

import json
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from deploy.consistency import version

SHARE: Final = "share/ukc-certificate-exporter"
_SECONDS: Final = 60.0
_METRIC: Final = re.compile(r"(?<![:\w-])ukc_[a-z_]+(?![\w:-])")


class Installed(NamedTuple):
    """An environment that holds the exporter, its dependencies and nothing else."""

    prefix: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.prefix / "bin" / "python"

    @property
    def program(self) -> Path:
        """The console script."""
        return self.prefix / "bin" / "ukc-certificate-exporter"

    @property
    def share(self) -> Path:
        """The files that come beside the program."""
        return self.prefix / SHARE


def install(root: Path, wheel: Path, folder: Path) -> Installed:
    """The wheel and the locked dependencies, in an environment without pip."""
    prefix = folder / "environment"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(prefix)), check=True)
    installed = Installed(prefix)
    pip = (sys.executable, "-m", "pip", "--python", str(installed.python), "--quiet", "install")
    locked = root / "requirements" / "runtime.txt"
    subprocess.run((*pip, "--require-hashes", "--no-deps", "-r", str(locked)), check=True)
    subprocess.run((*pip, "--no-index", "--no-deps", str(wheel)), check=True)
    return installed


def sdist_findings(root: Path, sdist: Path) -> Iterator[str]:
    """What is committed for users and builders is in the sdist, as it is committed."""
    wanted = {p: p.read_bytes() for p in _shipped(root)} | {
        root / name: (root / name).read_bytes()
        for name in (
            "CHANGELOG.md",
            "Dockerfile",
            "LICENSE",
            "Makefile",
            "requirements/runtime.txt",
        )
    }
    with tarfile.open(sdist) as archive:
        top = sdist.name.removesuffix(".tar.gz")
        for path, content in wanted.items():
            name = str(path.relative_to(root))
            try:
                packed = archive.extractfile(f"{top}/{name}")
            except KeyError:
                packed = None
            if packed is None or packed.read() != content:
                yield f"{sdist.name}: {name} is missing or another"


def shared_findings(root: Path, installed: Installed) -> Iterator[str]:
    """The wheel's rules, dashboards, runbook and manifests are those of this tree."""
    wanted = {path.relative_to(root): path.read_bytes() for path in _shipped(root)}
    files = (path for path in installed.share.rglob("*") if path.is_file())
    found = {path.relative_to(installed.share): path.read_bytes() for path in files}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"wheel: {name} is missing, another, or not expected"


def _shipped(root: Path) -> list[Path]:
    folders = ("alerts", "dashboards/provisioning", "deploy/kubernetes", "deploy/systemd")
    return [
        root / "docs" / "runbook.md",
        root / "dashboards" / "kustomization.yaml",
        *(root / "dashboards").glob("*.json"),
        *(path for folder in folders for path in (root / folder).rglob("*") if path.is_file()),
    ]


def sbom_findings(root: Path, bill: Path) -> Iterator[str]:
    """The bill names this version, and nothing that is not locked."""
    document = json.loads(bill.read_text("utf-8"))
    subject = document["metadata"]["component"]
    if subject.get("version") != version(root):
        yield f"{bill.name}: describes version {subject.get('version')}, expected {version(root)}"
    parts = {_normal(part["name"]): part["version"] for part in document["components"]}
    parts.pop(_normal(subject["name"]), None)
    text = (root / "requirements" / "runtime.txt").read_text("utf-8")
    locked = {_normal(n): v for n, v in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}
    if not parts or not parts.items() <= locked.items():
        yield f"{bill.name}: not locked: {dict(parts.items() - locked.items())}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def demo_findings(root: Path, installed: Installed) -> Iterator[str]:
    """`demo` of the wheel says its version, and exposes whatever rules and dashboards ask for."""
    wanted = version(root)
    page = _demo_page(installed)
    if not re.search(
        rf'^ukc_exporter_build_info{{.*version="{re.escape(wanted)}"', page, re.MULTILINE
    ):
        yield f"demo: its build information does not say {wanted}"
    exposed = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    exposed |= {name + end for name in exposed for end in ("_bucket", "_count", "_sum")}
    for path in (
        *installed.share.glob("alerts/*.rules.yaml"),
        *installed.share.glob("dashboards/*.json"),
    ):
        for name in sorted(set(_METRIC.findall(path.read_text("utf-8"))) - exposed):
            yield f"{path.name}: asks for {name}, which demo does not expose"


def _demo_page(installed: Installed) -> str:
    """The page of a `demo`, once all its metros were tried; it is stopped, and must end with 0."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("UKC_", "PYTHON"))}
    log = installed.prefix / "demo.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            (str(installed.program), "demo", "--web.listen-address=127.0.0.1:0"),
            cwd=installed.prefix,
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            page = _ready_page(process, log)
            process.terminate()
            code = process.wait(_SECONDS)
        finally:
            process.kill()
    if code != 0:
        raise RuntimeError(f"demo ended with {code}:\n{log.read_text('utf-8')}")
    return page


def _ready_page(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        said = re.search(r"msg=listening address=(\S+)", log.read_text("utf-8"))
        if said is not None and _get(f"http://{said[1]}/-/ready"):
            return _get(f"http://{said[1]}/metrics")
        time.sleep(0.1)
    raise RuntimeError(f"demo was not ready in time:\n{log.read_text('utf-8')}")


def _get(url: str) -> str:
    """A page; empty where it is refused."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=_SECONDS) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""
