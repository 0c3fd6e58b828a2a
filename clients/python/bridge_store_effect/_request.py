"""This module reads a request before anything is sent, and names it as the TypeScript client does."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4, uuid5

import rfc8785

from ._values import MOST, json_copy, shown
from .errors import LimitError, RequestError

#: The namespace of every UUIDv5 of the service.
NAMESPACE = UUID("c1d6b7e2-5d0f-4a9b-9c38-0e8a5c1f7b64")
MOST_INTENTS = 2_000
MOST_BYTES = 1_500_000
DERIVED_EVENTS = ("unless_published", "all", "none")

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")


@dataclass(frozen=True)
class Request:
    """A request with its defaults filled in, so that the same list is the same however it was written."""

    intents: list[Any]
    request_id: str
    correlation_id: str | None
    options: dict[str, Any]
    #: Whether the request id was made here, so that nobody can have used it.
    fresh: bool

    @property
    def input(self) -> dict[str, Any]:
        """The input of the workflow."""
        given = {"intents": self.intents, "options": self.options, "request_id": self.request_id}
        return given if self.correlation_id is None else {**given, "correlation_id": self.correlation_id}

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of its INTENT_EMITTED."""
        return {"intents": self.intents, "request_id": self.request_id, "options": self.options}

    @property
    def sha256(self) -> str:
        """The hash by which another list under the request id is recognised."""
        return hashlib.sha256(rfc8785.dumps(self.input)).hexdigest()

    @property
    def event_id(self) -> str:
        """The event id under which it is emitted."""
        return str(uuid5(NAMESPACE, "emitted\n" + rfc8785.dumps(self.payload).decode()))

    @property
    def summary(self) -> str:
        """The summary for the Web UI."""
        counts: dict[str, int] = {}
        for intent in self.intents:
            named = intent.get("intent_type") if isinstance(intent, dict) else None
            name = named if isinstance(named, str) and _TYPE.fullmatch(named) else "unknown"
            counts[name] = counts.get(name, 0) + 1
        types = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"{len(self.intents)} intent{'' if len(self.intents) == 1 else 's'}{': ' if types else ''}{types}"[:180]


def read_request(
    intents: Sequence[Any],
    request_id: str | None,
    correlation_id: str | None,
    fail_fast_priority: int | None,
    derived_events: str | None,
) -> Request:
    """Return the request that a caller gives. Raise RequestError or LimitError naming the field."""
    if isinstance(intents, (str, bytes, Mapping)) or not isinstance(intents, Sequence):
        raise RequestError(f"intents: expected a list, got {shown(intents)}")
    copy = json_copy(list(intents), ("intents",))
    if len(copy) > MOST_INTENTS:
        raise LimitError(
            f"intents: the list holds {len(copy)} intents, the limit is {MOST_INTENTS}; split it into several lists"
        )
    size = len(rfc8785.dumps(copy))
    if size > MOST_BYTES:
        raise LimitError(
            f"intents: the list is {size} bytes of JSON, the limit is {MOST_BYTES}; split it into several lists"
        )
    return Request(
        intents=copy,
        request_id=_name("request_id", request_id) or str(uuid4()),
        correlation_id=_name("correlation_id", correlation_id),
        options={
            "failFastPriority": _priority(fail_fast_priority),
            "derivedEvents": _derived_events(derived_events),
        },
        fresh=request_id is None,
    )


def _name(field: str, value: Any) -> str | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, UUID) else value
    if not isinstance(text, str):
        raise RequestError(f"{field}: expected text, got {shown(value)}")
    json_copy(text, (field,))
    # JavaScript counts in units of UTF-16.
    if not 1 <= len(text.encode("utf-16-le")) // 2 <= 200 or "\0" in text:
        raise RequestError(f"{field}: expected 1 to 200 characters without NUL, got {shown(value)}")
    return text


def _priority(value: Any) -> int:
    if value is None:
        return 2
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST:
        raise RequestError(f"fail_fast_priority: expected a whole number, got {shown(value)}")
    return int(value)


def _derived_events(value: Any) -> str:
    if value is None:
        return DERIVED_EVENTS[0]
    if value not in DERIVED_EVENTS:
        raise RequestError(f"derived_events: expected one of {', '.join(DERIVED_EVENTS)}, got {shown(value)}")
    return str(value)
