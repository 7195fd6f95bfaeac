"""Every kind of value that may stand where another one is expected."""

import json
from typing import Final, NamedTuple

from tests.world.leaks import MARK

TOKEN: Final = f"bWF0cml4{MARK}="


class Kind(NamedTuple):
    """One kind: `value` is its bytes in JSON, None for a member that is missing.

    `type` is its JSON type. What is not `readable` is refused by decoders though its end can be
    seen; where not even that is so, the answer is `broken`.
    `before` and `after` stand around it, where it is one of two members with the same key.
    """

    id: str
    type: str
    value: bytes | None
    readable: bool = True
    broken: bool = False
    before: bytes | None = None

    @property
    def text(self) -> str:
        """What a string says, of which the token is blotted out."""
        said: str = json.loads(self.value or b'""')
        return said.replace(TOKEN, "[token]")

    @property
    def heavy(self) -> bool:
        """Whether it takes so long to read that one answer of each place is enough."""
        return self.value is not None and len(self.value) > 100_000

    @property
    def long(self) -> bool:
        """Whether it is longer than any field can be."""
        return self.value is not None and len(self.value) > 1024


_ESCAPED: Final = "".join(f"\\u{ord(character):04x}" for character in TOKEN)

KINDS: Final = (
    Kind("missing", "null", None),
    Kind("null", "null", b"null"),
    Kind("true", "boolean", b"true"),
    Kind("seven", "number", b"7"),
    Kind("minus one", "number", b"-1"),
    Kind("2^70", "number", b"%d" % 2**70),
    Kind("10^400", "number", b"1" + b"0" * 400),
    Kind("10^5000", "number", b"1" + b"0" * 5000),
    Kind("a fraction", "number", b"1.5"),
    Kind("1e999", "number", b"1e999"),
    Kind("NaN", "number", b"NaN", readable=False),
    Kind("empty string", "string", b'""'),
    Kind("words", "string", b'"words"'),
    Kind("NUL and control characters, escaped", "string", rb'"\u0000\u001b[2J\r\n\u0085"'),
    Kind("right to left", "string", '"\u202egpj.exe\u2066"'.encode()),
    Kind("NUL", "string", b'"a\0b"', readable=False),
    Kind("a line break", "string", b'"a\nb"', readable=False),
    Kind("half a surrogate", "string", rb'"\ud800"', readable=False),
    Kind("an escape that there is not", "string", rb'"\x"', readable=False),
    Kind("invalid UTF-8", "string", b'"a\xff\xfeb"', readable=False),
    Kind("2 KB", "string", b'"%b"' % (b"x" * 2048)),
    Kind("10 MB", "string", b'"%b"' % (b"x" * 10_000_000)),
    Kind("the token", "string", b'"%b"' % TOKEN.encode()),
    Kind("the token in escapes", "string", b'"%b"' % _ESCAPED.encode()),
    Kind("empty array", "array", b"[]"),
    Kind("array", "array", b'["words"]'),
    Kind("array in arrays, 1,000 deep", "array", b"[" * 1000 + b"]" * 1000, readable=False),
    Kind("array in arrays, 5,000 deep", "array", b"[" * 5000 + b"]" * 5000, readable=False),
    Kind("empty object", "object", b"{}"),
    Kind("object", "object", b'{"invented":"words"}'),
    Kind(
        "object in objects, 5,000 deep",
        "object",
        b'{"a":' * 5000 + b"0" + b"}" * 5000,
        readable=False,
    ),
    Kind("twice, the second right", "right", b"", before=b'["words"]'),
    Kind("twice, the second wrong", "array", b'["words"]', before=b"null"),
    Kind("unclosed array", "array", b"[", broken=True),
    Kind("unclosed object", "object", b"{", broken=True),
)
