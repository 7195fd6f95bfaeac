"""The page for people: is anything wrong, what, why, and what to do.

It needs no script, and its policy allows none.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

from exporter.status.model import Status
from exporter.status.words import DOCUMENTATION, PROJECT, duration, since
from exporter.web.markup import left, link, listed, moment, text
from exporter.web.tables import certificates_table, heading, metros_table

_STYLE: Final = (Path(__file__).parent / "status.css").read_text()
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_LEAST_RELOAD_SECONDS: Final = 5

HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
"""What every answer of the page says: nothing but its own style is loaded or run."""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Unikraft Cloud certificates</h1>
<p class="summary {severity}"><strong>{grade}</strong> {summary}</p>
{refusal}</header>
<main>
<section aria-labelledby="metros">
<h2 id="metros">Metros</h2>
{metros}</section>
<section aria-labelledby="certificates">
<h2 id="certificates">{heading}</h2>
{form}
{certificates}</section>
<section aria-labelledby="limits">
<h2 id="limits">Limits in force</h2>
{thresholds}</section>
</main>
<footer>
<nav aria-label="Elsewhere">
<ul>{links}</ul>
</nav>
<p class="quiet">{about}</p>
</footer>
</body>
</html>
"""

_WORDS: Final = {"critical": "Critical.", "warning": "Warning.", "info": "", "ok": "OK."}


class View(NamedTuple):
    """How the page is asked for: under which path the metrics are, and whether it reloads."""

    telemetry_path: str = "/metrics"
    reloads: bool = True


_DEFAULT_VIEW: Final = View()


def reload_seconds(status: Status) -> int:
    """After how many seconds the page is loaded again: the interval of the polls."""
    return max(_LEAST_RELOAD_SECONDS, round(status.configuration.interval_seconds))


def status_page(status: Status, view: View = _DEFAULT_VIEW) -> str:
    """The status as HTML of at most 200 kB."""
    grade = _WORDS[status.severity]
    return _PAGE.format(
        title=f"{grade} Unikraft Cloud certificates".strip(),
        style=_STYLE,
        severity=status.severity,
        grade=grade,
        summary=text(status.summary, 1000),
        refusal=_refusal(status),
        metros=metros_table(status),
        heading=heading(status),
        form=_form(status, view),
        certificates=certificates_table(status),
        thresholds="".join(_thresholds(status)),
        links=_links(status, view),
        about=_about(status, view),
    )


def _refusal(status: Status) -> str:
    refusal = status.configuration.refusal
    if not refusal:
        return ""
    words = "The configuration was refused when it was loaded again; the one before stays in force"
    return f'<p class="mend warning">{words}: {text(refusal, 400)}</p>\n'


def _form(status: Status, view: View) -> str:
    off = "" if view.reloads else '<input type="hidden" name="reload" value="off">'
    back = link(_query(view.reloads), "Show what needs attention") if status.query else ""
    return (
        f'<form method="get" role="search">{off}<label for="q">Find a domain or name</label>'
        f'<input type="search" id="q" name="q" maxlength="253" value="{escape(status.query)}">'
        f"<button>Search</button>{back}</form>"
    )


def _thresholds(status: Status) -> Iterator[str]:
    several = len(status.thresholds) > 1
    for each in status.thresholds[:5]:
        if several:
            yield f"<p>{listed(each.metros, each.metro_count)}:</p>\n"
        items = (f"<dt>{name.capitalize()}</dt><dd>{v}</dd>" for name, v in each.limits.items())
        yield f"<dl>{''.join(items)}</dl>\n"
    yield left(len(status.thresholds) - 5, "set of limits")


def _links(status: Status, view: View) -> str:
    query = {"q": status.query} if status.query else {}
    links = (
        (f".{view.telemetry_path}", "Metrics"),
        (f"./?{urlencode({**query, 'format': 'json'})}", "This page as JSON"),
        ("./-/healthy", "Healthy"),
        ("./-/ready", "Ready"),
        (DOCUMENTATION, "Documentation"),
        (f"{DOCUMENTATION}/runbook.md", "Runbook"),
        (f"{PROJECT}/tree/main/dashboards", "Dashboards"),
    )
    return "".join(f"<li>{link(url, words)}</li>" for url, words in links)


def _about(status: Status, view: View) -> str:
    configuration = status.configuration
    loaded = configuration.loaded_at
    words = since((status.now - loaded).total_seconds()) if status.now and loaded else "not"
    turn = "Stop reloading" if view.reloads else "Reload again"
    reloads = f"reloads every {reload_seconds(status)} s" if view.reloads else "does not reload"
    query = {"q": status.query} if status.query else {}
    return (
        f"Version {escape(status.version)}. Configuration loaded {moment(loaded, words)}; polls "
        f"every {duration(configuration.interval_seconds)}. "
        f"As of {moment(status.now, _clock(status))}. This page {reloads}. "
        f"{link(_query(not view.reloads, query), turn)}"
    )


def _clock(status: Status) -> str:
    return f"{status.now:%H:%M:%S} UTC" if status.now else "an unknown time"


def _query(reloads: bool, query: dict[str, str] | None = None) -> str:
    """The address of this page with another setting."""
    parameters = {**(query or {}), **({} if reloads else {"reload": "off"})}
    return f"./?{urlencode(parameters)}" if parameters else "./"
