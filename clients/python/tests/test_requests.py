"""These tests need no servers: values, identities and models."""

import json
import math
import socket
import unittest
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from pydantic import ValidationError
from temporalio.client import Client

import bridge_store_effect as bridge
from bridge_store_effect._emitter import partition_of
from bridge_store_effect._request import Request, read_request

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())


def read(given: dict[str, Any]) -> Request:
    options = given.get("options", {})
    return read_request(
        given["intents"],
        given.get("request_id"),
        given.get("correlation_id"),
        options.get("failFastPriority"),
        options.get("derivedEvents"),
    )


class Identities(unittest.TestCase):
    def test_are_those_of_the_typescript_client(self) -> None:
        for vector in VECTORS:
            with self.subTest(vector["request"]["request_id"]):
                request = read(vector["request"])
                self.assertEqual(request.sha256, vector["sha256"])
                self.assertEqual(request.event_id, vector["event_id"])
                self.assertEqual(request.summary, vector["summary"])
                key = (request.correlation_id or request.request_id).encode()
                for count, partition in vector["partitions"].items():
                    self.assertEqual(partition_of(key, range(int(count)), ()), partition)

    def test_are_the_same_for_models_and_dicts(self) -> None:
        payload: dict[str, Any] = {"event_type": "BATCH_PROCESSED", "batch_size": 10, "note": None}
        given = [{"intent_type": "PublishEvent", "target": "event_bus", "payload": payload, "priority": 3}]
        model = bridge.PublishEventIntent(payload=bridge.PublishEventPayload(**payload), priority=3)
        hashes = {read({"intents": intents, "request_id": "a"}).sha256 for intents in ([model], given)}
        self.assertEqual(len(hashes), 1)


class Values(unittest.TestCase):
    def test_are_sent_as_json_has_them(self) -> None:
        aggregation = UUID("5B0C7C1E-3F6F-4B6C-9A53-0D8F2F6F7A10")
        intent = {"id": aggregation, "at": datetime(2026, 1, 31, 12, tzinfo=timezone.utc), "list": (1, 2.5, True, None)}
        expected = {"id": str(aggregation), "at": "2026-01-31T12:00:00+00:00", "list": [1, 2.5, True, None]}
        self.assertEqual(read({"intents": [intent]}).intents, [expected])

    def test_that_json_cannot_represent_are_refused_by_their_field(self) -> None:
        inside: list[Any] = []
        inside.append(inside)
        for value, expected in [
            (math.nan, "expected a finite number, got float nan"),
            (
                2**53,
                "expected a whole number JSON can represent (up to 9007199254740991), or text with the digits, "
                "got int 9007199254740992",
            ),
            ({1}, "expected a list, got set"),
            (Decimal("1.5"), "expected a number, or text with the digits, got Decimal Decimal('1.5')"),
            (b"x", "expected a value JSON can represent, got bytes b'x'"),
            ("\ud800", "expected well-formed text, got str '\\ud800'"),
            ({1: 2}, "expected text as a key, got int 1"),
        ]:
            with self.subTest(expected), self.assertRaises(bridge.RequestError) as refused:
                read({"intents": [{"payload": {"shop.orders": {"mean": value}}}]})
            self.assertEqual(str(refused.exception), f'intents[0].payload["shop.orders"].mean: {expected}')
        with self.assertRaisesRegex(bridge.RequestError, "no value inside of itself"):
            read({"intents": inside})


class Requests(unittest.TestCase):
    def test_that_are_wrong_are_refused_by_their_field(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"intents": {}}, "intents: expected a list, got dict"),
            ({"request_id": 5}, "request_id: expected text, got int 5"),
            ({"request_id": ""}, "request_id: expected 1 to 200 characters without NUL, got str ''"),
            ({"options": {"failFastPriority": "2"}}, "fail_fast_priority: expected a whole number, got str '2'"),
            (
                {"options": {"derivedEvents": "some"}},
                "derived_events: expected one of unless_published, all, none, got str 'some'",
            ),
        ]
        for given, expected in cases:
            with self.subTest(expected), self.assertRaises(bridge.RequestError) as refused:
                read({"intents": [], **given})
            self.assertEqual(str(refused.exception), expected)

    def test_over_a_limit_are_refused(self) -> None:
        with self.assertRaisesRegex(bridge.LimitError, "2001 intents, the limit is 2000"):
            read({"intents": [{}] * 2001})
        with self.assertRaisesRegex(bridge.LimitError, "bytes of JSON, the limit is 1500000"):
            read({"intents": ["x" * 1_500_000]})


class Models(unittest.TestCase):
    def test_name_the_field_that_is_wrong(self) -> None:
        with self.assertRaises(ValidationError) as refused:
            aggregated_data = {"a": {"total_stamps": -1}}
            bridge.PersistStatePayload.model_validate({"aggregation_id": "x", "aggregated_data": aggregated_data})
        fields = [error["loc"] for error in refused.exception.errors()]
        self.assertEqual(fields, [("aggregated_data", "a", "total_stamps"), ("aggregation_id",)])


class Questions(unittest.IsolatedAsyncioTestCase):
    async def test_have_an_end_where_the_server_is_silent(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent, patch("bridge_store_effect._verdicts.ANSWER", 0.2):
            client = bridge.StoreEffectClient(
                await Client.connect(f"127.0.0.1:{silent.getsockname()[1]}", lazy=True)
            )
            with self.assertRaisesRegex(bridge.ResultTimeoutError, "could not be asked: no answer within 0.2 s$"):
                await client.await_result(uuid4(), timeout=0)
            await client.close()


if __name__ == "__main__":
    unittest.main()
