"""Who published a case: an id of the platform's own, which means nothing here. Never part of a case.

Contract: a case does not hold it, so that no model, prompt, digest or explanation can; it lies in web/store/authors.py,
where it can be forgotten.
"""

LONGEST = 128
FIX = "give the id of the account as the platform keeps it, not a name"


def fault(author: str) -> str | None:
    """Return what is wrong with an id of an author, with the fix; None where nothing is.

    >>> fault("u-81"), fault("")
    (None, 'it is blank; leave it out where nobody is known')
    """
    if not author.strip():
        return "it is blank; leave it out where nobody is known"
    if len(author) > LONGEST:
        return f"it has {len(author):,} characters, {LONGEST} at most; {FIX}"
    if author != author.strip():
        return "it begins or ends with a blank; take that away"
    for at, ch in enumerate(author):
        if not ch.isprintable():
            return f"it holds a character that cannot be seen (U+{ord(ch):04X}) at offset {at}; {FIX}"
        if ch == '"':
            return f"it holds a quotation mark at offset {at}, by which it could not be searched for; {FIX}"
    return None


__all__ = ["LONGEST", "fault"]
