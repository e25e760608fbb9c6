"""The version that an If-Match header names. It compares nothing: the acts do."""

from web.problem import Problem


def matched(if_match: str | None, what: str) -> int:
    """Return the version in a header; raise Problem 428 where there is none, 412 where it is no ETag of ours."""
    if if_match is None:
        raise Problem(428, f"Send the ETag of the {what} as If-Match, so that nobody's work is overwritten.",
                      param="If-Match", code="version_required")  # fmt: skip
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not tag.isascii() or not tag.isdigit() or len(tag) > 15:
        raise Problem(412, f"If-Match {if_match!r} is no ETag of this {what}; read it again.", param="If-Match",
                      code="stale_version")  # fmt: skip
    return int(tag)
