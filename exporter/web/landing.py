"""The page that a person sees who opens the exporter in a browser."""

import html
from collections.abc import Iterable
from datetime import UTC, datetime

from exporter import __version__
from exporter.polling.snapshot import Key, MetroSnapshot, Store

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Unikraft Cloud certificate exporter</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin-bottom: 0; }}
table {{ border-collapse: collapse; margin: 1.5rem 0; width: 100%; }}
caption {{ text-align: left; margin-bottom: .4rem; }}
th, td {{ text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8886; }}
td {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
.wide {{ overflow-x: auto; }}
.number {{ text-align: right; }}
th:last-child, td:last-child {{ padding-right: 0; }}
.none {{ opacity: .65; }}
</style>
</head>
<body>
<h1>Unikraft Cloud certificate exporter</h1>
<p class="none">Version {version}</p>
<p><a href="{metrics}">Metrics</a> · <a href="/-/healthy">Healthy</a> ·
<a href="/-/ready">Ready</a></p>
<div class="wide">
<table>
<caption class="none">The last complete look at each metro</caption>
<thead><tr><th>Account</th><th>Metro</th><th>Read at (UTC)</th>
<th class="number">Certificates</th><th class="number">Skipped</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</body>
</html>
"""


def landing_page(metros: Iterable[Key], store: Store, telemetry_path: str) -> str:
    """HTML with a link to each endpoint and the last complete look at each metro."""
    rows = "\n".join(_row(key, store.newest(key)) for key in metros)
    return _PAGE.format(version=__version__, metrics=html.escape(telemetry_path), rows=rows)


def _row(key: Key, snapshot: MetroSnapshot | None) -> str:
    names = "".join(f"<td>{html.escape(value)}</td>" for value in key)
    if snapshot is None:
        return f'<tr>{names}<td class="none" colspan="3">not yet</td></tr>'
    moment = datetime.fromtimestamp(snapshot.taken_at, UTC)
    counts = (len(snapshot.certificates), len(snapshot.unread))
    numbers = "".join(f'<td class="number">{count}</td>' for count in counts)
    return f"<tr>{names}<td>{moment:%Y-%m-%d %H:%M:%S}</td>{numbers}</tr>"
