"""What the exporter says of itself: events in, samples out."""

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as text_string_to_openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from exporter import __version__
from exporter.api.model import FIELDS, Unread
from exporter.config import Shard
from exporter.errors import REASONS, RateLimited
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key
from tests.world.builders import FRA, certificate, snapshot

DAL = Key("default", "dal0")


def samples(telemetry: Telemetry, prefix: str = "ukc_") -> dict[str, float]:
    """Every sample, by name and label values; without the labels that all share."""
    text = telemetry.exposition(openmetrics=False).decode()
    each = (s for family in text_string_to_metric_families(text) for s in family.samples)
    common = {"account": "default", "metro": "fra0"}.items()
    return {
        " ".join([s.name, *(v for k, v in s.labels.items() if (k, v) not in common)]): s.value
        for s in each
        if s.name.startswith(prefix) and not s.name.endswith("_bucket")
    }


def test_everything_an_alert_depends_on_is_there_from_the_start() -> None:
    """A metro that was never read is a zero, not a gap."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    got = samples(telemetry)
    build = next(name for name in got if name.startswith("ukc_exporter_build_info"))

    assert {
        "ukc_up": 0,
        "ukc_last_success_timestamp_seconds": 0,
        "ukc_poll_interval_seconds": 60,
        "ukc_poll_duration_seconds": 0,
        "ukc_polls_total": 0,
        **{f"ukc_poll_failures_total {reason}": 0 for reason in REASONS},
        "ukc_certificates_listed": 0,
        "ukc_certificates_fetched": 0,
        **{f"ukc_certificates_skipped {reason}": 0 for reason in REASONS},
        **{f"ukc_certificates_unread_fields {field}": 0 for field in FIELDS},
        "ukc_api_request_duration_seconds_count": 0,
        "ukc_api_request_duration_seconds_sum": 0,
        build: 1,
        "ukc_exporter_config_last_reload_successful": 0,
        "ukc_exporter_config_last_reload_success_timestamp_seconds": 0,
        "ukc_exporter_shard_info 0 1": 1,
        "ukc_exporter_shards": 1,
        "ukc_exporter_internal_errors_total": 0,
    } == got
    assert __version__ in build


def test_polls_and_requests_are_counted() -> None:
    """A success, a failure, and what they asked the API."""
    telemetry = Telemetry()
    telemetry.configuration_loaded(5.0)
    telemetry.track(FRA, interval=60)
    count = telemetry.on_request(FRA)
    count("/v1/certificates", "200", 0.2)
    count("/v1/certificates", "200", 0.3)
    count("/v1/certificates/list", "timeout", 10.0)
    unread = tuple(Unread(reason, "", "", "") for reason in ("other", "undecodable", "other"))
    odd = (certificate(unread=("issuer", "subject")), certificate(unread=("issuer",)))
    looked = snapshot(certificate(), taken_at=7.0, listed=4, unread=unread, odd=odd)
    telemetry.succeeded(looked, seconds=0.5)
    before = samples(telemetry)
    telemetry.failed(FRA, RateLimited("slower"), seconds=0.1)
    after = samples(telemetry)

    assert {
        "ukc_up": 1,
        "ukc_last_success_timestamp_seconds": 7,
        "ukc_polls_total": 1,
        "ukc_poll_duration_seconds": 0.5,
        "ukc_certificates_listed": 4,
        "ukc_certificates_fetched": 1,
        "ukc_certificates_skipped other": 2,
        "ukc_certificates_skipped undecodable": 1,
        "ukc_certificates_unread_fields issuer": 2,
        "ukc_certificates_unread_fields subject": 1,
        "ukc_api_requests_total 200 /v1/certificates": 2,
        "ukc_api_requests_total timeout /v1/certificates/list": 1,
        "ukc_api_request_duration_seconds_count": 3,
        "ukc_api_request_duration_seconds_sum": 10.5,
        "ukc_exporter_config_last_reload_successful": 1,
        "ukc_exporter_config_last_reload_success_timestamp_seconds": 5,
    }.items() <= before.items()
    assert {
        "ukc_up": 0,
        "ukc_last_success_timestamp_seconds": 7,
        "ukc_polls_total": 2,
        "ukc_poll_duration_seconds": 0.1,
        "ukc_poll_failures_total rate_limited": 1,
        "ukc_certificates_listed": 4,
        "ukc_certificates_skipped other": 2,
    }.items() <= after.items()


def test_a_reason_that_is_over_goes_back_to_zero() -> None:
    """A gauge tells of the last good poll alone."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    telemetry.succeeded(snapshot(unread=(Unread("other", "", "", ""),)), seconds=0.1)
    telemetry.succeeded(snapshot(), seconds=0.1)

    assert samples(telemetry)["ukc_certificates_skipped other"] == 0


def test_metros_are_told_apart_and_exporters_share_nothing() -> None:
    """Each exporter has a registry of its own."""
    one, other = Telemetry(), Telemetry()
    one.track(FRA, interval=60)
    one.track(DAL, interval=30)

    assert (
        samples(one)["ukc_poll_interval_seconds"],
        samples(one)["ukc_poll_interval_seconds dal0"],
    ) == (60, 30)
    assert "ukc_poll_interval_seconds" not in samples(other)


@pytest.mark.parametrize(
    ("shard", "labels"), [(Shard(1, 2), {"1"}), (Shard(), {None})], ids=["a shard", "the whole"]
)
def test_metrics_of_a_metro_name_the_shard(shard: Shard, labels: set[str | None]) -> None:
    """Where there are several; those of a single exporter have `account` and `metro` alone."""
    telemetry = Telemetry(shard)
    telemetry.track(FRA, interval=60)
    telemetry.on_request(FRA)("/v1/certificates/list", "200", 0.2)
    telemetry.succeeded(snapshot(certificate()), seconds=0.5)
    telemetry.failed(FRA, RateLimited("slower"), seconds=0.1)
    page = telemetry.exposition(openmetrics=False).decode()
    each = [s for family in text_string_to_metric_families(page) for s in family.samples]

    assert {s.labels.get("shard") for s in each if "metro" in s.labels} == labels


def test_a_metro_that_is_gone_is_gone_for_a_shard() -> None:
    """With every reason and code."""
    telemetry = Telemetry(Shard(2, 3))
    telemetry.track(FRA, interval=60)
    telemetry.on_request(FRA)("/v1/certificates/list", "200", 0.2)
    telemetry.forget(FRA)

    assert b"fra0" not in telemetry.exposition(openmetrics=False)
    assert samples(telemetry)["ukc_exporter_shard_info 2 3"] == 1
    assert samples(telemetry)["ukc_exporter_shards"] == 3


def polled() -> Telemetry:
    """Two metros, one read and one not, as two shards would show them."""
    telemetry = Telemetry(Shard(0, 2))
    for key in (FRA, DAL):
        telemetry.track(key, interval=60)
        telemetry.on_request(key)("/v1/certificates", "200", 0.2)
    telemetry.succeeded(snapshot(certificate()), seconds=0.5)
    telemetry.failed(DAL, RateLimited("slower"), seconds=0.1)
    return telemetry


def test_both_formats_have_the_same_samples() -> None:
    """Each family stands once, all of its metros together; only what describes it differs."""
    text, openmetrics = (polled().exposition(openmetrics=om).decode() for om in (False, True))
    families = list(text_string_to_openmetrics_families(openmetrics))  # type: ignore[no-untyped-call]

    def ukc(page: str) -> list[str]:
        return [line for line in page.splitlines() if line.startswith("ukc_")]

    assert ukc(text) == ukc(openmetrics)
    assert len({family.name for family in families}) == len(families)
    assert openmetrics.endswith("\n# EOF\n")
    assert openmetrics.count("# EOF") == 1


def test_openmetrics_is_told_units_and_infos() -> None:
    """OpenMetrics 1.0, "Unit" and "Info"; text format 0.0.4 has neither."""
    pages = [polled().exposition(openmetrics=om).decode() for om in (False, True)]
    families = list(text_string_to_openmetrics_families(pages[1]))  # type: ignore[no-untyped-call]
    units = {f.name: f.unit for f in families if f.unit}

    assert units == {
        f.name: f.name.rpartition("_")[2]
        for f in families
        if f.name.endswith(("_seconds", "_bytes", "_days"))
    }
    assert units["process_cpu_seconds"] == "seconds"
    assert "# UNIT" not in pages[0]
    for name in ("ukc_exporter_build", "ukc_exporter_shard"):
        assert f"# TYPE {name}_info gauge\n" in pages[0]
        assert f"# TYPE {name} info\n" in pages[1]


def test_a_poll_shows_when_it_has_ended() -> None:
    """A scrape in the middle of one finds what the last one gave."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    telemetry.on_request(FRA)("/v1/certificates", "200", 0.2)
    before = samples(telemetry)
    telemetry.succeeded(snapshot(), seconds=0.5)
    after = samples(telemetry)

    assert "ukc_api_requests_total 200 /v1/certificates" not in before
    assert after["ukc_api_requests_total 200 /v1/certificates"] == 1


def test_the_skew_of_a_clock_is_absent_until_it_is_known() -> None:
    """Unknown is not 0."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    telemetry.failed(FRA, RateLimited("slower"), seconds=0.1)
    before = samples(telemetry)
    telemetry.on_clock_skew(FRA)(-2.5)
    telemetry.succeeded(snapshot(), seconds=0.1)

    assert "ukc_api_clock_skew_seconds" not in before
    assert samples(telemetry)["ukc_api_clock_skew_seconds"] == -2.5


def test_a_metro_that_is_tracked_again_goes_on_counting() -> None:
    """A reload that changes its interval is no restart."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    telemetry.failed(FRA, RateLimited("slower"), seconds=0.1)
    telemetry.track(FRA, interval=30)
    after = samples(telemetry)

    assert (after["ukc_polls_total"], after["ukc_poll_interval_seconds"]) == (1, 30)


def test_process_and_garbage_collector() -> None:
    """The usual names of every Python exporter; ages of counters are left out."""
    names = {name.split()[0] for name in samples(Telemetry(), "")}

    assert {"process_resident_memory_bytes", "python_gc_collections_total"} <= names
    assert not [name for name in names if name.endswith("_created")]


@pytest.mark.parametrize("openmetrics", [False, True])
def test_without_the_process(openmetrics: bool) -> None:
    """What is read from a file of node_exporter's must not repeat node_exporter's own names."""
    page = polled().exposition(openmetrics=openmetrics, process=False).decode()

    assert {line.split()[2][:4] for line in page.splitlines() if line.startswith("# TYPE")} == {
        "ukc_"
    }
