"""Words that can be counted: time, place, means, contact and the like. Marks for grading, never a verdict."""

import re


def _any(*shapes: str) -> re.Pattern[str]:
    return re.compile("|".join(shapes), re.IGNORECASE)


def _word(*words: str) -> str:
    return rf"\b(?:{'|'.join(words)})\b"


def quoted(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the first words that a pattern finds, None where it finds nothing."""
    found = pattern.search(text)
    return found.group().strip() if found else None


TIME = _any(
    _word("tonight", "today", "tomorrow", "now", r"this (?:morning|evening|afternoon|week(?:end)?)"),
    _word(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day", r"\d{1,2}(?::\d{2}|\s?[ap]m)", r"at (?:noon|midnight|dawn)"),
    _word(r"before (?:midnight|noon)", "next week", r"within \d+"),
)
PLACE = _any(
    r"\b(?:your|his|her|their|the) (?:house|home|street|school|office|bus|car|door|building|church|mosque|synagogue"
    r"|station|gate|window)\b",
    _word(r"where (?:you|he|she|they) (?:live|work|sleep|park)s?"),
    r"\b\d+ [A-Z]\w+ (?:street|st|road|rd|avenue|lane)\b",
)
MEANS = _any(
    r"\b(?:gun|knife|bomb|acid|petrol|gasoline|rope|pill|rifle|weapon|hammer|match|fire|bat|blade|poison)(?:e?s)?\b",
    r"\bexplosiv\w+",
)
HEDGE = _any(
    _word("lol", "lmao", "jk", r"haha\w*", "just kidding", "maybe", "might", "wish", "dream", "hypothetically"),
    "😂|🤣",
)
YOUNG = _any(
    _word("kids?", r"child(?:ren)?", r"teen\w*", "toddlers?", "pupils?", "students?", "girls?", "boys?", "minors?"),
    _word(r"under ?1\d", r"1[0-7][- ]year[- ]old", "baby", "babies"),
)
FRAIL = _any(
    _word("elderly", r"pension\w*", r"grandm\w+", r"grandp\w+", r"disab\w+", "patients?", "refugees?", "asylum"),
    _word("homeless", r"widow\w*", r"depress\w+", "suicidal", r"pregnan\w+", "victims?"),
)
PERSON = _any(r"@\w+", _word("you", "your", "you're", "u", "ur"))
CONTACT = _any(
    r"https?://|www\.|\b[\w-]+\.(?:com|net|org|example|io|ru|shop|info|xyz|link|me)\b",
    r"\b(?:dm|pm|whatsapp|telegram|signal|inbox|text|message|call) (?:me|us)\b",
    r"link in (?:my )?bio|\+?\d[\d\s-]{7,}",
)
ASKS = _any(
    _word(r"how (?:do|can|to|would)", "step[- ]by[- ]step", "walk me through", "instructions?", "recipe", "give me"),
    _word("tell me", "show me", r"which .{0,30} best", "guide", "tutorial"),
)
CALL = _any(
    _word("join", "let's", "everyone", "share", "spread", "sign up", "buy", "order", "click", "tap", "enter", "send"),
    _word("come", "bring", r"report (?:him|her|them|this)", "go and", "do it"),
)
SPREAD = _any(
    r"#\w+",
    _word("share", "repost", "retweet", r"spread (?:this|the)", r"tag (?:a|your)", "forward this", "viral"),
    _word(r"pass (?:it|this) on"),
)
