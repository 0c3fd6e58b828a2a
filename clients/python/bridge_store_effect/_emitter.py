"""This module puts lists on the INTENT_EMITTED topic, for the intake to execute."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import rfc8785
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError, MessageSizeTooLargeError  # type: ignore[import-untyped]
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]

from ._request import Request
from .errors import ClosedError, EmitError

#: The brokers' own options that the client sets: they decide where a list goes, and when it counts as emitted.
OWN = ("bootstrap_servers", "acks", "partitioner")
#: The largest message in bytes: a list at its limit, and its envelope. aiokafka's own limit refuses a list of 1.1 MB.
MOST_BYTES = 2_000_000


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
        self._closed = False

    async def emit(self, request: Request) -> EmittedList:
        """Resolve when all replicas have the list. Raise EmitError when no broker confirms it."""
        correlation_id = request.correlation_id or request.request_id
        topic = f"{self._options.topic_prefix}.reducer.events.intent_emitted"
        headers = {"event_id": request.event_id, "event_type": "INTENT_EMITTED", "correlation_id": correlation_id}
        try:
            producer = await self._connected(request.event_id)
            await producer.send_and_wait(
                topic,
                rfc8785.dumps(envelope_of(self._options, request, correlation_id)),
                correlation_id.encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        except KafkaError as error:
            message = f"Kafka ({self._options.brokers}): {error}. {_advice(error)}"
            raise EmitError(request.request_id, request.event_id, message) from error
        return EmittedList(request.event_id, request.request_id, correlation_id, topic)

    async def close(self) -> None:
        """Close the connections. Who emits afterwards gets a ClosedError."""
        self._closed = True
        async with self._connecting:
            producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _connected(self, event_id: str) -> AIOKafkaProducer:
        async with self._connecting:
            if self._closed:
                raise ClosedError(event_id, "the list was emitted; nothing was sent")
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **{
                        "client_id": f"bridge-client-{socket.gethostname()}",
                        "max_request_size": MOST_BYTES,
                        **self._options.producer,
                    },
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


def _advice(error: KafkaError) -> str:
    if isinstance(error, MessageSizeTooLargeError):
        return "The list was not taken: raise max.message.bytes of the topic, or split the list"
    return "No broker has confirmed the list; it may be stored. Emit it again with request_id=error.request_id"


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
