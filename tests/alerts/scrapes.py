"""Targets over time, and the series that Prometheus makes of their pages."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Final, NamedTuple

from tests.alerts.pages import Certificate, Metro, Page, Sample, page

JOB: Final = "ukc-certificate-exporter"

_SECONDS: Final = 60


class Phase(NamedTuple):
    """For so many minutes a target shows this page, does not answer, or is no target at all."""

    minutes: int
    page: Page | None = None
    target: bool = True


def answers(
    minutes: int,
    *parts: Certificate | Metro,
    shard: int = 0,
    shards: int = 1,
    errors: float = 0,
    reloaded: bool = True,
) -> Phase:
    """For so many minutes the target shows a page of these parts."""
    shown = page(*parts, shard=shard, shards=shards, errors=errors, reloaded=reloaded)
    return Phase(minutes, shown)


def fails(minutes: int) -> Phase:
    """For so many minutes scrapes of the target fail."""
    return Phase(minutes)


def is_gone(minutes: int) -> Phase:
    """For so many minutes Prometheus knows no such target."""
    return Phase(minutes, target=False)


class Target(NamedTuple):
    """A replica or a shard in its phases, of which the last one goes on."""

    phases: tuple[Phase, ...]
    instance: str
    job: str
    cluster: str

    def series(self, minutes: int, step: int) -> Iterator[tuple[str, str]]:
        """Each series with its values in promtool's notation, one every `step` minutes."""
        scrapes = list(self._scrapes(minutes, step))
        for name in dict.fromkeys(chain.from_iterable(scrapes)):
            yield name, _notation([scrape.get(name) for scrape in scrapes])

    def _scrapes(self, minutes: int, step: int) -> Iterator[dict[str, float]]:
        phases = chain.from_iterable(repeat(phase, phase.minutes // step) for phase in self.phases)
        counters: dict[str, float] = {}
        for minute in range(0, minutes + step, step):
            phase = next(phases, self.phases[-1])
            scrape = {self._name(Sample("up")): float(phase.page is not None)}
            for sample in phase.page or ():
                name, value = self._name(sample), sample.value
                if sample.is_time:
                    value = minute * _SECONDS
                elif sample.per_minute is not None:
                    value = counters[name] = counters.get(name, 0) + sample.per_minute * step
                scrape[name] = float(value)
            yield scrape if phase.target else {}

    def _name(self, sample: Sample) -> str:
        own = {"cluster": self.cluster, "job": self.job, "instance": f"{self.instance}:10843"}
        labels = sample.within(**own, pod=self.instance).labels
        return sample.name + "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"


def exporter(*phases: Phase, instance: str = "a", job: str = JOB, cluster: str = "") -> Target:
    """A target of Prometheus in these phases."""
    return Target(phases, instance, job, cluster)


def _notation(values: Sequence[float | None]) -> str:
    """Values one by one; a sample that follows none is marked stale, as a scrape does."""
    before = (None, *values)
    pairs = zip(values, before, strict=False)
    return " ".join(
        f"{value:.0f}" if value is not None else "_" if last is None else "stale"
        for value, last in pairs
    )
