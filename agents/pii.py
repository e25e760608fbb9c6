"""Personal data in free text: found by shape, and masked. Names of people have no shape and are never found.

A lint, not a guarantee: it would sooner mask a harmless number than let a telephone number pass. Offsets count Unicode
code points; a mask holds nothing that would be found again.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

from cases.model import Fact

Kind = Literal["email", "handle", "iban", "card", "ip", "phone", "address"]
MASKS: dict[Kind, str] = {
    "email": "[e-mail address]", "handle": "[handle]", "iban": "[IBAN]", "card": "[card number]",
    "ip": "[IP address]", "phone": "[phone number]", "address": "[street address]",
}  # fmt: skip
MAX_PASSES = 8

_AT = r"(?:@|\s?[(\[{]\s?at\s?[)\]}]\s?)"
_DOT = r"(?:\.|\s?[(\[{]\s?dot\s?[)\]}]\s?)"
_EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}{_AT}(?:[\w-]{{1,63}}{_DOT}){{1,6}}[^\W\d_]{{2,24}}", re.IGNORECASE)
_HANDLE = re.compile(
    r"(?<![\w@/.])@(?!(?:everyone|here|all|channel)\b)\w(?:[\w.-]{0,62}\w)?(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6})?",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,40}", re.IGNORECASE)
_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29"
        " ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20"
        " LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29"
        " PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
        " YE30"
    ).split()
}
_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_IPV4 = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9])")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-F]{0,4}:){2,7}(?:[0-9A-F]{0,4}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?![\w:])", re.IGNORECASE
)
_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{4}([-./])[01]?[0-9]\1[0-3]?[0-9]|[0-3]?[0-9]([-./])[01]?[0-9]\2(?:[0-9]{4}|[0-9]{2}))(?![0-9])"
)
_NUMBER = re.compile(r"(?<![\w.,])(?:\+|\()?[0-9](?:[ \u00a0]?[-./()]?[ \u00a0]?[0-9]){6,16}(?![0-9])")
_GROUPED = re.compile(r"(?:\([0-9]{3}\)|[0-9]{3})[ .\-/]+[0-9]{3}[ .\-/]+[0-9]{4}")
_CALLED = re.compile(
    r"\b(?:tel|phone|mobile|cell|call|ring|text|sms|whatsapp|signal|fax|number|no)\b[^0-9+(]{0,12}$", re.IGNORECASE
)

_KIND_OF_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|row|way|court|ct|place|pl|square|sq|boulevard|blvd|close|crescent"
    r"|terrace|gardens?|mews|hill|park|parade|highway|hwy|quay|grove|walk)"
)
_SURE_STREET = r"(?:street|avenue|lane|road|boulevard|rd|blvd|ave)"
_COMMON = r"(?:of|the|on|in|to|a|an|my|your|his|her|our|their|and|or|for|is|are|by|at|down|per|people|times|more)"
_STREETS = [
    rf"(?<![\w.,])[0-9]{{1,5}}[A-Za-z]?,? (?:[A-Z][\w'’.-]{{0,30}} ){{1,4}}(?i:{_KIND_OF_STREET})\b\.?",
    rf"(?<![\w.,])[0-9]{{1,5}}[a-z]? (?:(?!(?i:{_COMMON})\b)[A-Za-z][\w'’-]{{1,30}} ){{1,2}}(?i:{_SURE_STREET})\b",
    r"(?<!\w)[^\W\d_][\w-]{1,40}"
    r"(?i:straße|strasse|str\.|weg|gasse|platz|allee|damm|ufer|straat|laan|gade|vej|gatan|vägen) [0-9]{1,4} ?[a-z]?\b",
    r"(?<!\w)(?:[0-9]{1,4},? )(?i:rue|boulevard|avenue|chemin|quai|allée)"
    r" (?:[\w'’.-]{1,30} ){0,4}[A-ZÀ-Þ][\w'’.-]{1,30}",
    r"(?<!\w)(?:Rue|Via|Viale|Piazza|Calle|Plaza|Avenida|Rua|ul\.|Ulica)"
    r" (?:[\w'’.-]{1,30} ){0,3}[A-ZÀ-Þ][\w'’.-]{1,30},? [0-9]{1,4}\b",
    r"(?i:\bp\.? ?o\.? box [0-9]{1,6}\b)",
    r"(?<![\w-])[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}(?![\w-])",
]
_ADDRESS = re.compile("|".join(f"(?:{s})" for s in _STREETS))


class Found(Fact):
    """One piece of personal data: `text[start:end] == quote`."""

    kind: Kind
    start: int
    end: int
    quote: str


def pii(text: str) -> tuple[Found, ...]:
    """Return the personal data in a text, in reading order, none inside another.

    >>> [(f.kind, f.quote) for f in pii("Write to ann@mail.example or +49 30 1234567")]
    [('email', 'ann@mail.example'), ('phone', '+49 30 1234567')]
    """
    taken: list[Found] = []
    plain = _plain(text)
    for kind, find in FINDERS.items():
        for start, end in find(plain):
            if not any(start < f.end and f.start < end for f in taken):
                taken.append(Found(kind=kind, start=start, end=end, quote=text[start:end]))
    return tuple(sorted(taken, key=lambda f: f.start))


def mask_pii(text: str) -> str:
    """Return the text with personal data replaced by what kind it was; nothing is found in what comes back.

    >>> mask_pii("I am at 14 Linden Row")
    'I am at [street address]'
    """
    # A mask puts a new border beside its neighbours, which may then have the shape of something themselves.
    for _ in range(MAX_PASSES):
        found = pii(text)
        if not found:
            break
        for one in reversed(found):
            text = text[: one.start] + MASKS[one.kind] + text[one.end :]
    return text


def _plain(text: str) -> str:
    """Return the text with wide and foreign digits, signs and letters as their plain ones; offsets stay as they are."""
    return text if text.isascii() else "".join(_one(ch) for ch in text)


def _one(ch: str) -> str:
    if ch.isdecimal():
        return str(unicodedata.decimal(ch))
    form = unicodedata.normalize("NFKC", ch)
    return form if len(form) == 1 else ch


def _spans(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    return lambda text: (m.span() for m in pattern.finditer(text))


def _emails(text: str) -> Iterator[tuple[int, int]]:
    for found in _EMAIL.finditer(text):
        # In "@ann@host.example" the whole is a handle.
        if not text[: found.start()].endswith("@"):
            yield found.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found.group()[:2].upper(), 0)
        places = [i for i, ch in enumerate(found.group()) if ch.isalnum()]
        if not length or len(places) < length:
            continue
        end = places[length - 1] + 1
        compact = "".join(ch for ch in found.group()[:end].upper() if ch.isalnum())
        if int("".join(str(int(ch, 36)) for ch in compact[4:] + compact[:4])) % 97 == 1:
            yield found.start(), found.start() + end


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for found in _DIGITS.finditer(text):
        if luhn([int(ch) for ch in found.group() if ch.isdigit()]):
            yield found.span()


def luhn(digits: list[int]) -> bool:
    """Return whether the last digit checks the others (ISO/IEC 7812-1, annex B).

    >>> luhn([4, 5, 3, 9, 1, 4, 8, 8, 0, 3, 4, 3, 6, 4, 6, 7])
    True
    """
    doubled = [d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits))]
    return any(digits) and sum(doubled) % 10 == 0


def _ips(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_IPV4, _IPV6):
        for found in pattern.finditer(text):
            try:
                ipaddress.ip_address(found.group())
            except ValueError:
                continue
            if any(ch.isalnum() for ch in found.group()):
                yield found.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    dates = [m.span() for m in _DATE.finditer(text)]
    for found in _NUMBER.finditer(text):
        digits = sum(ch.isdigit() for ch in found.group())
        if digits > 15 or any(a < found.end() and found.start() < b for a, b in dates):
            continue
        written = found.group().startswith(("+", "00", "(0")) or _GROUPED.fullmatch(found.group())
        national = found.group().startswith("0") and digits >= 8
        if written or national or _CALLED.search(text[max(0, found.start() - 24) : found.start()]):
            yield found.span()


FINDERS: dict[Kind, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _emails, "handle": _spans(_HANDLE), "iban": _ibans, "card": _cards,
    "ip": _ips, "phone": _phones, "address": _spans(_ADDRESS),
}  # fmt: skip
