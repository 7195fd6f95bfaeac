"""The contracts of the import linter speak of every module."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    path.stem
    for path in (ROOT / "exporter").iterdir()
    if (path.suffix == ".py" or path.is_dir()) and not path.name.startswith("__")
}


@pytest.mark.parametrize(
    ("contract", "key", "free"),
    [
        ("The simulator is sealed", "forbidden_modules", {"simulator"}),
        (
            "Only the command line reaches the simulator",
            "source_modules",
            {"cli", "demo", "simulator"},
        ),
        ("httpx stays behind one door", "source_modules", {"client", "service"}),
    ],
)
def test_a_new_module_is_under_every_contract(contract: str, key: str, free: set[str]) -> None:
    """The layers are exhaustive by themselves; these lists are held to the folder here."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (found,) = (c for c in settings["contracts"] if c["name"] == contract)

    assert MODULES - free == {name.removeprefix("exporter.") for name in found[key]}
