"""The commands and their exit codes."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from exporter.config import Configuration, Shard
from exporter.config.file import from_environment, load
from exporter.errors import ConfigurationError, ExporterError
from exporter.flags import PROGRAM, parse
from exporter.logs import STANDARD_ERROR, configure_logging, printable
from exporter.loop import run
from exporter.service import Address, Web, build, collect, once, serve
from exporter.status.outline import oddities, outline
from exporter.status.progress import progress
from exporter.status.verdict import fails, failures
from exporter.web import WebSettings

__all__ = ["PROGRAM", "main"]

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Gives 0 where all is fine, 1 for a failure at run time, 2 for bad usage or configuration.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    configure_logging(options.log_level, options.log_format)
    if options.command not in _OBEYING:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))
    try:
        return _COMMANDS[options.command](options)
    except KeyboardInterrupt:
        return 0
    except Exception as exc:  # noqa: BLE001 - the last handler: a bug is logged without a traceback
        return _failed(exc)


def _failed(exc: Exception) -> int:
    """The exit code, after a line that says what went wrong."""
    while isinstance(exc, ExceptionGroup):
        exc = exc.exceptions[0]
    if isinstance(exc, ExporterError):
        print(f"{PROGRAM}: {printable(str(exc))}", file=STANDARD_ERROR)
        return 2 if isinstance(exc, ConfigurationError) else 1
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    log.debug("bug", traceback="".join(traceback.format_exception(exc)))
    log.error(
        "this is a bug in the exporter; with --log.level=debug it says more",
        error=f"{type(exc).__name__}: {exc}",
        where=f"{Path(frame.filename).name}:{frame.lineno}",
    )
    return 1


def _serve(options: argparse.Namespace) -> int:
    configuration = _configuration(options)
    web = Web(
        _addresses(options),
        options.telemetry_path,
        options.web_config_file,
        options.probe_address,
        options.lifecycle,
    )
    run(serve(configuration, web, load=partial(_configuration, options)))
    return 0


def _demo(options: argparse.Namespace) -> int:
    from exporter.demo import demo  # noqa: PLC0415 - only this command loads the simulator

    run(demo(Web(_addresses(options), options.telemetry_path), say=lambda s: _write(s.encode())))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from exporter import simulator  # noqa: PLC0415

    simulator.run(
        listen=options.listen_address,
        token=options.token,
        metro=options.metro,
        scenario=options.scenario,
        seed=options.seed,
        speed=options.speed,
    )
    return 0


def _once(options: argparse.Namespace) -> int:
    page, failed = run(once(_configuration(options)))
    _write(page)
    _say(failed)
    return 1 if failed else 0


def _status(options: argparse.Namespace) -> int:
    configuration = _only(_configuration(options), options.metros)
    metros = sum(len(account.metros) for account in configuration.accounts)
    terminal = sys.stderr is not None and sys.stderr.isatty()
    polled = progress(metros, STANDARD_ERROR, terminal=terminal)
    status = run(collect(configuration, query=options.name, polled=polled))
    if options.format == "json":
        _write(msgspec.json.format(msgspec.json.encode(status)) + b"\n")
    else:
        from exporter.status.table import drawn  # noqa: PLC0415 - nothing else loads Rich

        _write(drawn(status))
    _say(failures(status))
    return 1 if fails(status, options.fail_on) else 0


def _only(configuration: Configuration, metros: Sequence[str] | None) -> Configuration:
    """The configuration with these metros alone, if any are named."""
    if not metros:
        return configuration
    configured = {metro.name for account in configuration.accounts for metro in account.metros}
    if unknown := sorted(set(metros) - configured):
        expected = ", ".join(sorted(configured))
        raise ConfigurationError(f"--metro={unknown[0]}: expected one of {expected}")
    accounts = (
        account._replace(metros=tuple(m for m in account.metros if m.name in metros))
        for account in configuration.accounts
    )
    return configuration._replace(accounts=tuple(a for a in accounts if a.metros))


def _check_config(options: argparse.Namespace) -> int:
    configuration = _configuration(options)
    WebSettings(options.web_config_file)
    run(_build(configuration))
    accounts = configuration.accounts
    metros = sum(len(account.metros) for account in accounts)
    counts = f"{_count(len(accounts), 'account')}, {_count(metros, 'metro')}"
    first = f"{options.config_file or 'environment'}: OK ({counts})"
    _write("\n".join((first, *outline(configuration), "")).encode())
    _say(f"warning: {oddity}" for oddity in oddities(configuration))
    return 0


async def _build(configuration: Configuration) -> None:
    """Build what `serve` would run: proxies and trust of the environment are judged here."""
    async with build(configuration):
        pass


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "serve": _serve,
    "demo": _demo,
    "simulate": _simulate,
    "status": _status,
    "once": _once,
    "check-config": _check_config,
}


_OBEYING: Final = ("serve", "demo")
"""Those that reload at a SIGHUP; the others it ends."""


def _configuration(options: argparse.Namespace) -> Configuration:
    shard = _shard(options)
    if options.config_file is None:
        return from_environment(os.environ, shard)
    return load(options.config_file, os.environ, shard)


def _shard(options: argparse.Namespace) -> Shard:
    shard = Shard(options.shard, options.total_shards)
    if not 0 <= shard.ordinal < shard.total:
        raise ConfigurationError(
            f"--shard={shard.ordinal} --total-shards={shard.total}: "
            "expected a shard from 0 up to one less than the total"
        )
    return shard


def _addresses(options: argparse.Namespace) -> tuple[Address, ...]:
    return tuple(options.listen_addresses or (options.default_address,))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"{PROGRAM}: {line}", file=STANDARD_ERROR)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _write(text: bytes) -> None:
    """Write to standard output, or raise `ExporterError`."""
    if sys.stdout is None:
        raise ExporterError("standard output is closed")
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does; at the exit Python would flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as exc:
        raise ExporterError(f"standard output: {exc.strerror}") from exc
