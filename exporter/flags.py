"""The command line's flags: Prometheus' own style, an empty file or address meaning none."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from exporter import __version__
from exporter.logs import LEVELS
from exporter.service import Address

PROGRAM: Final = "ukc-certificate-exporter"
DEFAULT_ADDRESS: Final = ":10843"
DEFAULT_DEMO_ADDRESS: Final = "127.0.0.1:10843"

_AddParser = Callable[..., argparse.ArgumentParser]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; `command` is the one that is given, or else `serve`.

    Raises SystemExit: 2 for bad usage, 0 after `--help` and `--version`.
    """
    first = arguments[0] if arguments else ""
    if first not in ("-h", "--help", "--version") and (not first or first.startswith("-")):
        arguments = ["serve", *arguments]
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [COMMAND] [flags]",
        description="Prometheus exporter for the TLS certificates of Unikraft Cloud.",
        epilog="Without a command, `serve` is run. "
        "Without --config.file, UKC_TOKEN and UKC_METRO are the configuration.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(
        dest="command", prog=PROGRAM, title="commands", metavar="COMMAND [flags]", required=True
    )
    for add in (_add_serve, _add_demo, _add_simulate, _add_status, _add_once, _add_check_config):
        add(commands.add_parser)
    for name, command in commands.choices.items():
        # These two tell what is wrong themselves; a log line beside it would say it twice.
        told = name in ("status", "check-config")
        _add_logging(command, default="error" if told else "info")
    return parser


def _add_serve(add: _AddParser) -> None:
    parser = _command(add, "serve", "poll the API and serve /metrics (the default)")
    _add_configuration(parser)
    _add_web(parser, DEFAULT_ADDRESS)
    _add_web_config_file(parser)
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="lifecycle",
        action="store_true",
        help="enable POST /-/reload",
    )
    parser.add_argument(
        "--probe.listen-address",
        dest="probe_address",
        type=_address_or_none,
        metavar="HOST:PORT",
        help="additional address for /-/healthy and /-/ready, without TLS and basic auth",
    )


def _add_demo(add: _AddParser) -> None:
    text = "run against an embedded simulator; needs no account or configuration"
    _add_web(_command(add, "demo", text), DEFAULT_DEMO_ADDRESS)


def _add_simulate(add: _AddParser) -> None:
    text = "serve the simulated certificates API of one metro"
    parser = _command(add, "simulate", text, "--listen-address=HOST:PORT --token=TOKEN")
    parser.add_argument(
        "--listen-address",
        dest="listen_address",
        required=True,
        metavar="HOST:PORT",
        help="address to listen on; port 0 takes a free one",
    )
    parser.add_argument("--token", required=True, help="the bearer token that clients must send")
    parser.add_argument(
        "--metro", default="fra", metavar="NAME", help="name of the metro (default: %(default)s)"
    )
    parser.add_argument(
        "--scenario",
        default="mixture",
        metavar="NAME|FILE",
        help="the certificates to begin with (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="seed for generated names and serial numbers (default: %(default)s)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="simulated seconds per second; 0 stops the clock (default: %(default)g)",
    )


def _add_status(add: _AddParser) -> None:
    text = "poll once, show what needs attention as a table and exit"
    parser = _command(add, "status", text)
    _add_configuration(parser)
    parser.add_argument(
        "--metro",
        dest="metros",
        action="append",
        metavar="NAME",
        help="read this metro only; repeatable",
    )
    parser.add_argument(
        "--name",
        default="",
        metavar="TEXT",
        help="show the certificates whose name or domain contains this text, healthy ones too",
    )
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        metavar="FORMAT",
        help="%(choices)s (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        dest="fail_on",
        choices=("critical", "warning", "never"),
        default="critical",
        metavar="SEVERITY",
        help="exit with 1 if a certificate shown has this severity or a more severe one: "
        "%(choices)s (default: %(default)s); a metro that cannot be read always does",
    )


def _add_once(add: _AddParser) -> None:
    text = "poll once, print the metrics to stdout and exit"
    _add_configuration(_command(add, "once", text))


def _add_check_config(add: _AddParser) -> None:
    parser = _command(add, "check-config", "validate the configuration and exit")
    _add_configuration(parser)
    _add_web_config_file(parser)


def _command(add: _AddParser, name: str, text: str, required: str = "") -> argparse.ArgumentParser:
    """A command; of its flags, the usage names those that are `required`."""
    usage = " ".join(("%(prog)s", *required.split(), "[flags]"))
    description = f"{text[0].upper()}{text[1:]}."
    return add(name, help=text, description=description, usage=usage, allow_abbrev=False)


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=_file_or_none,
        metavar="FILE",
        help="path of the YAML configuration; overrides UKC_TOKEN and UKC_METRO",
    )
    parser.add_argument(
        "--shard",
        type=int,
        default=0,
        metavar="I",
        help="index of this shard, starting at 0 (default: %(default)s)",
    )
    parser.add_argument(
        "--total-shards",
        dest="total_shards",
        type=int,
        default=1,
        metavar="N",
        help="total number of shards (default: %(default)s)",
    )


def _add_web(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help=f"address to listen on; repeatable (default: {default})",
    )
    parser.set_defaults(default_address=_address(default))
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="path under which the metrics are served (default: %(default)s)",
    )


def _add_web_config_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=_file_or_none,
        metavar="FILE",
        help="path of the web configuration file "
        "(TLS, basic auth, headers; exporter-toolkit format)",
    )


def _add_logging(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=tuple(LEVELS),
        default=default,
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


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    valid = colon and port.isascii() and port.isdigit() and int(port) < 65536
    if not valid or (":" in host and not bracketed):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, [IPv6]:PORT or :PORT, got {text!r}")
    return Address(host[1:-1] if bracketed else host, int(port))


def _address_or_none(text: str) -> Address | None:
    return _address(text) if text else None


def _file_or_none(text: str) -> Path | None:
    return Path(text) if text else None


def _path(text: str) -> str:
    if not text.startswith("/") or any(c in text for c in "{}?# "):
        raise argparse.ArgumentTypeError(f"expected a path that starts with /, got {text!r}")
    if text.startswith("/-/"):
        raise argparse.ArgumentTypeError("paths below /-/ are the exporter's own")
    return text
