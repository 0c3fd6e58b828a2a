"""This module puts lists on the INTENT_EMITTED topic, for the intake to execute."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import rfc8785
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]

from ._request import Request
from .errors import EmitError

#: The brokers' own options that the client sets: they decide where a list goes, and when it counts as emitted.
OWN = ("bootstrap_servers", "acks", "partitioner")


@dataclass(frozen=True)
class Kafka:
    """The brokers to emit to, and what the envelopes say."""

    brokers: str | Sequence[str]
    """`host:port` of each broker."""
    topic_prefix: str = "omninode_bridge"
    """The prefix of the topics, as KAFKA_TOPIC_PREFIX of the workers."""
    environment: str = "development"
    """`environment` in the envelopes."""
    region: str = "local"
    """`region` in the envelopes."""
    producer: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of AIOKafkaProducer, such as `security_protocol`, `sasl_mechanism` and `ssl_context`."""

    def __post_init__(self) -> None:
        if not self.brokers:
            raise ValueError("kafka.brokers: expected host:port of at least one broker")
        for name in OWN:
            if name in self.producer:
                raise ValueError(f"kafka.producer: expected no {name}, which the client sets")


@dataclass(frozen=True)
class EmittedList:
    """An emitted list. The same list under the same request id has the same event id."""

    event_id: str
    request_id: str
    correlation_id: str
    topic: str


class Emitter:
    """It connects when it first emits."""

    def __init__(self, options: Kafka) -> None:
        self._options = options
        self._connecting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def emit(self, request: Request) -> EmittedList:
        """Resolve when all replicas have the list. Raise EmitError when no broker takes it."""
        correlation_id = request.correlation_id or request.request_id
        topic = f"{self._options.topic_prefix}.reducer.events.intent_emitted"
        headers = {"event_id": request.event_id, "event_type": "INTENT_EMITTED", "correlation_id": correlation_id}
        try:
            producer = await self._connected()
            await producer.send_and_wait(
                topic,
                rfc8785.dumps(envelope_of(self._options, request, correlation_id)),
                correlation_id.encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        except KafkaError as error:
            raise EmitError(f"Kafka ({self._options.brokers}): {error}") from error
        return EmittedList(request.event_id, request.request_id, correlation_id, topic)

    async def close(self) -> None:
        """Close the connections."""
        async with self._connecting:
            producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **{"client_id": f"bridge-client-{socket.gethostname()}", **self._options.producer},
                    bootstrap_servers=self._options.brokers,
                    acks="all",
                    partitioner=partition_of,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


def partition_of(key: bytes, partitions: Sequence[int], available: Sequence[int]) -> int:
    """Return the partition of a key as the Java and the TypeScript client do, by murmur2 of the key."""
    return int(DefaultPartitioner.__call__(key, sorted(partitions), list(available)))


def envelope_of(options: Kafka, request: Request, correlation_id: str) -> dict[str, Any]:
    """Return the envelope of a list."""
    host = socket.gethostname()
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "envelope_version": "1.0",
        "event_id": request.event_id,
        "event_type": "INTENT_EMITTED",
        "event_version": "1.0",
        "event_timestamp": now,
        "source_node_id": host,
        "source_service": "omninode-bridge",
        "source_version": "1.0.0",
        "source_instance": host,
        "correlation_id": correlation_id,
        "causation_id": None,
        "environment": options.environment,
        "region": options.region,
        "partition_key": None,
        "payload": request.payload,
        "metadata": {},
    }
