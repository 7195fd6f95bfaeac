"""The programs that rules and pages are tried with; `.ci/run` and `.ci/peers` bring them."""

import os
from pathlib import Path
from typing import Final

PEERS: Final = Path(os.environ.get("PEERS", "/opt/peers"))

PROMETHEUS_2: Final = "prometheus"
PROMETHEUS_3: Final = str(PEERS / "prometheus")
VICTORIA_METRICS: Final = str(PEERS / "victoria-metrics")
VMAGENT: Final = str(PEERS / "vmagent")
VMALERT: Final = str(PEERS / "vmalert")

ALERTMANAGER_25: Final = "prometheus-alertmanager"
ALERTMANAGER_33: Final = str(PEERS / "prometheus-alertmanager")

PUSHGATEWAY: Final = "prometheus-pushgateway"
NODE_EXPORTER: Final = "prometheus-node-exporter"

PROMETHEUSES: Final = {"2": PROMETHEUS_2, "3": PROMETHEUS_3}
PROMTOOLS: Final = {"2": "promtool", "3": str(PEERS / "promtool")}
"""The oldest Prometheus that rules and pages are for, which Debian 12 has, and today's."""
