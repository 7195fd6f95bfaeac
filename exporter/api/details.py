"""How certain certificates are asked for: in the form that the metro takes."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from exporter.api.exchange import Answer, Exchange
from exporter.api.protocol import Request, details

QUERY_SIZE: Final = 100
"""Certificates named in one query: 4 KiB, where servers take 8."""

Form = Callable[[Sequence[str]], list[Request]]
"""The requests that name these certificates."""


class Details:
    """Asks for the details of certificates by their uuids.

    They are named in the body of a GET. Where that is refused (400) they are in the query, as the
    second generation of the API takes it or as the first does, and stay there.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._forms: Sequence[Form] = _FORMS

    async def get(self, uuids: Sequence[str]) -> list[Answer]:
        """One answer, or several that have a part each. Raises as `Exchange.get` does."""
        refused: list[Answer] = []
        for place, form in enumerate(self._forms):
            answers = await self._asked(form(uuids))
            if answers[-1].status == 200:
                self._forms = self._forms[place:]
            if answers[-1].status != 400:
                return answers
            refused = refused or answers
        return refused

    async def _asked(self, requests: Sequence[Request]) -> list[Answer]:
        answers: list[Answer] = []
        for request in requests:
            answers.append(await self._exchange.get(request))
            if answers[-1].status != 200:
                break
        return answers


def _in_body(uuids: Sequence[str]) -> list[Request]:
    return [details(uuids)]


def _repeated(uuids: Sequence[str]) -> list[Request]:
    return _in_query(uuids, lambda part: "&".join(f"uuid={uuid}" for uuid in part))


def _with_commas(uuids: Sequence[str]) -> list[Request]:
    return _in_query(uuids, lambda part: "uuid=" + ",".join(part))


def _in_query(uuids: Sequence[str], query: Callable[[list[str]], str]) -> list[Request]:
    quoted = [quote(uuid, safe="") for uuid in uuids]
    parts = (quoted[n : n + QUERY_SIZE] for n in range(0, len(quoted), QUERY_SIZE))
    return [Request("/v1/certificates", query(part)) for part in parts]


_FORMS: Final[tuple[Form, ...]] = (_in_body, _repeated, _with_commas)
