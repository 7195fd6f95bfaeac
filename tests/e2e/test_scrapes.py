"""Each way in which Prometheus 2.42 and 3.5 can ask for the page has the same series of it."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, NamedTuple

import pytest

from tests.alerts.peers import PROMETHEUS_2, PROMETHEUS_3
from tests.e2e.programs import Prometheus, prometheus, until
from tests.e2e.series import Series, exporting, fetched, of_job, of_page
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

TEXT: Final = "PrometheusText0.0.4"
TEXT_1: Final = "PrometheusText1.0.0"
OPENMETRICS: Final = "OpenMetricsText0.0.1"
OPENMETRICS_1: Final = "OpenMetricsText1.0.0"
PROTOBUF: Final = "PrometheusProto"
UNDERSCORES: Final = {
    "metric_name_validation_scheme": "legacy",
    "metric_name_escaping_scheme": "underscores",
}
NATIVE: Final = {"convert_classic_histograms_to_nhcb": True}
BOTH: Final = {**NATIVE, "always_scrape_classic_histograms": True}
HISTOGRAM: Final = "ukc_api_request_duration_seconds"
GAUGE_HISTOGRAM: Final = "ukc_certificates_expiry_days"


class Engine(NamedTuple):
    """A Prometheus: its program and flags."""

    program: str
    flags: tuple[str, ...] = ()


class Way(NamedTuple):
    """A scrape job: the protocols that it asks for, its other settings, and what it converts.

    The classic series of `native` are there as well only where the settings say so.
    """

    engine: Engine
    protocols: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}
    native: tuple[str, ...] = ()


TWO: Final = Engine(PROMETHEUS_2)
THREE: Final = Engine(PROMETHEUS_3)
HISTOGRAMS: Final = Engine(PROMETHEUS_3, ("--enable-feature=native-histograms",))
# Prometheus 3.5 does not take both.
CREATED: Final = Engine(PROMETHEUS_3, ("--enable-feature=created-timestamp-zero-ingestion",))

WAYS: Final = {
    "2": Way(TWO),
    "3": Way(THREE),
    "text 0.0.4": Way(THREE, (TEXT,)),
    "text 1.0.0": Way(THREE, (TEXT_1,)),
    "openmetrics 0.0.1": Way(THREE, (OPENMETRICS,)),
    "openmetrics 1.0.0": Way(THREE, (OPENMETRICS_1,)),
    "protobuf first": Way(THREE, (PROTOBUF, TEXT_1, OPENMETRICS_1)),
    "underscores, text": Way(THREE, (TEXT_1,), UNDERSCORES),
    "underscores, openmetrics": Way(THREE, (OPENMETRICS_1,), UNDERSCORES),
    "dots": Way(THREE, (), {"metric_name_escaping_scheme": "dots"}),
    "values": Way(THREE, (TEXT_1,), {"metric_name_escaping_scheme": "values"}),
    "created": Way(CREATED),
    "created, text": Way(CREATED, (TEXT,)),
    "native, text": Way(HISTOGRAMS, (TEXT,), NATIVE, (HISTOGRAM, GAUGE_HISTOGRAM)),
    "native, openmetrics": Way(HISTOGRAMS, (OPENMETRICS_1,), NATIVE, (HISTOGRAM,)),
    "native, protobuf first": Way(HISTOGRAMS, (PROTOBUF, OPENMETRICS_1), NATIVE, (HISTOGRAM,)),
    "native and classic": Way(HISTOGRAMS, (TEXT,), BOTH, (HISTOGRAM, GAUGE_HISTOGRAM)),
}
"""OpenMetrics calls the certificates' days a gauge histogram, which Prometheus does not convert."""

DROPPED: Final = (
    "prometheus_target_scrapes_sample_duplicate_timestamp_total",
    "prometheus_target_scrapes_sample_out_of_order_total",
    "prometheus_target_scrapes_sample_out_of_bounds_total",
)


class Seen(NamedTuple):
    """What the page has, and those that scraped it."""

    page: Series
    engines: Mapping[Engine, Prometheus]


def _configuration(engine: Engine, target: str) -> str:
    jobs = [
        {
            "job_name": name,
            "static_configs": [{"targets": [target]}],
            **({"scrape_protocols": way.protocols} if way.protocols else {}),
            **way.settings,
        }
        for name, way in WAYS.items()
        if way.engine == engine
    ]
    return json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs})


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One world for all ways."""
    return "asyncio"


@pytest.fixture(scope="module")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Seen]:
    """An exporter that polls once, scraped in every way."""
    need(PROMETHEUS_2, PROMETHEUS_3)
    folder = tmp_path_factory.mktemp("scrapes")
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(exporting(folder))
        page = of_page(await fetched(url))
        engines = {}
        for number, engine in enumerate((TWO, THREE, HISTOGRAMS, CREATED)):
            own = folder / str(number)
            own.mkdir()
            configuration = _configuration(engine, url.removeprefix("http://"))
            started = prometheus(own, configuration, *engine.flags, name=engine.program)
            engines[engine] = await stack.enter_async_context(started)
        yield Seen(page, engines)


def _classic(families: Iterable[str]) -> set[str]:
    return {f"{family}_{part}" for family in families for part in ("bucket", "count", "sum")}


@pytest.mark.parametrize("name", WAYS)
async def test_every_way_has_the_same_series(seen: Seen, name: str) -> None:
    """Those of the page, with their values; of a histogram that was converted one a metro."""
    way, engine = WAYS[name], seen.engines[WAYS[name].engine]
    gone = set() if way.settings is BOTH else _classic(way.native)

    want = {s: value for s, value in seen.page.items() if dict(s)["__name__"] not in gone}
    got = await until(lambda: of_job(engine, name), bool)

    assert want == got
    for family in way.native:
        counts = await engine.query(f'histogram_count({family}{{job="{name}"}})')
        assert counts == {
            (dict(labels)["account"], dict(labels)["metro"]): value
            for labels, value in seen.page.items()
            if dict(labels)["__name__"] == f"{family}_count"
        }


async def test_no_sample_is_dropped(seen: Seen) -> None:
    """Each engine says so of all its scrapes, and of its targets that all are well."""
    for engine in seen.engines.values():
        counters = await engine.own()
        targets = (await engine.get("targets"))["activeTargets"]

        assert {target["lastError"] for target in targets} == {""}
        assert len([name for name in counters if name.startswith(DROPPED)]) >= 3
        assert not {name: n for name, n in counters.items() if n and name.startswith(DROPPED)}
