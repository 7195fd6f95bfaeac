"""Domain names as DNS compares them."""

import idna


def domain(text: str) -> str:
    """The name in lower case, in A-labels, without a trailing dot (RFC 4343, RFC 5890).

    A label that no A-label can be made of stays as it is, in lower case.
    """
    if not text.isascii():
        text = ".".join(map(_a_label, text.replace("\u3002", ".").split(".")))
    return text.strip().lower().removesuffix(".")


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.encode(label, uts46=True, transitional=False).decode()
    except (idna.IDNAError, UnicodeError):
        return label
