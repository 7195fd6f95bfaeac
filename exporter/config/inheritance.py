"""Metros from their entries: each inherits from the account and the file what it leaves open."""

import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from exporter.config import Authorities, Metro, Pattern, Renewal, Selection
from exporter.config.addresses import base_url, named_or_url
from exporter.config.document import MOST_PEM_BYTES, WrongValue, content
from exporter.config.entries import AccountEntry, File, MetroEntry
from exporter.config.thresholds import Level, merged

_LABEL: Final = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?")


class Inherited(NamedTuple):
    """What a metro is given by the file and its account; `folder` is that of the file."""

    folder: Path
    authorities: Authorities | None = None
    selection: Selection = Selection()
    thresholds: tuple[Level, ...] = ()
    renewal: Renewal = Renewal()

    @classmethod
    def of(cls, file: File, folder: Path) -> "Inherited":
        """What every account of the file inherits."""
        authorities = _authorities(file.ca_file, folder, "$.ca_file")
        return cls(folder, authorities, thresholds=(Level("$.thresholds", file.thresholds),))

    def below(self, entry: AccountEntry | MetroEntry, path: str) -> "Inherited":
        """The same with what the entry at `path` says itself."""
        return self._replace(
            selection=_selection(entry, path, self.selection),
            thresholds=(*self.thresholds, Level(f"{path}.thresholds", entry.thresholds)),
            renewal=_renewal(entry, path, self.renewal),
        )

    def metro(self, name: str, url: str) -> Metro:
        """A metro that says nothing more itself."""
        thresholds = merged(self.thresholds)
        return Metro(name, url, self.authorities, self.selection, thresholds, self.renewal)


def metros(account: AccountEntry, path: str, inherited: Inherited) -> tuple[Metro, ...]:
    """The metros of the account at `path`; raises `WrongValue`."""
    inherited = inherited.below(account, path)
    built, places = [], []
    for i, entry in enumerate(account.metros):
        place = f"{path}.metros[{i}]"
        if isinstance(entry, str):
            built.append(inherited.metro(*named_or_url(entry, place)))
            places.append(place)
        else:
            built.append(_metro(entry, place, inherited))
            places.append(f"{place}.name")
    return distinct(built, places)


def distinct(metros: Iterable[Metro], places: Iterable[str]) -> tuple[Metro, ...]:
    """The metros; raises `WrongValue` at the place of one whose name another one has."""
    named: dict[str, Metro] = {}
    for metro, place in zip(metros, places, strict=True):
        if metro.name in named:
            raise WrongValue(place, f"the metro {metro.name!r} is there already")
        named[metro.name] = metro
    return tuple(named.values())


def check_label(name: str, path: str) -> None:
    """Raise `WrongValue` for a name that makes no readable label value."""
    if not _LABEL.fullmatch(name) or not name.isprintable():
        raise WrongValue(path, "expected a name of 1 to 100 printable characters")


def _metro(entry: MetroEntry, path: str, inherited: Inherited) -> Metro:
    check_label(entry.name, f"{path}.name")
    url = base_url(entry.url, f"{path}.url", insecure=entry.allow_insecure)
    authorities = _authorities(entry.ca_file, inherited.folder, f"{path}.ca_file")
    metro = inherited.below(entry, path).metro(entry.name, url)
    return metro._replace(authorities=authorities or metro.authorities)


def _selection(entry: AccountEntry | MetroEntry, path: str, outer: Selection) -> Selection:
    return Selection(
        entry.series or outer.series,
        outer.max_certificates if entry.max_certificates is None else entry.max_certificates,
        _pattern(entry.include, f"{path}.include") or outer.include,
        _pattern(entry.exclude, f"{path}.exclude") or outer.exclude,
    )


def _renewal(entry: AccountEntry | MetroEntry, path: str, outer: Renewal) -> Renewal:
    return Renewal(
        _pattern(entry.renewal.automatic, f"{path}.renewal.automatic") or outer.automatic,
        _pattern(entry.renewal.manual, f"{path}.renewal.manual") or outer.manual,
    )


def _pattern(text: str | None, path: str) -> Pattern | None:
    try:
        return None if text is None else Pattern(text)
    except ValueError as exc:
        raise WrongValue(path, str(exc)) from exc


def _authorities(name: str | None, folder: Path, path: str) -> Authorities | None:
    """The certificates in a file, loaded once so that a bad one is known before the start."""
    if name is None:
        return None
    file = folder / name
    expected = f"expected certificates in PEM, got {file}"
    try:
        pem = content(file, most=MOST_PEM_BYTES).decode("ascii", "replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as exc:
        raise WrongValue(path, f"{expected}, which has none") from exc
    except OSError as exc:
        raise WrongValue(path, f"{expected}: {exc.strerror}") from exc
    return Authorities(file, pem)
