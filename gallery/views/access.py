"""Fetching with permission, once: a stranger gets 404, as if the thing did not exist."""

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from gallery.models import ApiKey, Batch, Budget, Event, Generation, Image, Membership, ModelEntry, Project
from gallery.queries import pages


def generation(user, pk):
    """A generation that the person may look at, with everything a card shows."""
    return get_object_or_404(pages.generations_for(user), pk=pk)


def preview_event(user, generation_pk, pk):
    """The event that told of a partial picture."""
    visible = Generation.objects.visible_to(user).filter(pk=generation_pk)
    return get_object_or_404(Event.objects.filter(generation__in=visible).exclude(preview=""), pk=pk)


def generation_to_change(user, pk):
    """A generation in a project that the person may create in; others who see it get 403."""
    found = generation(user, pk)
    must_create_in(user, found.project)
    return found


def generations_to_change(user, pks):
    """Several at once: 404 where one of them is a stranger's, 403 where the person may only look at one."""
    found = list(pages.generations_for(user).filter(pk__in=pks))
    if len(found) < len(set(pks)):
        raise Http404
    if creatable_ids(user, projects := {generation.project_id for generation in found}) < projects:
        raise PermissionDenied
    return found


def batches(user):
    return Batch.objects.visible_to(user).select_related("user", "project")


def batch(user, pk):
    return get_object_or_404(batches(user), pk=pk)


def batch_to_change(user, pk):
    found = batch(user, pk)
    must_create_in(user, found.project)
    return found


def image(user, pk):
    """An image that the person may look at, those in the trash too."""
    visible = Image.objects.visible_to(user).with_favourite_of(user)
    return get_object_or_404(visible.select_related("generation", "generation__project", "call", "project"), pk=pk)


def image_to_change(user, pk):
    found = image(user, pk)
    must_create_in(user, found.project)
    return found


def projects(user):
    """Projects that the person may look at, those put away left out."""
    return Project.objects.visible_to(user).filter(archived_at=None)


def project(user, pk):
    return get_object_or_404(Project.objects.visible_to(user), pk=pk)


def project_to_manage(user, pk):
    found = project(user, pk)
    if not manages(user, found):
        raise PermissionDenied
    return found


def membership_to_manage(user, project_pk, pk):
    return get_object_or_404(Membership.objects.filter(project=project_to_manage(user, project_pk)), pk=pk)


def keys(user):
    """A person's own keys, revoked ones too."""
    return ApiKey.objects.of(user).select_related("project")


def key(user, pk):
    return get_object_or_404(keys(user), pk=pk)


def key_of(secret):
    """The key in force that has this secret, or None."""
    return ApiKey.objects.with_secret(secret).select_related("user", "project").first()


def models():
    """Those on offer."""
    return ModelEntry.objects.on_offer()


def budgets_of(user, project=None):
    """A person's own budgets and those of their keys, or those of a project."""
    of = Q(project=project) if project else Q(user=user) | Q(key__user=user)
    return Budget.objects.filter(of).select_related("key")


def manages(user, project):
    return Project.objects.managed_by(user).filter(pk=project.pk).exists()


def may_create_in(user, project):
    return Project.objects.creatable_by(user).filter(pk=project.pk).exists()


def creatable_ids(user, project_ids):
    """Of these projects, those that the person may create in."""
    return set(Project.objects.creatable_by(user).filter(pk__in=project_ids).values_list("pk", flat=True))


def must_create_in(user, project):
    if not may_create_in(user, project):
        raise PermissionDenied
