"""Builds what is released, and proves that it is of one piece: `python -m deploy.release`."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from deploy import consistency, trial

ROOT: Final = Path(__file__).parents[1]


def build(root: Path, dist: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that was built from it.

    Raises `CalledProcessError` where a build fails.
    """
    for old in (*dist.glob("*.tar.gz"), *dist.glob("*.whl")):
        old.unlink()
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(root))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (sdist,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    return sdist, wheel


def sbom(root: Path, python: Path, target: Path) -> Path:
    """What is installed beside an interpreter, as CycloneDX JSON.

    Raises `CalledProcessError` where it cannot be written.
    """
    command = (
        *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
        *("--pyproject", str(root / "pyproject.toml"), "--mc-type", "application"),
        *("--of", "JSON", "--output-file", str(target), str(python)),
    )
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    # The tool reads pyproject.toml alone, which leaves the version to the package.
    document = json.loads(target.read_text("utf-8"))
    document["metadata"]["component"]["version"] = consistency.version(root)
    target.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return target


def check(root: Path, dist: Path) -> list[str]:
    """Build everything into `dist`; what is wrong with it, in sentences."""
    version = consistency.version(root)
    wrong = consistency.findings(root)
    sdist, wheel = build(root, dist)
    expected = {
        f"ukc_certificate_exporter-{version}{end}" for end in (".tar.gz", "-py3-none-any.whl")
    }
    if {sdist.name, wheel.name} != expected:
        wrong.append(f"built {sdist.name} and {wheel.name}, expected version {version}")
    wrong += trial.sdist_findings(root, sdist)
    with tempfile.TemporaryDirectory() as folder:
        installed = trial.install(root, wheel, Path(folder))
        bill = sbom(root, installed.python, dist / f"ukc-certificate-exporter-{version}.cdx.json")
        wrong += trial.sbom_findings(root, bill)
        wrong += trial.shared_findings(root, installed)
        wrong += trial.demo_findings(root, installed)
    return wrong


def cut(text: str, version: str, date: str) -> str:
    """The changelog with what is unreleased under a version and a date.

    Raises ValueError where nothing is unreleased, or the version is there already.
    """
    head, heading, rest = text.partition("## [Unreleased]\n")
    if not re.match(r"\s*(?:###|-|\w)", rest) or f"## [{version}]" in text:
        raise ValueError(f"nothing unreleased, or {version} is in the changelog already")
    return f"{head}{heading}\n## [{version}] - {date}\n{rest}"


def main(arguments: list[str]) -> int:
    """`check` (the default), `sbom`, or `cut DATE`; 0 where all is fine, 1 otherwise."""
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    version = consistency.version(ROOT)
    match arguments:
        case ["sbom"]:
            with tempfile.TemporaryDirectory() as folder:
                installed = trial.install(ROOT, build(ROOT, dist)[1], Path(folder))
                name = f"ukc-certificate-exporter-{version}.cdx.json"
                print(sbom(ROOT, installed.python, dist / name).relative_to(ROOT))
            return 0
        case ["cut", date]:
            changelog = ROOT / "CHANGELOG.md"
            changelog.write_text(cut(changelog.read_text("utf-8"), version, date), "utf-8")
            return 0
        case [] | ["check"]:
            wrong = check(ROOT, dist)
            print("\n".join(wrong) or f"{version} holds together: {listed(dist)}")
            return 1 if wrong else 0
    print("expected: check, sbom, or cut YYYY-MM-DD", file=sys.stderr)
    return 2


def listed(dist: Path) -> str:
    """The files of a release and their sizes."""
    return ", ".join(
        f"{path.name} ({path.stat().st_size} bytes)" for path in sorted(dist.iterdir())
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
