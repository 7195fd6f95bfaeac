"""The manifests are what a cluster takes, what its strictest profile admits, and of one piece."""

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import manifests
from exporter import __version__
from exporter.cli import main
from tests.alerts.rules import RULE_FILES
from tests.world.dashboard_files import UIDS
from tests.world.dashboard_files import load as load_dashboard
from tests.world.tools import need

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
PAGE = ROOT / "docs" / "install.md"
OVERLAYS = tuple(sorted(path.name for path in (KUBERNETES / "overlays").iterdir()))
BUILDS = ("base", *(f"overlays/{name}" for name in OVERLAYS))
VERSIONS = ("1.28", "1.34")
"""The oldest that the manifests are for, and a new one."""

NAME = "ukc-certificate-exporter"
Manifest = dict[str, Any]

_TEXT = {"type": "string"}
_NAMED_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w|y))+$"}


def strict(required: tuple[str, ...], **properties: Any) -> Manifest:
    """The schema of an object with these fields and no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


#: The part of the Prometheus Operator's custom resources that is used here.
CUSTOM = {
    "ServiceMonitor": strict(
        ("selector", "endpoints"),
        jobLabel=_TEXT,
        selector=strict((), matchLabels=_NAMED_TEXTS),
        endpoints={
            "type": "array",
            "items": strict((), port=_TEXT, interval=_DURATION, scrapeTimeout=_DURATION),
        },
    ),
    "PrometheusRule": strict(
        (),
        groups={
            "type": "array",
            "items": strict(
                ("name",),
                name={"type": "string", "minLength": 1},
                interval=_DURATION,
                rules={
                    "type": "array",
                    "items": strict(
                        ("expr",),
                        alert=_TEXT,
                        record=_TEXT,
                        expr=_TEXT,
                        labels=_NAMED_TEXTS,
                        annotations=_NAMED_TEXTS,
                        **{"for": _DURATION, "keep_firing_for": _DURATION},
                    ),
                },
            ),
        },
    ),
}


@functools.cache
def rendered(build: str) -> tuple[Manifest, ...]:
    """The objects that `kubectl kustomize` gives."""
    need("kubectl")
    done = subprocess.run(
        ("kubectl", "kustomize", str(KUBERNETES / build)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a deprecated field"
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(build: str, *kinds: str) -> list[Manifest]:
    """Those of these kinds."""
    return [found for found in rendered(build) if found["kind"] in kinds]


def workload(build: str) -> Manifest:
    """The one Deployment or StatefulSet."""
    (found,) = of_kind(build, "Deployment", "StatefulSet")
    return found


def pod(build: str) -> Manifest:
    """The specification of its pods."""
    spec: Manifest = workload(build)["spec"]["template"]["spec"]
    return spec


def container(build: str) -> Manifest:
    """The one container of a pod."""
    (found,) = pod(build)["containers"]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("build", BUILDS)
def test_every_object_is_valid(build: str, version: str) -> None:
    """Strictly: a field that the server would drop in silence is an error."""
    # Their import takes a second, which each worker would spend.
    import jsonschema  # noqa: PLC0415
    import kubernetes_validate  # noqa: PLC0415

    for manifest in rendered(build):
        if manifest["kind"] in CUSTOM:
            assert manifest["apiVersion"] == "monitoring.coreos.com/v1"
            jsonschema.validate(manifest["spec"], CUSTOM[manifest["kind"]])
        else:
            kubernetes_validate.validate(manifest, version, strict=True)


CONTROLS = [
    pytest.param("runAsNonRoot", True, id="not root"),
    pytest.param("runAsUser", 65532, id="a user by number"),
    pytest.param("seccompProfile", {"type": "RuntimeDefault"}, id="seccomp"),
    pytest.param("allowPrivilegeEscalation", False, id="no privilege gained"),
    pytest.param("readOnlyRootFilesystem", True, id="read-only"),
    pytest.param("capabilities", {"drop": ["ALL"]}, id="no capability"),
    pytest.param("image", f"{NAME}:{__version__}", id="image of this version"),
    pytest.param("automountServiceAccountToken", False, id="no token of the cluster"),
    pytest.param("hostNetwork", None, id="not the host's network"),
    pytest.param("hostPID", None, id="not the host's processes"),
    pytest.param("hostIPC", None, id="not the host's memory"),
    pytest.param("initContainers", None, id="no other container"),
]


@pytest.mark.parametrize(("control", "wanted"), CONTROLS)
@pytest.mark.parametrize("build", BUILDS)
def test_pods_are_restricted(build: str, control: str, wanted: object) -> None:
    """The controls of the restricted pod security standard, and some of our own."""
    spec, only = pod(build), container(build)
    every = {**spec, **only, **spec["securityContext"], **only["securityContext"]}

    assert every.get(control) == wanted


@pytest.mark.parametrize("build", BUILDS)
def test_volumes_are_files_of_the_cluster(build: str) -> None:
    """Neither the host's folders nor room to write."""
    kinds = {key for volume in pod(build)["volumes"] for key in volume} - {"name"}

    assert {"configMap", "secret"} == kinds


@pytest.mark.parametrize("build", BUILDS)
def test_the_command_line_starts_the_exporter(
    build: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its flags are ours, and its configuration loads with a token where it is mounted."""
    (settings,) = (m for m in of_kind(build, "ConfigMap") if "exporter.yaml" in m["data"])
    mounts = {mount["name"]: mount["mountPath"] for mount in container(build)["volumeMounts"]}
    (tmp_path / "token").write_text("example-token")
    configuration = tmp_path / "exporter.yaml"
    text = settings["data"]["exporter.yaml"]
    assert f"{mounts['token']}/token" in text
    configuration.write_text(text.replace(mounts["token"], str(tmp_path)))
    arguments = [argument.replace("$(SHARD)", "0") for argument in container(build)["args"]]

    assert f"--config.file={mounts['configuration']}/exporter.yaml" in arguments
    assert main(["check-config", f"--config.file={configuration}"]) == 0
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--help"])
    assert end.value.code == 0
    known = capsys.readouterr().out
    assert not [a for a in arguments[1:] if a.partition("=")[0] not in known]


@pytest.mark.parametrize("build", BUILDS)
def test_who_selects_finds(build: str) -> None:
    """Service, NetworkPolicy and ServiceMonitor speak of labels and ports that are there."""
    labels = workload(build)["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in container(build)["ports"]}
    (service,) = of_kind(build, "Service")
    (policy,) = of_kind(build, "NetworkPolicy")

    assert workload(build)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["selector"].items() <= labels.items()
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert {p["port"] for rule in policy["spec"]["ingress"] for p in rule["ports"]} <= ports
    probes = (container(build)[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness"))
    assert {probe["httpGet"]["port"] for probe in probes} <= ports
    (source,) = policy["spec"]["ingress"][0]["from"]
    assert source["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}
    for monitor in of_kind(build, "ServiceMonitor"):
        selected = monitor["spec"]["selector"]["matchLabels"]
        assert selected.items() <= service["metadata"]["labels"].items()
        assert {e["port"] for e in monitor["spec"]["endpoints"]} <= {
            p["name"] for p in service["spec"]["ports"]
        }
        # What the alert on an exporter that is gone selects.
        assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == NAME


@pytest.mark.parametrize("build", BUILDS)
def test_what_is_let_out(build: str) -> None:
    """Names are resolved and the API is asked, in every cluster; nothing else."""
    (policy,) = of_kind(build, "NetworkPolicy")
    (rule,) = policy["spec"]["egress"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert set(rule) == {"ports"}
    assert [(p["protocol"], p["port"]) for p in rule["ports"]] == [
        ("UDP", 53),
        ("TCP", 53),
        ("TCP", 443),
    ]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_admits_restricted_pods_only(overlay: str) -> None:
    """And everything else is in it."""
    build = f"overlays/{overlay}"
    (namespace,) = of_kind(build, "Namespace")
    others = [m for m in rendered(build) if m["kind"] != "Namespace"]

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {namespace["metadata"]["name"]} == {m["metadata"]["namespace"] for m in others}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_dashboards_are_the_committed_ones(overlay: str) -> None:
    """One ConfigMap each, which Grafana's sidecar finds."""
    boards = {
        name: (manifest["metadata"], json.loads(text))
        for manifest in of_kind(f"overlays/{overlay}", "ConfigMap")
        for name, text in manifest["data"].items()
        if name.endswith(".json")
    }

    assert {f"{uid}.json": load_dashboard(uid) for uid in UIDS} == {
        name: board for name, (_, board) in boards.items()
    }
    assert {"1"} == {metadata["labels"]["grafana_dashboard"] for metadata, _ in boards.values()}


def committed_groups() -> list[Any]:
    """The groups of all rule files, in the order of their names."""
    return [
        group
        for path in sorted(RULE_FILES)
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    ]


@pytest.mark.parametrize("overlay", [name for name in OVERLAYS if name != "plain"])
def test_prometheus_rules_equal_the_alerts(overlay: str, tmp_path: Path) -> None:
    """And Prometheus accepts them as they are rendered."""
    need("promtool")
    rules = of_kind(f"overlays/{overlay}", "PrometheusRule")
    files = [tmp_path / f"{rule['metadata']['name']}.yaml" for rule in rules]
    for file, rule in zip(files, rules, strict=True):
        file.write_text(yaml.safe_dump(rule["spec"]))
    checked = subprocess.run(
        ("promtool", "check", "rules", *map(str, files)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    by_name = sorted(rules, key=lambda rule: str(rule["metadata"]["name"]))
    assert committed_groups() == [group for rule in by_name for group in rule["spec"]["groups"]]


def test_the_plain_overlay_carries_the_rule_files() -> None:
    """Byte for byte, to be mounted."""
    (rules,) = (
        manifest
        for manifest in of_kind("overlays/plain", "ConfigMap")
        if manifest["metadata"]["name"] == f"{NAME}-rules"
    )

    assert {path.name: path.read_text("utf-8") for path in RULE_FILES} == rules["data"]


def test_generated_manifests_are_as_generated() -> None:
    """`make manifests` writes them again; one that has no rule file any more is deleted."""
    written = manifests.prometheus_rules()

    assert {path: path.read_text("utf-8") for path in written} == written
    assert set(written) == set(manifests.FOLDER.glob("*.prometheusrule.yaml"))


def test_shards_are_as_many_as_pods() -> None:
    """A shard that nobody serves is a share of the certificates that nobody watches."""
    spec = workload("overlays/sharded")["spec"]
    (total,) = (a for a in container("overlays/sharded")["args"] if a.startswith("--total-shards="))

    assert workload("overlays/sharded")["kind"] == "StatefulSet"
    assert f"--total-shards={spec['replicas']}" == total
    assert "--shard=$(SHARD)" in container("overlays/sharded")["args"]
    assert [variable["name"] for variable in container("overlays/sharded")["env"]] == ["SHARD"]
    (service,) = of_kind("overlays/sharded", "Service")
    assert service["metadata"]["name"] == spec["serviceName"]


def test_an_overlay_of_ones_own() -> None:
    """The example of the documentation renders, with its image, configuration and token."""
    need("kubectl")
    page = PAGE.read_text("utf-8")
    found = re.search(r"```yaml\n(# kustomization.yaml\n.*?)```", page, re.DOTALL)
    assert found is not None
    remote = re.search(r"https://\S+//(\S+)\?ref=v(\S+)", found[1])
    assert remote is not None
    assert __version__ == remote[2]
    # Kustomize takes a folder by its relative path only.
    own = ROOT / ".pytest_cache" / "own-overlay"
    own.mkdir(parents=True, exist_ok=True)
    here = Path("..") / ".." / remote[1]
    (own / "kustomization.yaml").write_text(found[1].replace(remote[0], str(here)))
    (own / "exporter.yaml").write_text("accounts: []\n")
    (own / "token").write_text("example-token")
    done = subprocess.run(
        ("kubectl", "kustomize", str(own)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    (deployment,) = (o for o in objects if o["kind"] == "Deployment")
    (secret,) = (o for o in objects if o["kind"] == "Secret")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    names = {v["secret"]["secretName"] for v in volumes if "secret" in v}
    (image,) = (c["image"] for c in deployment["spec"]["template"]["spec"]["containers"])

    assert {secret["metadata"]["name"]} == names
    assert image.endswith(f"/{NAME}:{__version__}")
    assert [
        o["data"]["exporter.yaml"] for o in objects if "exporter.yaml" in o.get("data", {})
    ] == ["accounts: []\n"]


def test_the_scrape_configuration_of_the_documentation(tmp_path: Path) -> None:
    """Prometheus accepts it; it selects the Service, under the name that the alerts select."""
    need("promtool")
    found = re.search(r"```yaml\n(scrape_configs:\n.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    (job,) = yaml.safe_load(found[1])["scrape_configs"]
    # Debian builds Prometheus without the discovery of Kubernetes.
    static = {**job, "static_configs": [{"targets": ["localhost:10843"]}]}
    (discovery,) = static.pop("kubernetes_sd_configs")
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [static]}))
    command = ("promtool", "check", "config", str(file))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (keep,) = (rule for rule in job["relabel_configs"] if rule.get("action") == "keep")
    (service,) = of_kind("overlays/plain", "Service")

    assert done.returncode == 0, done.stdout + done.stderr
    assert job["job_name"] == NAME
    assert keep["regex"] == service["metadata"]["name"]
    assert discovery["role"] == "endpoints"
    assert discovery["namespaces"]["names"] == [service["metadata"]["namespace"]]
