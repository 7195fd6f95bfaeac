"""Write the dashboards: `python -m dashboards.source [--directory DIR] [--show-cluster]`."""

import argparse
import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import VariableHide

from . import certificate, exporter_health, fleet

#: Defaults that the SDK writes, that Grafana 10.4 does not know, and that nothing here needs.
_NEWER = {"allowCustomValue", "percentChangeColorMode", "perPage"}


def rendered(new: Dashboard, *, show_cluster: bool = False) -> str:
    """The JSON to import: stable order, one value a line, a newline at the end."""
    model = new.build()
    for variable in model.templating.list_val or []:
        if show_cluster and variable.name == "cluster":
            variable.hide = VariableHide.DONT_HIDE
    plain = _without(json.loads(json.dumps(model, cls=JSONEncoder)), _NEWER)
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _without(value: Any, names: set[str]) -> Any:
    """The same JSON without the members of these names."""
    if isinstance(value, dict):
        return {k: _without(inner, names) for k, inner in value.items() if k not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.source", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(__file__).parents[1])
    parser.add_argument(
        "--show-cluster", action="store_true", help="do not hide the variable `cluster`"
    )
    given = parser.parse_args()
    for build in (fleet.dashboard, certificate.dashboard, exporter_health.dashboard):
        new = build()
        path = given.directory / f"{new.build().uid}.json"
        path.write_text(rendered(new, show_cluster=given.show_cluster), "utf-8")


if __name__ == "__main__":
    main()
