"""Scrapers side by side that do nothing but read, and note how long each answer took."""

import contextlib
import socket
import threading
import time
from collections.abc import Sequence


def scrape(address: tuple[str, int], path: str, *, gzip: bool = True) -> tuple[float, int]:
    """The seconds that one scrape on a new connection took, and the bytes of its body."""
    buffer = memoryview(bytearray(1 << 20))
    started = time.perf_counter()
    with socket.create_connection(address, timeout=60) as connection:
        size = _ask(connection, path, buffer, gzip=gzip)
    return time.perf_counter() - started, size


def side_by_side(
    targets: Sequence[tuple[tuple[str, int], str]], *, scrapers: int, rounds: int, pause: float
) -> list[list[float]]:
    """The seconds of each scrape of each target (an address and a path).

    In each round all scrapers ask one target at once, on kept connections; rounds take turns, so
    that whatever else the machine does costs every target alike.
    """
    seconds: list[list[float]] = [[] for _ in targets]
    together = threading.Barrier(scrapers, action=lambda: time.sleep(pause))

    def run() -> None:
        buffer = memoryview(bytearray(1 << 20))
        with contextlib.ExitStack() as stack:
            connections = [
                stack.enter_context(socket.create_connection(address, timeout=60))
                for address, _ in targets
            ]
            for _ in range(rounds):
                for mine, connection, (_, path) in zip(seconds, connections, targets, strict=True):
                    together.wait()
                    started = time.perf_counter()
                    _ask(connection, path, buffer, gzip=True)
                    mine.append(time.perf_counter() - started)

    threads = [threading.Thread(target=run) for _ in range(scrapers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ask(connection: socket.socket, path: str, buffer: memoryview, *, gzip: bool) -> int:
    coding = "gzip" if gzip else "identity"
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: {coding}\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv_into(buffer)
        if not got:
            raise ConnectionError(f"no answer to {path}")
        head += bytes(buffer[:got])
    head, _, rest = head.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    if b" 200 " not in lines[0] + b" ":
        raise ConnectionError(lines[0].decode())
    size = int(next(line for line in lines if line.startswith(b"content-length:")).split()[1])
    left = size - len(rest)
    while left:
        got = connection.recv_into(buffer)
        if not got:
            raise ConnectionError("the answer broke off")
        left -= got
    return size
