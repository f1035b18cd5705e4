"""What an image was made from, and what was made from it."""

from gallery.models import Input

from .pages import complete_cards, generations_for

LINEAGE_DEPTH = 6  # generations up and down that the image page follows


def ancestors(user, image):
    """Steps that led to an image, nearest first: generation, its inputs, its outputs, depth."""
    return _walk(user, [image.generation_id] if image.generation_id else [], up=True)


def descendants(user, image):
    """Steps that were made from an image, nearest first."""
    return _walk(user, _made_from([image.pk]), up=False)


def _made_from(image_ids):
    used = Input.objects.filter(image_id__in=image_ids, role=Input.Role.IMAGE)
    return list(used.values_list("generation_id", flat=True).distinct())


def _walk(user, generation_ids, *, up):
    """Level by level, so that the number of queries grows with the depth and not with the width."""
    steps, seen = [], set()
    for depth in range(1, LINEAGE_DEPTH + 1):
        ids = [pk for pk in generation_ids if pk not in seen]
        seen.update(ids)
        level = list(generations_for(user).filter(pk__in=ids))
        if not level:
            break
        for generation in complete_cards(level):
            inputs = [used.image for used in generation.inputs_in_order]
            steps.append({"generation": generation, "inputs": inputs, "outputs": generation.pictures, "depth": depth})
        if up:
            generation_ids = [image.generation_id for step in steps[-len(level) :] for image in step["inputs"]]
            generation_ids = [pk for pk in generation_ids if pk]
        else:
            generation_ids = _made_from([image.pk for step in steps[-len(level) :] for image in step["outputs"]])
    return steps
