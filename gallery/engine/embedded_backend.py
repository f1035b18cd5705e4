"""Django's Tasks API over a table of the studio's own database, for the one embedded worker."""

from django_tasks.base import TaskResultStatus
from django_tasks_db import DatabaseBackend
from django_tasks_db.models import DBTaskResult


class EmbeddedBackend(DatabaseBackend):
    """Says besides what is in the queue, as ProcrastinateBackend does."""

    def waiting(self, task):
        """First arguments of the tasks that nobody has begun."""
        rows = DBTaskResult.objects.filter(task_path=task.module_path, status=TaskResultStatus.READY)
        return [values["args"][0] for values in rows.values_list("args_kwargs", flat=True)]
