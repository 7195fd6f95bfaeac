"""Writes the manifests that derive from `alerts/`: `python -m deploy.manifests`."""

from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "deploy" / "kubernetes" / "components" / "prometheus-operator"

_HEAD: Final = "# Written by `make manifests` from alerts/{name}; changes here are lost.\n"


class _Dumper(yaml.SafeDumper):
    """Expressions as blocks, which people read, and no aliases, which they follow in vain."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def prometheus_rules() -> dict[Path, str]:
    """The text of each PrometheusRule by its path, one for each file of rules."""
    return {
        FOLDER / f"{source.name.removesuffix('.rules.yaml')}.prometheusrule.yaml": _rule(source)
        for source in sorted((ROOT / "alerts").glob("*.rules.yaml"))
    }


def _rule(source: Path) -> str:
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": source.name.removesuffix(".rules.yaml"),
            "labels": {"app.kubernetes.io/name": "ukc-certificate-exporter"},
        },
        "spec": yaml.safe_load(source.read_text("utf-8")),
    }
    text = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    return _HEAD.format(name=source.name) + text


if __name__ == "__main__":
    for path, text in prometheus_rules().items():
        path.write_text(text, "utf-8")
