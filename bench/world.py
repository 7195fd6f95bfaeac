"""The processes of a measurement, on loopback; each ends with its context."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOKEN = "bench:not-a-secret"
_TICKS = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """A process and where it listens."""

    pid: int
    address: tuple[str, int]

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak(self) -> float:
        """The most memory that was resident at once, in MB (10^6 bytes)."""
        return self._memory("VmHWM")

    def resident(self) -> float:
        """The memory that is resident now, in MB."""
        return self._memory("VmRSS")

    def _memory(self, field: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024 / 1e6


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@contextlib.contextmanager
def process(*command: str, port: int, quiet: bool = True) -> Iterator[Process]:
    """A program that listens on a port once it is ready."""
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    with subprocess.Popen(
        command,
        env={**environment, "UKC_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL if quiet else None,
        stderr=subprocess.DEVNULL if quiet else None,
    ) as started:
        try:
            _wait(started, port)
            yield Process(started.pid, ("127.0.0.1", port))
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()


def _wait(started: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and started.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"{started.args!r} does not listen on port {port}")


@contextlib.contextmanager
def api(certificates: int, *, metros: int = 1, renewed: int = 0) -> Iterator[Process]:
    """The API of some metros with so many certificates in all; see `bench.api`."""
    port = free_port()
    numbers = map(str, (port, metros, certificates, renewed))
    with process(sys.executable, "-m", "bench.api", *numbers, port=port) as started:
        yield started


@contextlib.contextmanager
def exporter(
    folder: Path,
    upstream: Process | None,
    *,
    metros: int = 1,
    interval: str = "1h",
    module: tuple[str, ...] = ("exporter",),
    extra: str = "",
) -> Iterator[Process]:
    """The exporter of these metros; without an API its one metro refuses connections."""
    port, api_port = free_port(), upstream.address[1] if upstream else free_port()
    entries = "".join(
        f"      - {{name: m{n}, url: 'http://127.0.0.1:{api_port}/m{n}'}}\n" for n in range(metros)
    )
    path = folder / "exporter.yaml"
    path.write_text(
        f"interval: {interval}\ntimeout: 60s\naccounts:\n  - name: default\n"
        f"    token_env: UKC_TOKEN\n{extra}    metros:\n{entries}"
    )
    listen = f"--web.listen-address=127.0.0.1:{port}"
    command = (sys.executable, "-m", *module, f"--config.file={path}", listen, "--log.level=error")
    with process(*command, port=port) as started:
        yield started


@contextlib.contextmanager
def nginx(folder: Path, page: bytes) -> Iterator[Process]:
    """Nginx serving these bytes as the static file `/page`."""
    port = free_port()
    folder.chmod(0o755)
    (folder / "page").write_bytes(page)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\n"
        "http { access_log off; sendfile on; tcp_nopush on; default_type text/plain;\n"
        "  add_header Content-Encoding gzip;\n"
        f"  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
    )
    command = ("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))
    with process(*command, port=port) as started:
        yield started
