"""Identifiers that follow from a seed alone, so that the same seed gives the same account."""

from hashlib import blake2b

_UUID_BITS = (1 << 122) - 1  # a version 4 UUID has 128 bits, of which six are fixed
_ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
_ADJECTIVES = """
autumn billowing bold broken calm cool crimson damp falling floral fragrant frosty green hidden
holy icy late lingering little lively misty morning nameless patient polished proud purple quiet
restless rough shy silent small snowy solitary sparkling spring still summer twilight wandering
weathered white wild winter wispy withered young
"""
_NOUNS = """
badger beetle bird bison butterfly cat cloud crane deer dolphin dragon eagle falcon fern finch
fox frog gecko hare heron ibis jackal kestrel lion lynx marten monkey moth newt otter owl panda
parrot pelican quail rabbit raven robin salmon seal shark snail sparrow stoat swan tiger toad
turtle viper walrus wolf wren
"""
_ADJECTIVE, _NOUN = _ADJECTIVES.split(), _NOUNS.split()


def digest(*parts: object) -> int:
    """256 bits that look random and depend on the parts alone."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=32).digest())


def suffix(number: int, length: int) -> str:
    """That many lower-case alphanumerics out of a number's low bits."""
    letters = []
    for _ in range(length):
        number, rest = divmod(number, 36)
        letters.append(_ALPHANUMERIC[rest])
    return "".join(letters)


def service_group_name(number: int) -> str:
    """A name such as the platform gives: `young-monkey-uq6dxq0u`."""
    number, adjective = divmod(number, len(_ADJECTIVE))
    number, noun = divmod(number, len(_NOUN))
    return f"{_ADJECTIVE[adjective]}-{_NOUN[noun]}-{suffix(number, 8)}"


def uuid(number: int) -> str:
    """The low 122 bits of a number, written as a version 4 UUID."""
    number &= _UUID_BITS
    high, middle, low = number >> 74, (number >> 62) & 0xFFF, number & ((1 << 62) - 1)
    text = f"{high:012x}4{middle:03x}{low | 1 << 63:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
