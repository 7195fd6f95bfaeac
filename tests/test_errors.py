"""The exception tree and the closed set of reasons."""

from exporter import errors


def test_every_reason_has_one_error_and_stands_in_the_drawing() -> None:
    """A reason that nobody raises, or a leaf that is not drawn, would be a lie."""
    leaves = errors.PollError.__subclasses__()

    assert sorted(errors.REASONS) == sorted(leaf.reason for leaf in leaves)
    for leaf in leaves:
        assert f"─ {leaf.__name__:<23} {leaf.reason}\n" in (errors.__doc__ or "")
