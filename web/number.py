"""Whole numbers as people and programs write them. It knows no field.

Contract: what Python takes for digits beyond 0 to 9, and what no database column holds, is no number here.
"""

from typing import Annotated

from pydantic import Field

LARGEST = 2**53
Whole = Annotated[int, Field(ge=0, le=LARGEST)]


def whole(text: str) -> int | None:
    """Return the number that a text writes in plain digits, None where it writes none or too large a one.

    >>> whole(" 17 "), whole("²"), whole("-1"), whole("9" * 99), whole("")
    (17, None, None, None, None)
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        return None
    return number if (number := int(digits)) <= LARGEST else None


__all__ = ["LARGEST", "Whole", "whole"]
