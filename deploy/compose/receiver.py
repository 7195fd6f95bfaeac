"""Prints the alerts that Alertmanager sends: where a pager would be, in a stack to try."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(BaseHTTPRequestHandler):
    """Takes a webhook of Alertmanager; the path is the receiver's name."""

    def do_POST(self) -> None:
        """One line for each alert."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in message["alerts"]:
            sys.stdout.write(f"{line(message['receiver'], alert)}\n")
        sys.stdout.flush()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The alerts are the log."""


def line(receiver: str, alert: dict[str, Any]) -> str:
    """An alert as a person reads it."""
    labels, text = alert["labels"], alert["annotations"]
    who = ", ".join(labels[k] for k in ("account", "metro", "common_name") if k in labels)
    about = " ".join(text.get("description", text.get("summary", "")).split())
    return f"[{receiver}] {alert['status']} {labels['alertname']} ({who}): {about}"


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9099"
    host, _, port = address.rpartition(":")
    ThreadingHTTPServer((host, int(port)), Receiver).serve_forever()
