"""What may be wrong around an exporter, as code that is run before it is loaded."""

from typing import Final

UNFORESEEN: Final = """
import zlib
def broken(*_): raise RuntimeError("nobody foresaw this")
zlib.decompressobj = broken
"""
"""Packed answers cannot be unpacked, for a reason that nobody foresaw."""

MUTE: Final = """
import socket, threading, time
known, start = socket.getaddrinfo, threading.Thread.start
def resolve(host, *arguments, **options):
    if ".test" in str(host):
        time.sleep(60)
    return known(host, *arguments, **options)
def bounded(thread):
    if threading.active_count() >= 64:
        raise RuntimeError("can't start new thread")
    start(thread)
socket.getaddrinfo, threading.Thread.start = resolve, bounded
"""
"""Names below `.test` are never resolved, and 64 threads are all that there may be (`TasksMax`)."""

CLOCK: Final = """
import pathlib, sys, threading, time
leap = pathlib.Path(sys.argv[1].partition("=")[2]).with_name("leap")
known, ahead = time.time, [0.0]
time.time = lambda: known() + ahead[0]
def watch():
    while not (leap.exists() and leap.read_text()):
        time.sleep(0.02)
    ahead[0] = float(leap.read_text())
threading.Thread(target=watch, daemon=True).start()
"""
"""The clock leaps by so many seconds as the file `leap` beside the configuration says."""
