"""The compose stack is made of files that are there, and reaches nothing but this machine."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from tests.alerts.rules import RULE_FILES
from tests.world.compose_files import COMPOSE, ROOT, SERVE, mounted, mounts, services
from tests.world.dashboard_files import UIDS
from tests.world.tools import need

SERVICES = ("exporter", "prometheus", "alertmanager", "receiver", "grafana")
OURS = ("exporter", "receiver")


def test_the_services() -> None:
    """One each."""
    assert set(SERVICES) == set(services())


@pytest.mark.parametrize("files", [(COMPOSE,), (COMPOSE, SERVE)], ids=["demo", "serve"])
def test_compose_accepts_it(files: tuple[Path, ...]) -> None:
    """The program itself says so."""
    need("docker-compose")
    named = [argument for path in files for argument in ("--file", str(path))]
    done = subprocess.run(
        ("docker-compose", *named, "config", "--quiet"), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_mounts_are_files_of_this_repository(service: str) -> None:
    """A source that is missing would be made a folder, silently; none is written to."""
    for mount in mounts(service):
        assert mount.source.exists()
        assert mount.source.is_relative_to(ROOT)
        assert mount.mode == "ro"


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_of_this_machine(service: str) -> None:
    """Nobody else looks into a stack that somebody tries."""
    ports = services()[service].get("ports", [])

    assert not [port for port in ports if not port.startswith("127.0.0.1:")]


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_pinned(service: str) -> None:
    """To a version; ours to this one."""
    image, _, tag = services()[service]["image"].partition(":")

    assert tag.strip("v")[0].isdigit()
    assert (service in OURS) == (image == "ukc-certificate-exporter")
    assert service not in OURS or tag == __version__


@pytest.mark.parametrize("service", OURS)
def test_ours_are_locked_down(service: str) -> None:
    """As everywhere else."""
    wanted: dict[str, Any] = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }

    assert wanted.items() <= services()[service].items()


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    """With the rules where they are mounted."""
    need("promtool")
    text = mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text("utf-8")
    rules = mounted("prometheus", "/etc/prometheus/rules")
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace("/etc/prometheus/rules", str(rules)))
    done = subprocess.run(
        ("promtool", "check", "config", str(file)), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rules found") == len(RULE_FILES)


def test_alertmanager_reaches_the_receiver() -> None:
    """The receiver listens where the example sends, in Alertmanager's own network."""
    example = yaml.safe_load(
        mounted("alertmanager", "/etc/alertmanager/alertmanager.yml").read_text("utf-8")
    )
    urls = [w["url"] for receiver in example["receivers"] for w in receiver["webhook_configs"]]
    receiver = services()["receiver"]

    assert receiver["network_mode"] == "service:alertmanager"
    assert urls
    assert not [u for u in urls if not u.startswith(f"http://{receiver['command'][0]}/")]


def test_grafana_finds_data_source_and_dashboards() -> None:
    """The provisioning files parse, and name what is mounted."""
    folder = "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load(
        mounted("grafana", f"{folder}/dashboards/ukc.yaml").read_text("utf-8")
    )["providers"]
    (source,) = yaml.safe_load(
        mounted("grafana", f"{folder}/datasources/prometheus.yaml").read_text("utf-8")
    )["datasources"]
    grafana = services()["grafana"]
    boards = {m.target.name for m in mounts("grafana") if m.target.suffix == ".json"}
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert {f"{uid}.json" for uid in UIDS} == boards
    for board in boards:
        assert mounted("grafana", f"{provider['options']['path']}/{board}").is_file()
    assert mounted("grafana", home).is_file()
    assert source["url"] == "$PROMETHEUS_URL"
    assert grafana["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"


def test_the_dockerfile_has_no_lint() -> None:
    """`hadolint` is among the development requirements."""
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter is not None
    done = subprocess.run(
        (linter, str(ROOT / "Dockerfile")), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")
