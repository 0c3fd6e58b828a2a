"""This module has the base of the models that a caller sends."""

from typing import Any

from pydantic import BaseModel

CONSTANTS = frozenset({"intent_type", "target"})


class Sent(BaseModel):
    """A model that is sent with the fields that were given, and with those that have one value only."""

    def model_post_init(self, context: Any) -> None:
        self.__pydantic_fields_set__.update(CONSTANTS & type(self).model_fields.keys())
