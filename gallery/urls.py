"""The addresses of the pages, in the order of the navigation."""

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path, reverse_lazy

from gallery.views import (
    batches,
    bulk,
    exports,
    files,
    gallery,
    health,
    history,
    images,
    keys,
    live,
    projects,
    shell,
    studio,
    usage,
)
from gallery.views.api import images as api

app_name = "gallery"

sign_in = auth.LoginView.as_view(template_name="gallery/sign_in.html", redirect_authenticated_user=True)
password_change = auth.PasswordChangeView.as_view(
    template_name="gallery/password_change.html", success_url=reverse_lazy("gallery:create")
)

urlpatterns = [
    path("", studio.create, name="create"),
    path("composer/fields/", studio.composer_fields, name="composer-fields"),
    path("composer/attachments/<int:pk>/", studio.attachment, name="attachment"),
    path("generations/", studio.create_generation, name="generation-create"),
    path("generations/bulk/", bulk.bulk, name="generation-bulk"),
    path("generations/<int:pk>/", history.generation, name="generation"),
    path("generations/<int:pk>/row/", history.row, name="generation-row"),
    path("generations/<int:pk>/card/", studio.card, name="generation-card"),
    path("generations/<int:pk>/cancel/", studio.cancel, name="generation-cancel"),
    path("generations/<int:pk>/run-again/", studio.run_again, name="generation-run-again"),
    path("generations/<int:pk>/retry/", studio.retry, name="generation-retry"),
    path("generations/<int:pk>/partials/<int:event_pk>.webp", files.partial, name="generation-partial"),
    path("batches/", batches.batches, name="batches"),
    path("batches/new/", batches.new, name="batch-new"),
    path("batches/preview/", batches.preview, name="batch-preview"),
    path("batches/run/", batches.create, name="batch-create"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("batches/<int:pk>/summary/", batches.summary, name="batch-summary"),
    path("batches/<int:pk>/line/", batches.line, name="batch-line"),
    path("batches/<int:pk>/pause/", batches.pause, name="batch-pause"),
    path("batches/<int:pk>/resume/", batches.resume, name="batch-resume"),
    path("batches/<int:pk>/cancel/", batches.cancel, name="batch-cancel"),
    path("batches/<int:pk>/retry/", batches.retry, name="batch-retry"),
    path("events/", live.stream, name="events"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("images/<int:pk>/", images.image, name="image"),
    path("images/<int:pk>/favourite/", images.favourite, name="image-favourite"),
    path("images/<int:pk>/trash/", images.trash, name="image-trash"),
    path("images/<int:pk>/restore/", images.restore, name="image-restore"),
    path("images/<int:pk>/download/", files.download, name="image-download"),
    path("images/<int:pk>/small/<slug:hash>/", files.small, name="image-small"),
    path("images/<int:pk>/large/<slug:hash>/", files.large, name="image-large"),
    path("images/<int:pk>/original/<slug:hash>", files.original, name="image-original"),
    path("history/", history.history, name="history"),
    path("usage/", usage.usage, name="usage"),
    path("usage/statement/", usage.statement, name="usage-statement"),
    path("usage/export.csv", exports.usage_csv, name="usage-export"),
    path("usage/calls.json", exports.usage_calls, name="usage-calls"),
    path("keys/", keys.keys, name="keys"),
    path("keys/make/", keys.make, name="key-make"),
    path("keys/<int:pk>/revoke/", keys.revoke, name="key-revoke"),
    path("api/v1/models", api.models, name="api-models"),
    path("api/v1/images/generations", api.generations, name="api-generations"),
    path("api/v1/images/edits", api.edits, name="api-edits"),
    path("api/v1/<path:rest>", api.elsewhere),
    path("projects/switch/", shell.switch_project, name="switch-project"),
    path("projects/<int:pk>/", projects.project, name="project"),
    path("projects/<int:pk>/members/", projects.save_membership, name="membership-save"),
    path("projects/<int:pk>/members/<int:membership_pk>/remove/", projects.remove_membership, name="membership-remove"),
    path("sign-in/", login_not_required(sign_in), name="sign-in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign-out"),
    path("password/", password_change, name="password-change"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
