"""A search for the token over every output of a test run.

The tokens of the tests hold `MARK`, a word of letters that percent-encoding and JSON leave as it
is. Processes give here what they print, what they serve and how they were called; applications in
this process their pages, errors their messages, tests what was captured; the end of the run gives
the files that were left. Each worker of a parallel run searches what it sees.
"""

import base64
import gzip
import mmap
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from exporter.errors import ExporterError

MARK: Final = "".join(("Token", "That", "Nobody", "Sees"))
"""Stands in every token of the tests, and nowhere else: not even in a copy of this file."""


def _forms(word: bytes) -> Iterator[bytes]:
    """The word as it is, in hexadecimal, and in base64 wherever it begins in what is encoded."""
    yield word
    yield word.hex().encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + word)
        yield encoded[-(-before * 4 // 3) : (before + len(word)) * 4 // 3]


FORMS: Final = tuple(_forms(MARK.encode()))


class Search:
    """What was looked at so far, and where the token was found."""

    def __init__(self) -> None:
        self.outputs = 0
        self.bytes = 0
        self.found: list[str] = []

    def look(self, where: str, output: str | bytes | mmap.mmap) -> None:
        """Look at one output."""
        if isinstance(output, str):
            output = output.encode("utf-8", "surrogatepass")
        self.outputs += 1
        self.bytes += len(output)
        if any(output.find(form) >= 0 for form in FORMS):
            self.found.append(where)

    def look_below(self, folder: Path) -> None:
        """Look at every file but those that hold nothing else: these are where tokens belong."""
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size:
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as m:
                    if len(m) > 200 or len(m[:].split()) != 1:
                        self.look(str(path), m)

    def take(self) -> list[str]:
        """Where it was found since the last time."""
        found, self.found = self.found, []
        return found


SEARCH: Final = Search()


@pytest.fixture(autouse=True)
def _no_output_of_a_test_holds_the_token() -> Iterator[None]:
    yield
    assert SEARCH.take() == []


@pytest.fixture(autouse=True, scope="session")
def _every_output_is_looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Starlette, "__call__", _looked_at(Starlette.__call__))
        patch.setattr(ExporterError, "__init__", _said)
        patch.setattr(pytest.CaptureFixture, "readouterr", _read(pytest.CaptureFixture.readouterr))
        yield
    SEARCH.look_below(tmp_path_factory.getbasetemp())
    assert SEARCH.take() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test or its fixtures wrote is an output too."""
    report = yield
    for name, text in report.sections:
        SEARCH.look(f"{report.nodeid}: {name}", text)
    if report.when == "teardown" and (found := SEARCH.take()):
        report.outcome, report.longrepr = "failed", f"the token is in {found}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its counts on; what it found has failed its tests already."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["searched"] = (SEARCH.outputs, SEARCH.bytes)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a worker; one that crashed has none, and fails the run by that."""
    outputs, size = getattr(node, "workeroutput", {}).get("searched", (0, 0))
    SEARCH.outputs += outputs
    SEARCH.bytes += size


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was looked at."""
    said = f"{SEARCH.outputs:,} outputs of {SEARCH.bytes / 1e6:,.1f} MB were searched for the token"
    if SEARCH.outputs:
        terminalreporter.write_line(said)


def _said(self: ExporterError, *arguments: object) -> None:
    Exception.__init__(self, *arguments)
    SEARCH.look(type(self).__name__, str(self))


def _read(readouterr: Any) -> Any:
    def reading(self: Any) -> Any:
        said = readouterr(self)
        for text in said:
            SEARCH.look("standard output or error", text)
        return said

    return reading


def _looked_at(application: Any) -> Any:
    async def answering(self: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        answer = bytearray()
        zipped = False

        async def sending(message: Message) -> None:
            nonlocal zipped
            if message["type"] == "http.response.start":
                zipped = (b"content-encoding", b"gzip") in message["headers"]
                SEARCH.look(f"the head of {scope['path']}", repr(message["headers"]))
            answer.extend(message.get("body", b""))
            await send(message)

        await application(self, scope, receive, sending)
        page = gzip.decompress(answer) if zipped and answer else bytes(answer)
        SEARCH.look(f"the page {scope['path']}", page)

    return answering
