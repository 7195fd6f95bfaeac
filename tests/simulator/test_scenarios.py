"""Scenarios: what a file may say, what is refused, and large fleets."""

from pathlib import Path

import pytest

from exporter.simulator import SCENARIOS, Clock, Scenario, ScenarioError
from exporter.simulator.world.scenario import Group, seconds
from tests.simulator.simulated import DAY, NOW, ask, items, names, simulator

ONE = "certificates: [{common_name: a.example, name: a}]"


def written(place: Path, text: str) -> Path:
    """A scenario's file."""
    path = place / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_ones_own(kind: type[str] | type[Path], tmp_path: Path) -> None:
    """By its path, as the command line has it and as Python has."""
    world = simulator(kind(written(tmp_path, ONE)))

    assert [c.name for c in world.certificates()] == ["a"]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("start", [0, NOW])
def test_a_bundled_scenario(name: str, start: float) -> None:
    """Each can be, has a description, and starts whenever the clock does."""
    scaled = "large:60" if name == "large" else name
    world = simulator(scaled, clock=Clock(start=start, speed=0))
    world.clear_faults()

    listed = items(ask(world, "GET", "/v1/certificates"))

    assert [c.uuid for c in world.certificates()] == [c["uuid"] for c in listed]
    assert len({c["name"] for c in listed}) == len(listed) > 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("certificates: [", "own.yaml: while parsing", id="no YAML"),
        pytest.param("a scenario", "own.yaml: Expected `object`", id="no object"),
        pytest.param("certificate: []", "unknown field `certificate`", id="an unknown field"),
        pytest.param("certificates: [{}]", "required field `common_name`", id="no common name"),
        pytest.param(
            ONE.replace("name: a}", "lifetime: long}"), "matching regex", id="no duration"
        ),
        pytest.param(
            ONE.replace("name: a}", "count: 2}"), "needs {n} in it", id="two of one common name"
        ),
        pytest.param(
            "certificates: [{common_name: 'a-{n}', name: a, count: 2}]",
            "name: a count above 1 needs {n}",
            id="two of one name",
        ),
        pytest.param(
            "certificates: [{common_name: a, name: x}, {common_name: b, name: x}]",
            "'x' is taken by another group",
            id="a name twice",
        ),
        pytest.param(
            "certificates: [{common_name: '*.a.example'}]", "never requested", id="a wildcard"
        ),
        pytest.param(
            "certificates: [{common_name: a, expires_in: 3d}]", "renewed before", id="contradiction"
        ),
        pytest.param(
            "certificates: [{common_name: a, by_metro: {fra0: {name: b}}}]",
            "unknown field `name` - at `$.certificates[0].by_metro[...]`",
            id="a name of one metro",
        ),
        pytest.param(
            "faults: [{fault: {kind: fire}}]", "at `$.faults[0].fault.kind`", id="no fault"
        ),
        pytest.param(
            "certificates: [{common_name: 'a-{n}', count: 150000}, "
            "{common_name: 'b-{n}', count: 150000}]",
            "more than 200000",
            id="too many",
        ),
        pytest.param("generation: 3", "generation", id="a third generation"),
        pytest.param(
            "certificates: [{common_name: a, uploaded_after: 3h}]",
            "a in fra: uploaded_after: only an upload",
            id="a request that was uploaded",
        ),
        pytest.param(
            "certificates: [{common_name: a, source: upload, age: 1d, uploaded_after: 3h}]",
            "a in fra: uploaded_after: age says it already",
            id="two times of an upload",
        ),
        pytest.param(
            "certificates: [{common_name: a, source: upload, expires_in: 89d, uploaded_after: 2d}]",
            "a in fra: uploaded_after: it would have been uploaded after the start",
            id="an upload in the future",
        ),
        pytest.param(
            "certificates: [{common_name: a, source: upload, renewal_omits: [not_after]}]",
            "a in fra: renewal_omits: an upload is never renewed",
            id="the renewal of an upload",
        ),
        pytest.param(
            "certificates: [{common_name: a, states: {error: valid}}]",
            "a in fra: states: expected names that the specification does not have",
            id="an error that is called valid",
        ),
        pytest.param(
            "certificates: [{common_name: a, states: {expired: gone}}]",
            "Invalid enum value 'expired'",
            id="another word for no state",
        ),
        pytest.param(
            "certificates: [{common_name: a, omits: [uuid]}]",
            "Invalid enum value 'uuid'",
            id="an item without an id",
        ),
    ],
)
def test_a_scenario_that_cannot_be(text: str, problem: str, tmp_path: Path) -> None:
    """The error says where, and what was expected."""
    with pytest.raises(ScenarioError) as caught:
        simulator(written(tmp_path, text))

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("nothing", "neither a readable file nor one of mixture", id="no file"),
        pytest.param("large:0", "expected 1 to 200000", id="none of many"),
        pytest.param("large:200001", "expected 1 to 200000", id="too many"),
        pytest.param("nothing:3", "neither a readable file", id="many of nothing"),
    ],
)
def test_a_name_that_is_none(name: str, problem: str) -> None:
    """The error says what there is."""
    with pytest.raises(ScenarioError, match=problem):
        simulator(name)


def test_a_scenario_that_cannot_be_scaled(tmp_path: Path) -> None:
    """Where no group can have many, there cannot be many."""
    with pytest.raises(ScenarioError, match=r"no group .* has an \{n\}"):
        simulator(f"{written(tmp_path, ONE)}:5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90d", 90 * DAY),
        ("1d12h", 1.5 * DAY),
        ("-3d", -3 * DAY),
        ("1y2w3m4s", 379 * DAY + 184),
    ],
)
def test_a_duration(text: str, expected: float) -> None:
    """Numbers with units, added up."""
    assert expected == seconds(text)


def test_a_metros_own_settings() -> None:
    """A group is elsewhere, later, or not at all."""
    scenario = Scenario(
        certificates=(
            Group("a.example", name="a", metros=("fra0",)),
            Group("b.{metro}.example", name="b-{metro}"),
        )
    )

    worlds = {metro: simulator(scenario, metro=metro) for metro in ("fra0", "dal0")}

    domains = {m: [c.common_name for c in world.certificates()] for m, world in worlds.items()}
    assert domains == {"fra0": ["a.example", "b.fra0.example"], "dal0": ["b.dal0.example"]}


@pytest.mark.parametrize("count", [1, 7, 1_234])
def test_large_has_as_many_as_it_says(count: int) -> None:
    """And each is there under both of its ids."""
    world = simulator(f"large:{count}")
    truth = world.certificates()

    listed = items(ask(world, "GET", "/v1/certificates"))

    assert count == len(listed) == len({c.uuid for c in truth}) == len({c.name for c in truth})
    for one in (truth[0], truth[-1]):
        for query in (f"uuid={one.uuid}", f"name={one.name}"):
            assert names(ask(world, "GET", f"/v1/certificates?{query}")) == [one.name]


def test_large_has_a_hundred_thousand() -> None:
    """They are held, and a page of them is a page."""
    world = simulator("large")

    page = names(ask(world, "GET", "/v1/certificates?count=3&order=desc"))

    assert world.status()["certificates"] == 100_000
    assert len(set(page)) == 3
