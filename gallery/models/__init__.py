"""The tables, one file a subject; import them from here."""

from .batches import Batch
from .catalog import ModelEntry
from .engine import RateGate, Worker
from .events import Event
from .generations import Generation, Input
from .images import Favourite, Image
from .projects import Membership, Project
from .usage import Call, Price

__all__ = [
    "Batch",
    "Call",
    "Event",
    "Favourite",
    "Generation",
    "Image",
    "Input",
    "Membership",
    "ModelEntry",
    "Price",
    "Project",
    "RateGate",
    "Worker",
]
