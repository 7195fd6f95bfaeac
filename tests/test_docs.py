"""What the documentation says is what the code does."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import promql_parser
import pytest
import yaml

from docs import generate
from exporter import __version__, cli
from exporter.config import entries
from exporter.config import file as config
from exporter.errors import REASONS
from exporter.web.access.configuration import parse as web_configuration
from tests.faults.kinds import KINDS
from tests.faults.table import structure, table

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
)


FOLDERS = ("alerts", "bench", "dashboards", "deploy", "docs", "exporter", "requirements", "tests")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def commands(page: Path) -> Iterator[list[str]]:
    """What a page tells its reader to run: in blocks, and in a line or a table."""
    text = page.read_text()
    spans = re.findall(r"`((?:make|docker|kubectl|python|(?:\S+/)?pip|\.venv/\S+) [^`]+)`", text)
    for lines in (*blocks(page, "sh"), *blocks(page, "bash"), *spans):
        for line in lines.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            found: list[str] = []
            for word in (*lexer, "|"):
                if set(word) <= set("();<>|&"):
                    if found:
                        yield found
                    found = []
                else:
                    found.append(word)


COMMANDS = [
    pytest.param(command, id=f"{page.relative_to(ROOT)}: {shlex.join(command)}")
    for page in PAGES
    for command in commands(page)
]


def test_the_readme_tells_what_to_run() -> None:
    """In the order of a first hour."""
    told = [" ".join(command) for command in commands(ROOT / "README.md")]
    wanted = ("make demo", "curl -s", "make test")

    assert [any(line.startswith(start) for line in told) for start in wanted] == [True] * 3


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_told_to_run_is_there(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Targets of make, our own commands and flags, modules and files of this repository."""
    program, *words = command
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words if "=" not in word} <= set(targets)
    if Path(program).name == cli.PROGRAM and "--version" not in flags:
        with pytest.raises(SystemExit) as end:
            cli.main([*words, "--help"])
        assert end.value.code == 0
        assert set(flags) <= set(re.findall(r"--[a-z]+(?:[.-][a-z]+)*", capsys.readouterr().out))
    if Path(program).name.startswith("python") and words[:1] == ["-m"] and words[1] != "venv":
        module = ROOT / words[1].replace(".", "/")
        assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file()
    for word in words:
        path = word.rpartition("=")[2]
        if path.partition("/")[0] in FOLDERS and "/" in path:
            assert list(ROOT.glob(path)), path


def test_metrics_page_is_as_generated() -> None:
    """`make docs` writes it again."""
    assert generate.metrics() == (ROOT / "docs" / "metrics.md").read_text()


def test_every_field_of_the_configuration_is_documented_and_no_other() -> None:
    """A field without a line is one that nobody finds."""

    def fields(kind: type[msgspec.Struct], prefix: str = "") -> set[str]:
        return {prefix + field.name for field in msgspec.structs.fields(kind)}

    known = fields(entries.File) - {"accounts"}
    known |= fields(entries.AccountEntry, "accounts[].") - {"accounts[].metros"}
    known |= {"accounts[].metros[]"} | fields(entries.MetroEntry, "accounts[].metros[].")
    text = (ROOT / "docs" / "configuration.md").read_text()
    table = text.partition("## The file")[2].partition("## The environment")[0]

    assert known == set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", table, re.MULTILINE))


def test_every_flag_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the commands that run an exporter."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"^\| `(--[a-z.-]+)` \|", text, re.MULTILINE))
    for command in ("serve", "demo", "once", "status", "check-config"):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])

    printed = capsys.readouterr().out

    assert documented == set(re.findall(r"--(?!help)[a-z]+(?:[.-][a-z]+)*", printed))


@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/{name}.md" for name in ("alerting", "configuration"))]
)
def test_yaml_examples_load(page: str, tmp_path: Path) -> None:
    """What a reader copies is a configuration, or a part of one of Prometheus'."""
    token = tmp_path / "token"
    token.write_text("example-token")
    examples = blocks(ROOT / page, "yaml")
    for example in examples:
        if "accounts" in example:
            text = example.replace("/run/secrets/ukc-token", str(token))
            assert config.parse(text.encode(), tmp_path / "f.yaml", {}).accounts
        elif "tls_server_config" not in example:
            loaded = yaml.safe_load(example)
            jobs = [job["job_name"] for job in loaded.get("scrape_configs", ())]
            assert jobs in ([], ["ukc-certificate-exporter"])
            assert all(ROOT.glob(path) for path in loaded.get("rule_files", ()))

    assert examples


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository(page: Path) -> None:
    """Each leads to a file that is there, and to a heading of it."""
    for target, _, anchor in (
        link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    ):
        if "://" in target:
            continue
        path = page.parent / target if target else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
            assert anchor in slugs, f"{page.name}: #{anchor}"


def linked(page: Path) -> Iterator[Path]:
    """The pages that a page leads to; a folder leads to those in it."""
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text()):
        path = (page.parent / target).resolve()
        if "://" not in target:
            yield from path.glob("*.md") if path.is_dir() else (path,)


def distances() -> dict[Path, int]:
    """How many clicks each page of the repository is from the README."""
    found = {ROOT / "README.md": 0}
    queue = [ROOT / "README.md"]
    for page in queue:
        for path in linked(page):
            if path.suffix == ".md" and path not in found:
                found[path] = found[page] + 1
                queue.append(path)
    return found


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Those for users within two clicks; a decision within three."""
    clicks = distances()
    pages = {page for page in PAGES if page.name != "head.md"}  # that is the head of another one
    far = {page for page, n in clicks.items() if n > 2 + (page.parent.name == "decisions")}

    assert (set(), set()) == (pages - set(clicks), far)


GUIDES = (
    "getting-started",
    "install",
    "configuration",
    "metrics",
    "alerting",
    "dashboards",
    "runbook",
    "troubleshooting",
    "scaling",
    "internals",
)


def test_the_readme_leads_to_ten_guides() -> None:
    """Ten pages for users; what else is in docs/ is evidence that one of them leads to."""
    direct = {path.stem for path in linked(ROOT / "README.md") if path.parent == ROOT / "docs"}

    assert set(GUIDES) == direct - {"performance"}


@pytest.mark.parametrize(
    ("question", "anchor"),
    [
        ("token permissions", "what-permissions-does-the-token-need"),
        ("a 14-day threshold", "how-do-i-get-warned-14-days-before-expiry"),
        ("a certificate is missing", "why-is-a-certificate-missing"),
        ("two replicas", "can-i-run-two-replicas"),
        ("blackbox_exporter", "how-does-it-differ-from-blackbox_exporter"),
        ("upgrading", "how-do-i-upgrade"),
        ("metro codes", "which-metros-are-there-and-what-are-fra0-and-fra"),
        ("who renews it", "why-is-a-certificate-manual-or-automatic"),
        ("a metro is down", "why-is-up-1-while-a-metro-is-down"),
        ("requests", "how-many-requests-does-it-make"),
    ],
)
def test_questions_of_a_new_user_have_an_answer(question: str, anchor: str) -> None:
    """Each is a heading of the page that the README links, and in its list at the top."""
    page = ROOT / "docs" / "troubleshooting.md"

    assert f"](#{anchor})" in page.read_text(), question
    assert page in linked(ROOT / "README.md")


QUERIES = [
    pytest.param(block.strip(), id=f"{page.stem}: {block.strip()[:40]}")
    for page in (
        ROOT / "docs" / f"{name}.md" for name in ("metrics", "alerting", "troubleshooting")
    )
    for block in blocks(page, "promql")
]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_parse_and_ask_for_what_is_exposed(query: str) -> None:
    """One query a block, ready to paste."""
    promql_parser.parse(query)
    samples = set(re.findall(r"^\| `(\w+)` \|", generate.metrics(), re.MULTILINE))

    assert set(re.findall(r"\bukc_\w+", query)) <= samples


def test_reasons_are_documented() -> None:
    """The closed set, in its order."""
    text = (ROOT / "docs" / "metrics.md").read_text()

    assert ", ".join(f"`{reason}`" for reason in REASONS) in text


def test_the_changelog_knows_this_version() -> None:
    """A version is either released or what comes next."""
    text = (ROOT / "CHANGELOG.md").read_text()

    assert f"## [{__version__}]" in text or "## [Unreleased]" in text


def test_the_fault_matrix_is_documented_as_it_is_tested() -> None:
    """`python -m tests.faults.table` writes the tables."""
    page = (ROOT / "docs" / "reliability.md").read_text()

    assert table() in page
    assert structure() in page
    assert f"{len(KINDS)} kinds" in page


def test_the_web_config_example_loads(tmp_path: Path) -> None:
    """What a reader copies is a web config file."""
    page = ROOT / "docs" / "configuration.md"
    (example,) = (e for e in blocks(page, "yaml") if "tls_server_config" in e)
    loaded = web_configuration(example.encode(), tmp_path / "web.yml")

    assert (loaded.tls is not None, len(loaded.users), len(loaded.headers)) == (True, 1, 2)
