"""The words people read for what the wire calls by its own: options, and what went wrong."""

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

UNKNOWN = _("Something went wrong that has no name yet. The gateway's own words are below; try again or tell an admin.")

SENTENCES = {
    # never reached the gateway
    "connection_refused": _("The gateway refused the connection. Nothing was charged. Try again in a minute."),
    "name_not_resolved": _("The gateway's address was not found. Nothing was charged. An admin should check it."),
    "connect_timeout": _("The gateway could not be reached in time. Nothing was charged. Try again in a minute."),
    "tls_failed": _("No secure connection to the gateway was possible. Nothing was charged. An admin should look."),
    # sent, never answered
    "no_answer": _("Sent, and no answer came. It may have been billed. Run it again only if you accept that."),
    "cut_body": _("The answer broke off on its way. It may have been billed. What arrived whole is kept."),
    "proxy_timeout": _("A proxy gave up waiting while the model may have gone on. It may have been billed."),
    "worker_stopped": _("The studio stopped while it waited for the answer. It may have been billed."),
    # busy, retried already
    "rate_limited": _(
        "The team's rate limit was reached several times. Nothing was charged. Run it again in a minute."
    ),
    "server_error": _("The gateway had an error of its own, several times. Nothing was charged. Run it again later."),
    "upstream_error": _("The model's provider had an error, several times. Nothing was charged. Run it again later."),
    "unavailable": _("The model is not available at the moment. Nothing was charged. Run it again later."),
    # refused
    "bad_request": _("The gateway did not accept these settings. Nothing was charged. Its words below say which."),
    "too_large": _("The request was too large for the gateway. Nothing was charged. Attach fewer or smaller pictures."),
    "not_authenticated": _("The gateway did not take the studio's key. Nothing was charged. An admin should check it."),
    "no_credit": _("The gateway account has no credit left. Nothing was charged. An admin must top it up."),
    "forbidden": _("The studio's key may not use this model. Nothing was charged. An admin should check it."),
    "not_found": _("The gateway does not know this address. Nothing was charged. An admin should check the settings."),
    "model_not_found": _("The gateway does not know this model any more. Nothing was charged. Choose another one."),
    "stream_unsupported": _("This model cannot stream. Nothing was charged. Run it again without previews."),
    "safety": _("Refused: the safety system did not accept this prompt or picture. Change the words and try again."),
    "prompt_blocked": _("Refused: the safety system did not accept this prompt. Change the words and try again."),
    "prohibited": _("Refused: the model may not make what was asked. Ask for something else."),
    "blocklist": _("Refused: the prompt contains a blocked word. Change the words and try again."),
    "personal_data": _("Refused: the prompt or picture seems to show personal data. Leave that out and try again."),
    "recitation": _("Refused: the result was too close to an existing work. Ask for something of its own."),
    "language": _("Refused: the model does not understand this language. Try English."),
    "max_tokens": _("The model ran out of room before the picture was done. Ask for less at once."),
    "no_image": _("The model answered without a picture. It may have been billed. Say more clearly what to draw."),
    "text_only": _("The model answered with words instead of a picture; they are below. Ask for a picture."),
    # answered, unreadable
    "not_json": _("The gateway answered with something that is no result. It may have been billed. Try again later."),
    "empty_body": _("The gateway answered with nothing. It may have been billed. Try again later."),
    "unexpected_shape": _("The gateway's answer had an unknown form. It may have been billed. An admin should look."),
    "bad_base64": _("A picture arrived damaged and could not be read. It may have been billed."),
    "not_a_picture": _("What arrived was no picture. It may have been billed. Try again."),
    "too_many_pixels": _("The picture that arrived claims to be too large to open safely. It may have been billed."),
    "some_missing": _("Fewer pictures came than were asked for. Those that came are kept."),
    # our own house
    "disk_full": _(
        "The studio's disk is full. An admin must make room; pictures that arrived come by themselves then."
    ),
    "not_stored": _("The pictures arrived, but the storage did not take them. They come by themselves when it does."),
    "input_missing": _("A picture this was to be made from is gone from the storage. Nothing was sent."),
    "input_unfit": _("A picture could not be made to fit what the model takes. Nothing was sent. Attach another one."),
    "studio_error": _("The studio itself made a mistake. It is in the log; tell an admin. It may have been billed."),
    "studio_error_unsent": _("The studio itself made a mistake before sending. Nothing was charged. Tell an admin."),
}

# The end of "Retry 2 of 4 in 9 s: …"
BECAUSE = {
    "rate_limited": _("the rate limit was reached"),
    "server_error": _("the gateway had an error"),
    "upstream_error": _("the provider had an error"),
    "unavailable": _("the model was not available"),
    "stream_unsupported": _("the model shows no previews"),
}
UNREACHED = _("the gateway could not be reached")


def sentence(code):
    """The sentence for an error code; empty for no code."""
    return SENTENCES.get(code, UNKNOWN) if code else ""


def because(code):
    """Why a call is repeated, to stand after a colon."""
    return BECAUSE.get(code, UNREACHED)


WORDS = {
    "auto": _("Auto"),
    "low": _("Low"),
    "medium": _("Medium"),
    "high": _("High"),
    "standard": _("Standard"),
    "hd": _("HD"),
    "png": "PNG",
    "jpeg": "JPEG",
    "webp": "WebP",
    "transparent": _("Transparent"),
    "opaque": _("Opaque"),
}

UNSAID = ("auto", True, False, None)  # left to the model, or not a choice of how the picture looks


def settings(options):
    """Options as a person reads them, in their order: ["High", "1024 × 1536", "PNG"]."""
    shown = [value for name, value in options.items() if name != "partial_images" and value not in UNSAID]
    return [WORDS.get(value, str(value).replace("x", " × ")) for value in shown]


# --- usage that is odd -----------------------------------------------------------------------------------------------

ODDITIES = {
    "missing": _("The answer did not say which tokens it used."),
    "not_a_number": _("A number of tokens was told as something that is no whole number; it counts as unknown."),
    "negative": _("A number of tokens was negative; it counts as unknown."),
    "absurd": _("A number of tokens was too large to be true; it counts as unknown."),
    "sum": _("The totals do not add up. Each kind was taken as it was told."),
}


# --- what stopping and asking again does to money ------------------------------------------------------------------


def dollars(usd):
    """A sum that was paid, to the cent and as exactly as it is known below: $1.20, $0.0504."""
    cents, _point, rest = f"{usd:.4f}".partition(".")
    return f"${cents}.{rest[:2]}{rest[2:].rstrip('0')}"


def about(usd):
    """A sum that is only expected."""
    return f"${usd:.2f}" if round(usd, 2) >= 0.1 else f"${usd:.3f}"


def took(seconds):
    """A time, as short as it is still exact enough; nothing where there is none."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return gettext("%s min") % f"{minutes}:{rest:02}"
    return gettext("%s h") % f"{minutes // 60}:{minutes % 60:02}"


def money(usd):
    """An amount of a budget: whole dollars without cents, less than ten cents to the tenth of one."""
    if usd == int(usd):
        return f"${usd:,.0f}"
    return f"${usd:,.2f}" if usd >= 0.1 else f"${usd:.3f}"


def cancelled(*, was_sent, out, answered, usd, lost):
    """What a cancelled generation came to, by its calls: out still, answered for so many dollars, never answered."""
    parts = [gettext("Cancelled.")]
    if answered:
        parts.append(_arrived(answered, usd))
    if lost:
        parts.append(
            ngettext(
                "%(n)d call got no answer and may have been billed.",
                "%(n)d calls got no answer and may have been billed.",
                lost,
            )
            % {"n": lost}
        )
    if out:
        parts.append(
            ngettext(
                "%(n)d call was out and may be billed; what still arrives is kept.",
                "%(n)d calls were out and may be billed; what still arrives is kept.",
                out,
            )
            % {"n": out}
        )
    if len(parts) == 1:
        parts.append(gettext("Nothing was charged.") if was_sent else gettext("Nothing was sent."))
    return " ".join(parts)


def _arrived(answered, usd):
    if usd is None:
        words = ngettext(
            "%(n)d answer arrived; what it cost is unknown.",
            "%(n)d answers arrived; what they cost is not fully known.",
            answered,
        )
        return words % {"n": answered}
    words = ngettext("%(n)d answer arrived and cost %(usd)s.", "%(n)d answers arrived and cost %(usd)s.", answered)
    return words % {"n": answered, "usd": dollars(usd)}
