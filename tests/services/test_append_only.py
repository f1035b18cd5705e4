"""What is written in the ledger stays: the database itself refuses to change or delete it."""

import pytest
from django.db import IntegrityError, connection, transaction

from gallery.models import AuditEntry, Call
from gallery.services import audit
from tests.factory import make_call

pytestmark = pytest.mark.django_db


def refused(change):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()


@pytest.mark.parametrize("status", Call.Status.values)
def test_no_call_can_be_deleted(status):
    call = make_call(status=status)
    refused(lambda: Call.objects.filter(pk=call.pk).delete())
    assert Call.objects.filter(pk=call.pk).exists()


@pytest.mark.parametrize("status", ["answered", "refused", "failed", "cancelled"])
def test_a_call_that_has_ended_cannot_be_changed(status):
    call = make_call(status=status)
    refused(lambda: Call.objects.filter(pk=call.pk).update(cost_usd=0))
    refused(call.save)


@pytest.mark.parametrize("status", ["queued", "claimed", "sent", "interrupted"])
def test_a_call_that_may_still_be_answered_can(status):
    call = make_call(status=status)
    assert Call.objects.filter(pk=call.pk).update(status="answered", cost_usd=1) == 1


def test_plain_sql_is_refused_too():
    make_call(status="answered")

    def cheat():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE gallery_call SET cost_usd = 0")

    refused(cheat)


def test_the_audit_log_is_never_changed():
    entry = audit.note(None, audit.Action.ADDED, "something")
    refused(lambda: AuditEntry.objects.update(subject="nothing"))
    refused(entry.delete)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_the_suite_can_empty_it_and_it_is_kept_again(time):
    assert not Call.objects.exists()
    call = make_call(status="answered")
    refused(lambda: Call.objects.filter(pk=call.pk).delete())
