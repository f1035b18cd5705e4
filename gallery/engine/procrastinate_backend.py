"""Django's Tasks API over procrastinate, for any number of workers on PostgreSQL."""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import TaskResult, TaskResultStatus
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
SPAN = 1_000_000_000  # seconds from the beginning to 2031; with a priority of -1 to 1 it fits the column's 32 bits

WAITING = """
    SELECT (args -> 'args' ->> 0)::bigint FROM procrastinate_jobs WHERE status = 'todo' AND task_name = %s
"""


class ProcrastinateBackend(BaseTaskBackend):
    """Jobs are written by Django's own connection, hence together with the rows that they are about or not at all.

    Says besides what is in the queue, as EmbeddedBackend does.
    """

    supports_async_task = True
    supports_defer = True
    supports_priority = True

    def __init__(self, alias, params):
        super().__init__(alias, params)
        # Not the app of procrastinate.contrib.django: a worker gives that one connections of its own.
        self.jobs = JobManager(DjangoConnector())

    def enqueue(self, task, args, kwargs):
        self.validate_task(task)
        job = self.jobs.defer_job(
            Job(
                queue=task.queue_name,
                task_name=task.module_path,
                task_kwargs=normalize_json({"args": args, "kwargs": kwargs}),
                lock=None,
                queueing_lock=None,
                **place(task),
            )
        )
        result = TaskResult(
            task=task,
            id=str(job.id),
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=args,
            kwargs=kwargs,
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        task_enqueued.send(type(self), task_result=result)
        return result

    def waiting(self, task):
        """First arguments of the tasks that nobody has begun."""
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [task.module_path])
            return [key for (key,) in cursor.fetchall()]


def place(task):
    """Where a job stands: due earlier, done earlier, within a priority.

    The embedded engine's table sorts so; procrastinate sorts by priority and age only, so the moment becomes a part
    of its priority.
    """
    due = SPAN - 1 if task.run_after is None else int((task.run_after - BEGINNING).total_seconds())
    ahead = task.run_after if task.run_after and task.run_after > timezone.now() else None
    return {"priority": task.priority * SPAN - max(due, 0), "scheduled_at": ahead}
