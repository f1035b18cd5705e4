"""How a program is told no: OpenAI's shape of an error, and which error each ending of a generation is."""

from django.http import JsonResponse

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "internal_error",
    502: "upstream_error",
    503: "service_unavailable",
}
UNSAFE = ("safety", "prompt_blocked", "prohibited", "blocklist", "personal_data", "recitation")
UNFIT = ("bad_request", "too_large", "language", "max_tokens", "text_only", "input_missing", "input_unfit")
OUR_OWN = ("disk_full", "not_stored", "studio_error", "studio_error_unsent")

# What a generation ended with -> status. All others mean that the gateway failed: 502.
STATUSES = {
    **dict.fromkeys((*UNSAFE, *UNFIT), 400),
    **dict.fromkeys(OUR_OWN, 500),
    "model_not_found": 404,
    "cancelled": 409,
    "rate_limited": 429,
    "no_credit": 503,
    "unavailable": 503,
}
# Codes that OpenAI has a word of its own for.
CODES = dict.fromkeys(UNSAFE, "moderation_blocked") | {"rate_limited": "rate_limit_exceeded"}


class Refused(Exception):
    """An answer that is an error; `studio` says of which generation, if any."""

    def __init__(self, status, message, *, type=None, param=None, code=None, studio=None):
        super().__init__(status, code)
        self.status = status
        self.error = {"message": str(message), "type": type or TYPES[status], "param": param, "code": code}
        self.studio = studio

    def response(self):
        """The official SDKs ask again by themselves after a 409, 429 or 5xx, which would be paid anew: the header
        tells them not to. What is worth another attempt the studio has attempted."""
        body = {"error": self.error} | ({"studio": self.studio} if self.studio else {})
        headers = {"x-should-retry": "false", "Cache-Control": "no-store"}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JsonResponse(body, status=self.status, headers=headers)


def of_generation(generation, studio):
    """The error that a generation without pictures is, with the gateway's own words where there are any."""
    code = generation.error_code
    return Refused(
        STATUSES.get(code, 502),
        " ".join(filter(None, [str(generation.sentence), generation.error_detail])),
        type="image_generation_user_error" if code in UNSAFE else None,
        code=CODES.get(code, code),
        studio=studio,
    )
