"""Real programs that tests run."""

import os
import shutil

import pytest


def need(*programs: str) -> None:
    """Skip the test, and say so, where a program is missing; in CI that is a failure."""
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        said = f"NOT CHECKED: {', '.join(absent)} is not installed"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
