"""What the sandbox says instead of an answer, in the error shape of either protocol."""

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    500: "internal_error",
    502: "upstream_error",
    503: "service_unavailable",
    504: "upstream_timeout",
}
GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Refusal(Exception):
    def __init__(self, message, *, status=400, type=None, code=None, param=None, retry_after=None):
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type or ERROR_TYPES[status]
        self.code = code
        self.param = param
        self.retry_after = retry_after

    def body(self, protocol):
        return self._as_google() if protocol == "gemini" else self._as_openai()

    def _as_google(self):
        return {"error": {"code": self.status, "message": self.message, "status": GOOGLE_STATUSES[self.status]}}

    def _as_openai(self):
        error = {"message": self.message, "type": self.type, "code": self.code}
        return {"error": error | ({"param": self.param} if self.param else {})}


def unsafe():
    """Only for the Images protocol: Gemini refuses for safety with a 200."""
    return Refusal(
        "Your request was rejected by the safety system.",
        type="image_generation_user_error",
        code="moderation_blocked",
    )
