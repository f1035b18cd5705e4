"""The tables, one file a subject; import them from here."""

from .aggregates import MonthClose, UsageDay, UsageMonth
from .audit import AuditEntry
from .batches import Batch
from .budgets import Budget, BudgetMonth, Reservation
from .catalog import ModelEntry
from .engine import RateGate, Worker
from .events import Event
from .generations import Generation, Input
from .images import Favourite, Image
from .keys import ApiKey
from .projects import Membership, Project
from .proposals import Proposal
from .usage import Call, Price

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Batch",
    "Budget",
    "BudgetMonth",
    "Call",
    "Event",
    "Favourite",
    "Generation",
    "Image",
    "Input",
    "Membership",
    "ModelEntry",
    "MonthClose",
    "Price",
    "Project",
    "Proposal",
    "RateGate",
    "Reservation",
    "UsageDay",
    "UsageMonth",
    "Worker",
]
