"""What the sandbox was asked and what it answered, to the token: the truth a test compares the studio's books with."""

import time
from dataclasses import asdict

from gallery.sandbox.usage import Tokens


class Ledger:
    def __init__(self):
        self.received = 0
        self.answered = []
        self.refused = []
        self.unanswered = []

    def answer(self, request_id, wish, tokens, pictures):
        """`tokens` is None when the answer hid its usage."""
        usage = asdict(tokens) if tokens else None
        self.answered.append(_entry(request_id, wish) | {"pictures": pictures, "usage": usage})

    def refuse(self, request_id, refusal):
        self.refused.append({"request_id": request_id, "status": refusal.status, "code": refusal.code})

    def leave(self, request_id, wish, reason):
        self.unanswered.append(_entry(request_id, wish) | {"reason": reason})

    def as_dict(self):
        told = [Tokens(**entry["usage"]) for entry in self.answered if entry["usage"]]
        return {
            "received": self.received,
            "answered": self.answered,
            "refused": self.refused,
            "unanswered": self.unanswered,
            "sums": {
                "calls": len(self.answered),
                "pictures": sum(entry["pictures"] for entry in self.answered),
                **asdict(sum(told, Tokens())),
            },
        }


def _entry(request_id, wish):
    return {
        "request_id": request_id,
        "at": time.time(),
        "protocol": wish.protocol,
        "operation": wish.operation,
        "model": wish.model,
        "n": wish.n,
        "stream": wish.stream,
        "prompt": wish.prompt[:200],
    }
