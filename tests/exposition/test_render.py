"""Snapshots in, a page out: held to prometheus_client's parsers and to promtool."""

import gzip
import re
import subprocess
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.api.model import Certificate, ServiceGroup
from exporter.config import Selection
from exporter.exposition.families import FAMILIES
from exporter.exposition.render import Exposition, render
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key, MetroSnapshot
from tests.alerts.peers import PROMTOOLS
from tests.world.builders import DAY, FRA, NOT_AFTER, certificate, snapshot
from tests.world.tools import need

NOW = NOT_AFTER - 30 * DAY
PENDING = certificate(
    uuid="p", name="p", state="pending", attempts=2, next_attempt=NOW, not_after=None, issuer=""
)


def page(*snapshots: MetroSnapshot, openmetrics: bool = False, now: float = NOW) -> str:
    """The page of these looks, with the exporter's own metrics, as an HTTP client reads it."""
    exposition, telemetry = Exposition(stale_after=3600, clock=lambda: 0), Telemetry()
    for looked in snapshots:
        telemetry.track(looked.key, interval=60)
        exposition.publish(render(looked, None, now=now))
    tail = telemetry.exposition(openmetrics=openmetrics)
    stream = exposition.stream(openmetrics=openmetrics, tail=tail)
    text = gzip.decompress(b"".join(stream.gzip()))
    assert text == b"".join(stream.text())
    return text.decode()


def families(text: str, *, openmetrics: bool) -> Iterable[Metric]:
    # The parsers are generators: errors show when they are read to their end.
    return list(parse_openmetrics(text) if openmetrics else parse_text(text))  # type: ignore[no-untyped-call]


def names(text: str, *, openmetrics: bool) -> set[str]:
    """The `name` labels of every sample about a certificate."""
    parsed = families(text, openmetrics=openmetrics)
    return {s.labels["name"] for f in parsed for s in f.samples if "name" in s.labels}


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_both_formats_say_the_same(openmetrics: bool) -> None:
    """Each parser reads every sample, under the contract's names."""
    text = page(snapshot(certificate(), PENDING), openmetrics=openmetrics)
    got = {
        sample.name: sample.value
        for family in families(text, openmetrics=openmetrics)
        for sample in family.samples
        if sample.labels.get("name") == "p" and sample.labels.get("state", "pending") == "pending"
    }

    assert got == {
        "ukc_certificate_info": 1,
        "ukc_certificate_state": 1,
        "ukc_certificate_not_before_timestamp_seconds": 1709838371,
        "ukc_certificate_created_timestamp_seconds": 1709838364,
        "ukc_certificate_validation_attempts": 2,
        "ukc_certificate_validation_next_timestamp_seconds": NOW,
        "ukc_certificate_service_groups": 1,
        "ukc_certificate_service_group_info": 1,
        "ukc_certificate_attention": 1,
    }


def test_openmetrics_has_an_info_type_and_an_end() -> None:
    """OpenMetrics 1.0, "Info" and "EOF"."""
    text = page(snapshot(certificate()), openmetrics=True)

    assert "# TYPE ukc_certificate info\n" in text
    assert "# TYPE ukc_certificate_service_group info\n" in text
    assert "# TYPE ukc_certificate_state gauge\n" in text
    assert "# UNIT ukc_certificate_expiry_days days\n" in text
    assert "# UNIT ukc_certificates_expiry_days days\n" in text
    assert "# UNIT ukc_certificate_not_after_timestamp_seconds seconds\n" in text
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_a_family_is_one_group_across_metros(openmetrics: bool) -> None:
    """Prometheus, "Exposition formats": all lines of a metric are one group."""
    dal = snapshot(certificate(uuid="d", name="d"), key=Key("default", "dal0"))
    text = page(snapshot(certificate()), dal, openmetrics=openmetrics)
    order = [line.split(" ", 3)[2] for line in text.splitlines() if line.startswith("# TYPE ")]

    assert len(order) == len(set(order))
    assert {"example.com-x9d9k", "d"} == names(text, openmetrics=openmetrics)


HOSTILE = [
    'quo"te',
    "back\\slash",
    "new\nline",
    "carriage\rreturn",
    "all\\n\"three'\n",
    "grün 证书 🔐",
    "\u202eright to left",
    "{},= #",
    "x" * (1 << 20),
    "\u2028\x85\x1c",
    "a\0b",
    "ends in backslash\\",
]


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_label_values_come_back_whole(value: str, openmetrics: bool) -> None:
    """Escaped as both formats ask, read back by the other side's own parser."""
    text = page(snapshot(certificate(name=value)), openmetrics=openmetrics)

    assert {value} == names(text, openmetrics=openmetrics)


@given(
    st.lists(st.tuples(st.text(), st.text(), st.text()), unique_by=lambda t: t[0], max_size=4),
    st.booleans(),
)
def test_any_text_is_a_page(texts: list[tuple[str, str, str]], openmetrics: bool) -> None:
    """Whatever stands in a name, a common name, a state or a service group."""
    found = [
        certificate(name=n, common_name=c, state=s, service_groups=(ServiceGroup(c, s),))
        for n, c, s in texts
    ]
    text = page(snapshot(*found), openmetrics=openmetrics)

    assert {n for n, _, _ in texts} == names(text, openmetrics=openmetrics)


def test_days_go_on_counting_without_a_new_look() -> None:
    """Only what changes with the clock is rendered again."""
    looked = snapshot(certificate())
    first = render(looked, None, now=NOW)
    second = render(looked, first, now=NOW + DAY)
    chunks = zip(first.chunks[0].segments, second.chunks[0].segments, strict=True)
    changed = [old is not new for old, new in chunks]
    exposition = Exposition(stale_after=3600, clock=lambda: 0)
    exposition.publish(second)
    text = b"".join(exposition.stream(openmetrics=False, tail=b"").text()).decode()

    assert not any(changed)
    assert [family.name for family in FAMILIES if family.timed] == [
        "ukc_certificate_expiry_days",
        "ukc_certificate_attention",
    ]
    assert 'ukc_certificate_expiry_days{account="default"' in text
    assert "} 29\n" in text


def test_a_changed_look_is_rendered_whole() -> None:
    """Nothing of a renewed certificate stays on the page."""
    first = render(snapshot(certificate()), None, now=NOW)
    renewed = snapshot(certificate(not_after=NOT_AFTER + 60 * DAY, serial_number="NEW"))

    assert render(renewed, None, now=NOW).segments == render(renewed, first, now=NOW).segments


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda many: many, id="nothing"),
        pytest.param(lambda many: many[1:], id="the first goes"),
        pytest.param(lambda many: many[:3000] + many[3001:], id="one goes"),
        pytest.param(lambda many: [certificate(uuid="new", name="new"), *many], id="one comes"),
        pytest.param(lambda many: many[::-1], id="another order"),
        pytest.param(
            lambda many: [c if c.uuid != "9" else certificate(uuid="9", name="m") for c in many],
            id="one changes",
        ),
        pytest.param(lambda _: [], id="all go"),
    ],
)
def test_a_page_does_not_depend_on_the_page_before(
    change: Callable[[list[Certificate]], list[Certificate]],
) -> None:
    """Blocks that are kept are what rendering them again would give."""
    many = [certificate(uuid=str(n), name=f"n{n}", attempts=n) for n in range(6000)]
    first = render(snapshot(*many), None, now=NOW)
    found = snapshot(*change(list(many)))
    fresh = render(found, None, now=NOW + 1)
    second = render(found, first, now=NOW + 1)
    third = render(found, second, now=NOW + 1)

    assert fresh.segments == second.segments == third.segments


def test_attention_comes_with_its_moment() -> None:
    """The same look, rendered again once a limit has passed."""
    looked = snapshot(certificate())
    limit = NOT_AFTER - 90 * DAY // 4
    pages = [render(looked, None, now=limit - DAY)]
    for now in (limit - DAY / 2, limit + DAY, NOT_AFTER, NOT_AFTER + DAY):
        pages.append(render(looked, pages[-1], now=now))
    position = [family.name for family in FAMILIES].index("ukc_certificate_attention")
    reasons = [
        b"".join(p.segments[position].text()).decode().rpartition("reason=")[2] for p in pages
    ]

    assert reasons == [
        "",
        "",
        '"renewal_overdue",severity="warning"} 1\n',
        '"expired",severity="critical"} 1\n',
        '"expired",severity="critical"} 1\n',
    ]
    assert pages[1].judgement is pages[0].judgement
    assert pages[4].judgement is pages[3].judgement


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_aggregates_are_there_without_series(openmetrics: bool) -> None:
    """Whatever `series` says; both formats name the samples alike."""
    exposition = Exposition(stale_after=3600, clock=lambda: 0)
    for key in (FRA, Key("default", "dal0")):
        looked = snapshot(certificate(), PENDING, key=key, taken_at=NOW)
        exposition.publish(render(looked, None, now=NOW, selection=Selection("none")))
    tail = b"# EOF\n" if openmetrics else b""
    text = b"".join(exposition.stream(openmetrics=openmetrics, tail=tail).text()).decode()
    parsed = families(text, openmetrics=openmetrics)
    samples = [s for f in parsed for s in f.samples if s.labels["metro"] == "dal0"]
    kind = "gaugehistogram" if openmetrics else "histogram"
    (days,) = (s.value for s in samples if s.labels.get("le") == "30.0")
    ended = re.findall(r"^ukc_certificates_expiry_days_(count)|le=.\+(Inf)", text, re.MULTILINE)

    assert names(text, openmetrics=openmetrics) == set()
    assert sum(s.value for s in samples if s.name == "ukc_certificates") == 2
    assert f"# TYPE ukc_certificates_expiry_days {kind}\n" in text
    assert [s.value for s in samples if s.name == "ukc_certificates_expiry_days_count"] == [days]
    # Of a histogram all samples of a metro stand together, else Prometheus 3 converts it twice.
    order = ["Inf", "Inf", "count", "count"] if openmetrics else ["Inf", "count"] * 2
    assert ["".join(end) for end in ended] == order


def test_a_metro_that_is_stale_is_withdrawn_and_no_other() -> None:
    """After `stale_after` its certificates are gone, until it is read again."""
    clock = [0]
    exposition = Exposition(stale_after=100, clock=lambda: clock[0])

    def shown() -> str:
        text = b"".join(exposition.stream(openmetrics=False, tail=b"").text()).decode()
        return "".join(sorted(names(text, openmetrics=False)))

    dal = Key("default", "dal0")
    for name, key, read_at in (("f", FRA, 0), ("d", dal, 50)):
        looked = snapshot(certificate(name=name), key=key, read_at=read_at)
        exposition.publish(render(looked, None, now=NOW))
    seen = {}
    for seconds in (0, 99, 100, 149, 150):
        clock[0] = seconds
        seen[seconds] = shown()
    fresh = snapshot(certificate(name="g"), read_at=clock[0])
    exposition.publish(render(fresh, None, now=NOW))

    assert seen == {0: "df", 99: "df", 100: "d", 149: "d", 150: ""}
    assert shown() == "g"


def test_many_certificates_are_rendered_in_parts() -> None:
    """Parts join without a seam."""
    many = [certificate(uuid=str(n), name=f"n{n}") for n in range(4500)]

    assert {c.name for c in many} == names(page(snapshot(*many)), openmetrics=False)


@pytest.mark.parametrize("version", PROMTOOLS)
def test_promtool_accepts_the_page(version: str) -> None:
    """It remarks on the days alone, which the user asked for."""
    promtool = PROMTOOLS[version]
    need(promtool)
    hostile = [certificate(uuid=str(n), name=name) for n, name in enumerate(HOSTILE)]
    found: list[Certificate] = [certificate(), PENDING, *hostile]
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=page(snapshot(*found)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    remarks = [line for line in (done.stdout + done.stderr).splitlines() if line]

    days = ("ukc_certificate_expiry_days", "ukc_certificates_expiry_days")
    assert [f'{name} use base unit "seconds" instead of "days"' for name in days] == remarks
