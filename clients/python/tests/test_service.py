"""These tests use the service: Temporal, PostgreSQL, Kafka, a worker with an intake. The service's suite runs them.

RUN names the lists, KAFKA_BROKERS and KAFKA_TOPIC_PREFIX say where lists are emitted to.
"""

import asyncio
import os
import unittest
from typing import Any
from uuid import UUID, uuid4

from bridge_store_effect import (
    AggregatedData,
    ClosedError,
    EmitError,
    Intent,
    Kafka,
    NoWorkerError,
    PersistFSMTransitionIntent,
    PersistFSMTransitionPayload,
    PersistStateIntent,
    PersistStatePayload,
    PersistStateResult,
    RefusedError,
    RequestConflictError,
    Result,
    ResultTimeoutError,
    StoreEffectClient,
)

RUN = os.environ["RUN"]
KAFKA = Kafka(os.environ["KAFKA_BROKERS"].split(","), topic_prefix=os.environ["KAFKA_TOPIC_PREFIX"])


def persist_state(aggregation_id: UUID | None = None, priority: int | None = None) -> PersistStateIntent:
    payload = PersistStatePayload(
        aggregation_id=aggregation_id or uuid4(), aggregated_data={"python": AggregatedData(total_stamps=3)}
    )
    intent = PersistStateIntent(payload=payload)
    if priority is not None:
        intent.priority = priority
    return intent


class Lists(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = await StoreEffectClient.connect(kafka=KAFKA)

    async def asyncTearDown(self) -> None:
        await self.client.close()

    async def test_are_executed_once_a_request_id(self) -> None:
        intents = [persist_state()]
        report = await self.client.execute_intents(intents, request_id=f"{RUN}-once")
        self.assertEqual((report.outcome, report.counts), ("completed", {"succeeded": 1}))
        [result] = report.results
        assert isinstance(result, PersistStateResult)
        self.assertEqual((result.total_items, result.namespaces_persisted), (3, ["python"]))
        again = await self.client.start(intents, request_id=f"{RUN}-once")
        self.assertFalse(again.started)
        with self.assertRaisesRegex(RequestConflictError, f"{RUN}-once has been used for another list"):
            await self.client.start([persist_state()], request_id=f"{RUN}-once")

    async def test_that_typescript_started_are_known(self) -> None:
        payload = {"event_type": "BATCH_PROCESSED", "mean": 2.0}
        known = [{"intent_type": "PublishEvent", "target": "event_bus", "payload": payload}]
        started = await self.client.start(known, request_id=f"{RUN}-typescript")
        self.assertFalse(started.started)
        self.assertEqual((await self.client.result(started.workflow_id)).outcome, "completed")

    async def test_have_1_5_mb_in_every_script(self) -> None:
        wrong = {"intent_type": "PersistState", "target": "store_effect", "payload": {"note": "é" * 700_000}}
        report = await self.client.execute_intents([wrong], request_id=f"{RUN}-large")
        self.assertEqual([result.status for result in report.results], ["failed"])

    async def test_that_fail_fast_have_a_report(self) -> None:
        wrong = {"intent_type": "PersistState", "target": "store_effect", "payload": {}, "priority": 5}
        report = await self.client.execute_intents([wrong, persist_state()], request_id=f"{RUN}-fail-fast")
        self.assertEqual(report.outcome, "failed")
        self.assertEqual([result.status for result in report.results], ["failed", "skipped"])
        self.assertTrue(all(type(result) is Result for result in report.results))
        self.assertEqual(report.results[0].error, "payload.aggregated_data: expected an object, got nothing")

    async def test_that_the_workers_refuse_raise(self) -> None:
        with self.assertRaisesRegex(RefusedError, "33 .*priorities|priorities.* 33"):
            await self.client.execute_intents([persist_state(priority=number) for number in range(33)])

    async def test_are_emitted_and_awaited(self) -> None:
        transition = PersistFSMTransitionIntent(
            payload=PersistFSMTransitionPayload(
                workflow_id=uuid4(), previous_state="PENDING", current_state="PROCESSING", transition_count=1
            )
        )
        names = [f"{RUN}-emitted-{number}" for number in range(5)]
        lists: list[list[Intent | dict[str, Any]]] = [[persist_state()] for _ in names]
        lists[0].append(transition)
        emitted = await asyncio.gather(
            *(self.client.emit_intents(intents, request_id=name) for name, intents in zip(names, lists))
        )
        self.assertEqual([one.correlation_id for one in emitted], names)
        again = await self.client.emit_intents(lists[0], request_id=names[0])
        self.assertEqual(again, emitted[0])
        reports = await asyncio.gather(*(self.client.await_result(one.event_id.upper(), timeout=60) for one in emitted))
        for one, report in zip(emitted, reports):
            self.assertEqual((report.outcome, report.event_id), ("completed", one.event_id.upper()))
            self.assertEqual((report.request_id, report.error), (one.request_id, None))

    async def test_without_a_verdict_time_out(self) -> None:
        with self.assertRaisesRegex(ResultTimeoutError, "no result within 0 s; it may still come$"):
            await self.client.await_result(uuid4(), timeout=0)

    async def test_without_a_worker_say_so(self) -> None:
        alone = await StoreEffectClient.connect(task_queue=f"{RUN}-nobody", worker_timeout=1)
        with self.assertRaisesRegex(NoWorkerError, f"{RUN}-queued: no worker of the task queue {RUN}-nobody"):
            await alone.execute_intents([persist_state()], request_id=f"{RUN}-queued")

    async def test_that_no_broker_takes_raise(self) -> None:
        producer = {"request_timeout_ms": 1000}
        unreachable = Kafka("127.0.0.1:1", producer=producer)
        without_topics = Kafka(KAFKA.brokers, topic_prefix=f"{RUN}.missing", producer=producer)
        for kafka, expected in [(unreachable, "127.0.0.1:1.*Unable to bootstrap"), (without_topics, "UnknownTopic")]:
            async with await StoreEffectClient.connect(kafka=kafka) as client:
                intents = [persist_state()]
                with self.assertRaisesRegex(EmitError, f"{expected}.*it may be stored") as first:
                    await client.emit_intents(intents)
                with self.assertRaises(EmitError) as again:
                    await client.emit_intents(intents, request_id=first.exception.request_id)
                self.assertEqual(again.exception.event_id, first.exception.event_id)

    async def test_over_the_limit_of_the_topic_say_so(self) -> None:
        large = {"intent_type": "PersistState", "payload": {"note": "é" * 700_000}}
        advice = "raise max.message.bytes of the topic, or split the list$"
        with self.assertRaisesRegex(EmitError, advice) as refused:
            await self.client.emit_intents([large])
        # The broker has refused it, and not the producer.
        self.assertNotIn("max_request_size", str(refused.exception))

    async def test_of_a_closed_client_are_not_emitted(self) -> None:
        await self.client.close()
        with self.assertRaisesRegex(ClosedError, "closed before the list was emitted; nothing was sent"):
            await self.client.emit_intents([persist_state()])
        with self.assertRaisesRegex(ClosedError, "closed before its result came; it may still come"):
            await self.client.await_result(uuid4())


if __name__ == "__main__":
    unittest.main()
