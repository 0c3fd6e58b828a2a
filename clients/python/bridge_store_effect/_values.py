"""This module copies what a caller gives, as JSON represents it, and names by its path what JSON cannot represent."""

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from ._sent import Sent
from .errors import RequestError

#: The largest whole number that every reader of JSON takes as it is written.
MOST = 2**53 - 1
#: Levels of nesting in a request. The service rejects an intent with more than 64.
LEVELS = 100

_VALUE = "a value JSON can represent"
_NAME = re.compile(r"[A-Za-z_][\w-]{0,79}", re.ASCII)

Path = tuple[str | int, ...]


def json_copy(value: Any, path: Path = ()) -> Any:
    """Return a copy in dicts, lists, texts, numbers, booleans and None. Raise RequestError naming the field."""
    if isinstance(value, Enum):
        return json_copy(value.value, path)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path, "well-formed text")
    if isinstance(value, int):
        if abs(value) > MOST:
            raise _wrong(path, f"a whole number JSON can represent (up to {MOST}), or text with the digits", value)
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _wrong(path, "a finite number", value)
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        # A model of another package says by its own fields what it sends; ours leaves out what was not given.
        return json_copy(value.model_dump(exclude_unset=isinstance(value, Sent)), path)
    if len(path) > LEVELS:
        raise RequestError(f"{path_of(path[:1])}: expected at most {LEVELS} levels, and no value inside of itself")
    if isinstance(value, Mapping):
        return {_text(key, path, "text as a key"): json_copy(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_copy(item, (*path, index)) for index, item in enumerate(value)]
    raise _wrong(path, _expected(value), value)


def _expected(value: Any) -> str:
    if isinstance(value, (set, frozenset)):
        return "a list"
    if isinstance(value, Decimal):
        return "a number, or text with the digits"
    return "a time" if isinstance(value, date) else _VALUE


def _text(value: Any, path: Path, expected: str) -> str:
    if not isinstance(value, str):
        raise _wrong(path, expected, value)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(path, "well-formed text", value)
    return str(value)


def path_of(path: Path) -> str:
    """Return a path as messages have it: `intents[0].payload.orders`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _NAME.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key[:80])}]"
    return text or "input"


def shown(value: Any) -> str:
    """Return a value as messages show it, with its type: `int 5`."""
    text = type(value).__name__ if isinstance(value, (Mapping, list, tuple, set, BaseModel)) else repr(value)
    shortened = text if len(text) <= 80 else f"{text[:80]}… ({len(text)} characters)"
    return shortened if value is None or text == type(value).__name__ else f"{type(value).__name__} {shortened}"


def _wrong(path: Path, expected: str, value: Any) -> RequestError:
    return RequestError(f"{path_of(path)}: expected {expected}, got {shown(value)}")
