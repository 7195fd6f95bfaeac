"""The console script, and `python -m exporter`."""

import signal
import sys


def main() -> int:
    """Run one command, and give its exit code; a SIGHUP waits until it can be obeyed."""
    # Before the imports, which take a third of a second: by default it would end the process.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))
    from exporter.cli import main as command  # noqa: PLC0415

    return command()


if __name__ == "__main__":
    sys.exit(main())
