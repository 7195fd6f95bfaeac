"""Flags, sub-commands, exit codes."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from exporter import __version__
from exporter.config import Configuration, Shard
from exporter.config.file import from_environment, load
from exporter.errors import ConfigurationError, ExporterError
from exporter.logs import LEVELS, STANDARD_ERROR, configure_logging, printable
from exporter.loop import run
from exporter.service import Address, Web, once, serve
from exporter.web import WebSettings

PROGRAM: Final = "ukc-certificate-exporter"
DEFAULT_ADDRESS: Final = ":10843"

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Gives 0 where all is fine, 1 for a failure at run time, 2 for bad usage or configuration.
    """
    options = _options(list(sys.argv[1:] if arguments is None else arguments))
    configure_logging(options.log_level, options.log_format)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 0
    except Exception as exc:  # noqa: BLE001 - the last door: a bug is told, not shown
        return _told(exc)


def _told(exc: Exception) -> int:
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


def _options(arguments: list[str]) -> argparse.Namespace:
    first = arguments[0] if arguments else ""
    if first not in ("-h", "--help", "--version") and (not first or first.startswith("-")):
        arguments = ["serve", *arguments]
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [COMMAND] [flags]",
        description="Prometheus exporter for the TLS certificates of Unikraft Cloud.",
        epilog="Without a command, `serve` is meant. "
        "Without a file, UKC_TOKEN and UKC_METRO are the configuration.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(
        prog=PROGRAM, title="commands", metavar="COMMAND [flags]", required=True
    )
    _add_serve(commands.add_parser)
    _add_demo(commands.add_parser)
    _add_simulate(commands.add_parser)
    _add_once(commands.add_parser)
    _add_check_config(commands.add_parser)
    for command in commands.choices.values():
        _add_logging(command)
    return parser


AddParser = Callable[..., argparse.ArgumentParser]


def _command(add: AddParser, name: str, text: str, required: str = "") -> argparse.ArgumentParser:
    """A command; of its flags, the usage names those that are `required`."""
    usage = " ".join(("%(prog)s", *required.split(), "[flags]"))
    description = f"{text[0].upper()}{text[1:]}."
    return add(name, help=text, description=description, usage=usage, allow_abbrev=False)


def _add_logging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=tuple(LEVELS),
        default="info",
        metavar="LEVEL",
        help="%(choices)s (default: %(default)s)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=("logfmt", "json"),
        default="logfmt",
        metavar="FORMAT",
        help="%(choices)s (default: %(default)s)",
    )


def _add_config_file(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        required=required,
        help="YAML configuration"
        if required
        else "YAML configuration, in place of the environment",
    )


def _add_shard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=int,
        default=0,
        metavar="I",
        help="which of the exporters that share the certificates this is, from 0 "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--total-shards",
        dest="total_shards",
        type=int,
        default=1,
        metavar="N",
        help="how many exporters share the certificates (default: %(default)s)",
    )


def _add_web(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help=f"where to listen; may be given several times (default: {default})",
    )
    parser.set_defaults(default_address=_address(default))
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default: %(default)s)",
    )


def _add_web_config_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        metavar="FILE",
        help="TLS, users and headers, in the format of Prometheus' exporter-toolkit",
    )


def _add_serve(add: AddParser) -> None:
    parser = _command(add, "serve", "poll the API and serve /metrics (the default)")
    _add_config_file(parser, required=False)
    _add_shard(parser)
    _add_web(parser, DEFAULT_ADDRESS)
    _add_web_config_file(parser)
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="lifecycle",
        action="store_true",
        help="let POST /-/reload load the configuration anew",
    )
    parser.add_argument(
        "--probe.listen-address",
        dest="probe_address",
        type=_address,
        metavar="HOST:PORT",
        help="serve /-/healthy and /-/ready here too, without TLS and users",
    )
    parser.set_defaults(run=_serve)


def _add_demo(add: AddParser) -> None:
    text = "the exporter against an embedded simulator: no account, no file"
    parser = _command(add, "demo", text)
    _add_web(parser, "127.0.0.1:10843")
    parser.set_defaults(run=_demo)


def _add_simulate(add: AddParser) -> None:
    text = "the simulated certificates API of one metro"
    parser = _command(add, "simulate", text, "--listen-address=HOST:PORT --token=TOKEN")
    parser.add_argument(
        "--listen-address",
        dest="listen_address",
        required=True,
        metavar="HOST:PORT",
        type=_listen_text,
        help="where to listen; port 0 takes a free one",
    )
    parser.add_argument("--token", required=True, help="the bearer token that clients must send")
    parser.add_argument(
        "--metro", default="fra0", metavar="NAME", help="which metro it is (default: %(default)s)"
    )
    parser.add_argument(
        "--scenario",
        default="mixture",
        metavar="NAME|FILE",
        help="the certificates at the first moment (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="another one gives other names and serial numbers (default: %(default)s)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="simulated seconds that pass in one; 0 stops the clock (default: %(default)g)",
    )
    parser.set_defaults(run=_simulate)


def _add_once(add: AddParser) -> None:
    text = "one collection, its exposition on standard output"
    parser = _command(add, "once", text)
    _add_config_file(parser, required=False)
    _add_shard(parser)
    parser.set_defaults(run=_once)


def _add_check_config(add: AddParser) -> None:
    text = "load the configuration as `serve` does, and exit"
    parser = _command(add, "check-config", text, "--config.file=FILE")
    _add_config_file(parser, required=True)
    _add_shard(parser)
    _add_web_config_file(parser)
    parser.set_defaults(run=_check_config)


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    known = colon and port.isascii() and port.isdigit() and int(port) < 65536
    if not known or (":" in host and not bracketed):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, [IPv6]:PORT or :PORT, got {text!r}")
    return Address(host[1:-1] if bracketed else host, int(port))


def _listen_text(text: str) -> str:
    _address(text)
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or any(c in text for c in "{}?# "):
        raise argparse.ArgumentTypeError(f"expected a path that starts with /, got {text!r}")
    if text.startswith("/-/"):
        raise argparse.ArgumentTypeError("paths below /-/ are the exporter's own")
    return text


def _configuration(options: argparse.Namespace) -> Configuration:
    shard = _shard(options)
    if options.config_file is None:
        return from_environment(os.environ, shard)
    return load(options.config_file, os.environ, shard)


def _shard(options: argparse.Namespace) -> Shard:
    shard = Shard(options.shard, options.total_shards)
    if not 0 <= shard.ordinal < shard.total:
        said = f"--shard={shard.ordinal} --total-shards={shard.total}: "
        raise ConfigurationError(f"{said}expected a shard from 0 up to one less than the total")
    return shard


def _addresses(options: argparse.Namespace) -> tuple[Address, ...]:
    return tuple(options.listen_addresses or (options.default_address,))


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


def _once(options: argparse.Namespace) -> int:
    page, failed = run(once(_configuration(options)))
    _write(page)
    for key in failed:
        print(f"{PROGRAM}: account {key.account}, metro {key.metro}: failed", file=STANDARD_ERROR)
    return 1 if failed else 0


def _check_config(options: argparse.Namespace) -> int:
    configuration = _configuration(options)
    WebSettings(options.web_config_file)
    accounts = configuration.accounts
    metros = sum(len(account.metros) for account in accounts)
    counted = f"{_count(len(accounts), 'account')}, {_count(metros, 'metro')}"
    _write(f"{options.config_file}: fine, {counted}\n".encode())
    return 0


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
        # The reader has seen enough, as `head` has; at the exit Python would try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as exc:
        raise ExporterError(f"standard output: {exc.strerror}") from exc


def _demo(options: argparse.Namespace) -> int:
    from exporter.demo import demo  # noqa: PLC0415 - the simulator costs a start that has none

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
