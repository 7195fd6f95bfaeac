"""The kinds of lifecycle: each maker tells one story, in good health or in trouble."""

from bench.fidelity.lifecycles import DAY, HOUR, Draft, Event, Maker, Story, span
from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group

_DATES = ("subject", "issuer", "serial_number", "not_before", "not_after")
"""What the specification's own sample of a pending certificate lacks."""


def renewed(d: Draft) -> Story:
    """The platform renews at the first or second attempt."""
    used = d.dice.randint(0, 2)
    return (d.automatic(renewal_attempts=d.dice.randint(1, 2), service_groups=used),), ()


def renewed_late(d: Draft) -> Story:
    """DNS was wrong for some hours, and right again in time."""
    return (d.automatic(renewal_attempts=d.dice.randint(4, 6)),), ()


def renewal_fails(d: Draft) -> Story:
    """Every attempt fails, the platform gives up, nobody does anything."""
    return (d.automatic(renewal="fails"),), ()


def renewal_stalls(d: Draft) -> Story:
    """The platform never begins; the certificate may be used or not."""
    return (d.automatic(renewal="stalls", service_groups=d.dice.randint(0, 1)),), ()


def given_up_and_mended(d: Draft) -> Story:
    """Given up after three days; then somebody repairs DNS and requests it anew."""

    def again(simulator: Simulator) -> None:
        simulator.delete(d.name)
        simulator.request(d.domain, d.life)

    return (d.automatic(renewal="fails"),), (Event(min(4 * DAY, d.lifetime / 3), again),)


def issued(d: Draft) -> Story:
    """A new domain, issued at the first or second attempt."""
    return (), (Event(d.hours(2, 30), d.request(d.dice.randint(0, 1))),)


def issued_slowly(d: Draft) -> Story:
    """A new domain whose DNS record comes late."""
    return (), (Event(d.hours(2, 30), d.request(d.dice.randint(2, 6))),)


def never_issued(d: Draft) -> Story:
    """A new domain whose DNS record never comes."""
    return (), (Event(d.hours(2, 30), d.request(10)),)


def wildcard_forgotten(d: Draft) -> Story:
    """Uploaded once, for 90 days or a year, and never again."""
    life = d.dice.choice(["90d", "365d"])
    return (d.uploaded(d.hours(24 * 31, 24 * 33), lifetime=life),), ()


def short_wildcard_forgotten(d: Draft) -> Story:
    """A wildcard of six days that a job no longer uploads."""
    return (d.uploaded(d.hours(80, 130), lifetime="6d"),), ()


def short_wildcard_replaced(d: Draft) -> Story:
    """A wildcard of six days that a job replaces with three days left."""
    left = d.hours(80, 130)
    new = f"{d.name}-new"
    then = left - 3 * DAY
    return (d.uploaded(left, lifetime="6d"),), (
        Event(then, d.upload(new, then, 6 * DAY)),
        Event(then + 60, d.move(d.name, new)),
        Event(then + DAY, d.delete(d.name)),
        Event(then + 3 * DAY, d.upload(f"{new}er", then, 60 * DAY)),
        Event(then + 3 * DAY + 60, d.move(new, f"{new}er")),
        Event(then + 3 * DAY + 120, d.delete(new)),
    )


def replaced_in_time(d: Draft) -> Story:
    """Replaced under a new name with more than a month left; the old one is left behind."""
    new = f"{d.name}-new"
    then = d.hours(2, 20)
    return (d.uploaded(30 * DAY + 30 * HOUR),), (
        Event(then, d.upload(new, then, 365 * DAY)),
        Event(then + HOUR, d.move(d.name, new)),
    )


def replaced_late(d: Draft) -> Story:
    """Replaced under the same name when days are left."""
    then = d.hours(24, 60)
    return (d.uploaded(d.hours(24 * 4, 24 * 20)),), (
        Event(then, d.delete(d.name)),
        Event(then, d.upload(d.name, then, 365 * DAY)),
        Event(then, d.attach(d.name)),
    )


def superseded_twin(d: Draft) -> Story:
    """Last year's upload beside this year's, which the service uses."""
    old = d.uploaded(d.hours(-48, 72), "-old", service_groups=0)
    return (old, d.uploaded(300 * DAY)), ()


def old_twin_in_use(d: Draft) -> Story:
    """This year's upload is there, but the service still uses last year's."""
    old = d.uploaded(d.hours(60, 130), "-old")
    return (old, d.uploaded(300 * DAY, service_groups=0)), ()


def unused_expires(d: Draft) -> Story:
    """An upload that nobody uses, and that nothing supersedes."""
    return (d.uploaded(d.hours(24, 130), service_groups=0),), ()


def deleted(d: Draft) -> Story:
    """Close to its end, deleted together with its service."""
    return (d.uploaded(d.hours(70, 130)),), (Event(d.hours(10, 60), d.delete(d.name)),)


def not_yet_valid(d: Draft) -> Story:
    """Uploaded and attached before its time."""
    return (d.uploaded(200 * DAY + d.hours(20, 60), lifetime="200d"),), ()


def attached_late(d: Draft) -> Story:
    """Unused, and attached when little is left."""
    return (d.uploaded(d.hours(90, 130), service_groups=0),), (
        Event(d.hours(10, 60), d.attach(d.name)),
    )


def everywhere(d: Draft) -> Story:
    """One upload in two metros; both get the new one, hours apart."""
    new, then = f"{d.name}-new", d.hours(5, 20)
    group = d.uploaded(100 * DAY, metros=("fra0", "dal0"))
    return (group,), tuple(
        Event(at + after, act, metro)
        for metro, at in (("fra0", then), ("dal0", then + d.hours(1, 12)))
        for after, act in ((0, d.upload(new, then, 365 * DAY)), (60, d.move(d.name, new)))
    )


def one_metro_forgotten(d: Draft) -> Story:
    """One upload in two metros, of which only one gets the new one."""
    new, then = f"{d.name}-new", d.hours(5, 20)
    group = d.uploaded(100 * DAY, metros=("fra0", "dal0"))
    return (group,), (
        Event(then, d.upload(new, then, 365 * DAY)),
        Event(then + 60, d.move(d.name, new)),
        Event(then + 120, d.delete(d.name)),
    )


def renewed_without_dates(d: Draft) -> Story:
    """Renewed, and while that runs the API tells nothing of what was issued before."""
    return (d.automatic(renewal_attempts=2, renewal_omits=_DATES),), ()


def renewal_fails_without_dates(d: Draft) -> Story:
    """Every attempt fails, and all the while the API tells nothing of what was issued before."""
    return (d.automatic(renewal="fails", renewal_omits=_DATES),), ()


def use_not_told(d: Draft) -> Story:
    """Renewed, and the API never tells what uses it."""
    return (d.automatic(omits=("service_groups",)),), ()


def use_not_told_and_forgotten(d: Draft) -> Story:
    """Uploaded, never again, and the API never tells what uses it."""
    return (d.uploaded(d.hours(50, 110), lifetime="6d", omits=("service_groups",)),), ()


def uploaded_from_lets_encrypt(d: Draft) -> Story:
    """Of the platform's own issuer, for a plain domain, uploaded a day after its issuance."""
    issued = Group(
        d.domain,
        d.name,
        source="upload",
        issuer="CN=R12,O=Let's Encrypt,C=US",
        lifetime="90d",
        uploaded_after="1d",
        expires_in=span(d.hours(24 * 30, 24 * 33)),
        metros=("fra0",),
    )
    return (issued,), ()


def invented_states(d: Draft) -> Story:
    """Renewed, and the API has other words for its states than the specification."""
    return (d.automatic(renewal_attempts=2, states={"valid": "active", "pending": "renewing"}),), ()


def never_issued_in_an_invented_state(d: Draft) -> Story:
    """Requested and never issued, in a state that the specification does not have."""
    requested = Group(
        d.domain,
        d.name,
        age="1m",
        issuance="fails",
        states={"pending": "validating"},
        metros=("fra0",),
    )
    return (requested,), ()


HEALTHY: dict[str, Maker] = {
    "renewed": renewed,
    "issued": issued,
    "short wildcard replaced": short_wildcard_replaced,
    "replaced in time": replaced_in_time,
    "superseded twin": superseded_twin,
    "uploaded everywhere": everywhere,
    "renewed without dates": renewed_without_dates,
    "use not told": use_not_told,
    "invented states": invented_states,
}
TROUBLED: dict[str, Maker] = {
    "renewed late": renewed_late,
    "renewal fails": renewal_fails,
    "renewal stalls": renewal_stalls,
    "given up and mended": given_up_and_mended,
    "issued slowly": issued_slowly,
    "never issued": never_issued,
    "wildcard forgotten": wildcard_forgotten,
    "short wildcard forgotten": short_wildcard_forgotten,
    "replaced late": replaced_late,
    "old twin in use": old_twin_in_use,
    "unused expires": unused_expires,
    "deleted": deleted,
    "not yet valid": not_yet_valid,
    "attached late": attached_late,
    "one metro forgotten": one_metro_forgotten,
    "renewal fails without dates": renewal_fails_without_dates,
    "use not told and forgotten": use_not_told_and_forgotten,
    "uploaded from Let's Encrypt": uploaded_from_lets_encrypt,
    "never issued in an invented state": never_issued_in_an_invented_state,
}
KINDS = HEALTHY | TROUBLED
