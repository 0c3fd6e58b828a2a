"""This module asks the service for verdicts of emitted lists. All callers of a client share one question."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client

from .errors import ClosedError, ResultTimeoutError

#: Seconds before the first question. Callers gather meanwhile, and most lists are answered by then.
FIRST = 0.1
#: The longest pause between questions.
LONGEST = 1.0
#: Seconds for the answer to a question.
ANSWER = 10.0
#: Seconds in which a caller gets an answer, however short its own time.
LEAST = 5.0
#: The most ids of one question; the service takes as many.
AT_ONCE = 500

CLOSED = "its result came; it may still come"

Verdict = dict[str, Any]


class _Asked:
    """A waiter gets it when a question about its list has been answered, or has failed."""


class _Closed:
    """A waiter gets it when the client is closed."""


Answers = asyncio.Queue[Verdict | _Asked | _Closed]


class Verdicts:
    """The lists that callers wait for, by their event ids in lower case."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._waiting: dict[str, set[Answers]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._pause = FIRST
        self._failure: BaseException | None = None
        self._closed = False

    async def result(self, event_id: str, seconds: float, after: str | None, is_rerun: bool) -> Verdict:
        """Wait for the verdict of a list; with `is_rerun` for that of a run other than the one of `after`."""
        if self._closed:
            raise ClosedError(event_id, CLOSED)
        answers: Answers = asyncio.Queue()
        deadline = self._now() + seconds
        self._waiting.setdefault(event_id, set()).add(answers)
        self._pause = FIRST
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_while_waiting())
        try:
            # However short the time, one question is asked and answered.
            async with asyncio.timeout_at(max(deadline, self._now() + LEAST)):
                while True:
                    answer = await answers.get()
                    if isinstance(answer, _Closed):
                        raise ClosedError(event_id, CLOSED)
                    if isinstance(answer, _Asked):
                        if self._now() >= deadline:
                            raise TimeoutError
                    elif not is_rerun or answer.get("rerun_at") != after or _is_final(answer):
                        return answer
        except TimeoutError:
            raise ResultTimeoutError(event_id, seconds, self._failure) from self._failure
        finally:
            self._waiting[event_id].discard(answers)
            if not self._waiting[event_id]:
                del self._waiting[event_id]

    async def close(self) -> None:
        """End the questions; each caller that waits gets a ClosedError."""
        self._closed = True
        for answers in self._waiting.values():
            for one in answers:
                one.put_nowait(_Closed())
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _ask_while_waiting(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._pause)
                began = self._now()
                ids = list(self._waiting)
                try:
                    for first in range(0, len(ids), AT_ONCE):
                        await self._ask(ids[first : first + AT_ONCE])
                    self._failure = None
                except TimeoutError:
                    self._failure = TimeoutError(f"no answer within {ANSWER:g} s")
                except Exception as error:
                    self._failure = error
                # A pause behind a slow answer is longer: many clients must not fill a server with questions.
                for event_id in ids:
                    for answers in self._waiting.get(event_id, ()):
                        answers.put_nowait(_Asked())
                self._pause = min(LONGEST, max(2 * self._pause, 2 * (self._now() - began)))
        finally:
            self._asking = None

    async def _ask(self, ids: list[str]) -> None:
        left = ids
        while left:
            # The execution's own time begins when the server has it, which a server without an answer never says.
            async with asyncio.timeout(ANSWER):
                found = await self._client.execute_workflow(
                    "FindVerdictsWorkflow",
                    {"event_ids": left},
                    id=f"find-verdicts-{uuid4()}",
                    task_queue=self._task_queue,
                    execution_timeout=timedelta(seconds=ANSWER),
                    static_summary=f"{len(left)} result{'' if len(left) == 1 else 's'}",
                )
            for verdict in found["verdicts"]:
                for answers in self._waiting.get(verdict["event_id"].lower(), ()):
                    answers.put_nowait(verdict)
            left = found["left"]


def _is_final(verdict: Verdict) -> bool:
    """Return whether nothing of the list can be executed again."""
    return verdict["outcome"] == "completed" or verdict.get("error") is not None
