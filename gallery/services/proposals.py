"""Holds the gateway's list of models against the studio's, and does what a person accepts of it."""

import hashlib
import json
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from gallery.models import ModelEntry, Price, Proposal
from gallery.pricing import KINDS, SIX_PLACES

from . import audit

Kind = Proposal.Kind
LONGEST_ID = 120  # letters that a model id may have here
PRICES_BELOW = 1_000_000  # dollars per million tokens; what is above is a mistake of the list


def sync(listing):
    """Propose what is new in a list of `models_api.ListedModel`. The proposals that were not made before."""
    entries = {entry.name: entry for entry in ModelEntry.objects.all()}
    made = []
    for listed in listing:
        if max(map(len, (listed.id, *listed.aliases))) > LONGEST_ID:
            continue
        for kind, name, found in _findings(listed, entries):
            text = json.dumps(found, sort_keys=True)
            fingerprint = hashlib.sha256(text.encode()).hexdigest()
            row, is_new = Proposal.objects.get_or_create(
                kind=kind, model=name, fingerprint=fingerprint, defaults={"found": found}
            )
            made += [row] if is_new else []
    return made


def _findings(listed, entries):
    ids = (listed.id, *listed.aliases)
    known = next((entries[name] for name in ids if name in entries), None)
    if known is None:
        if "image" in listed.output_modalities and not listed.is_deprecated:
            yield Kind.MODEL, listed.id, {"name": listed.name, "prices": _told(listed)}
        return
    for name in ids:
        if name not in entries:
            yield Kind.ALIAS, name, {"of": known.name}
    if known.is_active and (listed.is_deprecated or listed.expiration_date):
        yield Kind.DEPRECATED, known.name, {"expiration_date": listed.expiration_date}
    told = _told(listed)
    current = Price.objects.at(known.name, timezone.now())
    if any(current is None or getattr(current, kind) != Decimal(price) for kind, price in told.items()):
        yield Kind.PRICE, known.name, told


def _told(listed):
    """Kind to dollars, as text; a price that the list does not tell is left out."""
    prices = {kind: price for kind, price in listed.pricing.items() if price is not None and price < PRICES_BELOW}
    return {kind: str(price.quantize(SIX_PLACES)) for kind, price in prices.items()}


def accept(user, proposal):
    """Do it, once; False where it was decided already."""
    with transaction.atomic():
        if not _decide(user, proposal, Proposal.Status.ACCEPTED):
            return False
        if proposal.kind == Kind.PRICE:
            _price(user, proposal.model, proposal.found)
        elif proposal.kind == Kind.DEPRECATED:
            ModelEntry.objects.filter(name=proposal.model).update(is_active=False)
            audit.note(user, audit.Action.CHANGED, proposal, {"is_active": True}, {"is_active": False})
        else:
            _entry(user, proposal)
        return True


def dismiss(user, proposal):
    return _decide(user, proposal, Proposal.Status.DISMISSED)


def _decide(user, proposal, status):
    still = Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.OPEN)
    return still.update(status=status, decided_by=user, decided_at=timezone.now()) == 1


def _price(user, model, told):
    """Valid from now on; kinds that the list does not tell stay as they are."""
    current = Price.objects.at(model, timezone.now())
    kept = {kind: getattr(current, kind) for kind in KINDS} if current else {}
    row = Price.objects.create(model=model, **kept | {kind: Decimal(price) for kind, price in told.items()})
    audit.note(user, audit.Action.ADDED, row, kept, audit.values(row))


def _entry(user, proposal):
    """A model like its nearest kin, off until somebody has looked at what it can do and switches it on."""
    entries = list(ModelEntry.objects.order_by("position"))
    kin = [entry for entry in entries if entry.name == proposal.found.get("of")]
    provider = proposal.model.partition("/")[0]
    kin += [entry for entry in entries if entry.name.partition("/")[0] == provider] + entries
    label = proposal.found.get("name") or f"{kin[0].label} ({proposal.model})"
    abilities = kin[0].abilities | {"id": proposal.model, "label": label}
    row, is_new = ModelEntry.objects.get_or_create(
        name=proposal.model,
        defaults={"label": label[:120], "abilities": abilities, "is_active": False, "position": len(entries)},
    )
    if not is_new:
        return
    audit.note(user, audit.Action.ADDED, row, after=audit.values(row))
    kins_price = Price.objects.at(proposal.found.get("of"), timezone.now())
    told = proposal.found.get("prices") or (kins_price and _known(kins_price))
    if told and Price.objects.at(row.name, timezone.now()) is None:
        _price(user, row.name, told)


def _known(price):
    return {kind: getattr(price, kind) for kind in KINDS if getattr(price, kind) is not None}
