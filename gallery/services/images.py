"""What people do with a picture that is there: favour it, put it in the trash, take it out again."""

from django.utils import timezone

from gallery.models import Favourite, Image


def toggle_favourite(user, image):
    """True where the image is a favourite of the person now."""
    favourite, made = Favourite.objects.get_or_create(user=user, image=image)
    if not made:
        favourite.delete()
    return made


def move_to_trash(image):
    Image.objects.kept().filter(pk=image.pk).update(trashed_at=timezone.now())


def restore(image):
    Image.objects.filter(pk=image.pk).update(trashed_at=None)
