"""Identifiers that follow from a seed and an index alone, so that nothing has to be remembered."""

from hashlib import blake2b

_WIDTH = 122  # a version 4 UUID has 128 bits, of which six are fixed
_MASK = (1 << _WIDTH) - 1
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


def as_uuid(number: int) -> str:
    """122 bits written as a version 4 UUID."""
    high, middle, low = number >> 74, (number >> 62) & 0xFFF, number & ((1 << 62) - 1)
    text = f"{high:012x}4{middle:03x}{low | 1 << 63:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Uuids:
    """A bijection between indices and UUIDs, keyed: neither direction needs a table."""

    def __init__(self, *key: object) -> None:
        bits = digest("uuids", *key)
        self._add = bits & _MASK
        self._factor = (bits >> 128) | 1
        self._inverse = pow(self._factor, -1, 1 << _WIDTH)

    def uuid(self, index: int) -> str:
        """The UUID of an index."""
        number = (index + self._add) * self._factor & _MASK
        number ^= number >> 61
        return as_uuid(number * self._factor & _MASK)

    def index(self, uuid: str) -> int:
        """The index of a UUID in its canonical form: one that was never given is a huge number."""
        digits = int(uuid.replace("-", ""), 16)
        low = digits & ((1 << 62) - 1)
        number = (digits >> 80) << 74 | (digits >> 64 & 0xFFF) << 62 | low
        number = number * self._inverse & _MASK
        number ^= number >> 61
        return ((number * self._inverse & _MASK) - self._add) & _MASK
