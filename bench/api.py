"""The API of some metros as a process that costs next to nothing: its answers are made before.

`python -m bench.api PORT METROS CERTIFICATES RENEWED`; each metro answers in turn with its fleet
and with the fleet of which so many certificates were renewed.
"""

import itertools
import socketserver
import sys
from typing import ClassVar

from bench.fleet import answer, fleet


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Handler(socketserver.StreamRequestHandler):
    answers: ClassVar[dict[bytes, "itertools.cycle[bytes]"]] = {}
    counts: ClassVar[dict[bytes, int]] = {}

    def handle(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            path = line.split()[1]
            if path == b"/count":
                body = str(sum(self.counts.values())).encode()
            else:
                metro = path.split(b"/")[1]
                self.counts[metro] = self.counts.get(metro, 0) + 1
                body = next(self.answers[metro])
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            self.wfile.write(body)


def main(port: int, metros: int, certificates: int, renewed: int) -> None:
    """Serve until the process is ended."""
    for metro in range(metros):
        some = certificates // metros
        answers = [answer(fleet(some, metro=metro))]
        if renewed:
            answers.append(answer(fleet(some, metro=metro, renewed=renewed // metros)))
        _Handler.answers[b"m%d" % metro] = itertools.cycle(answers)
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
