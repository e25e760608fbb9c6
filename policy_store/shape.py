"""The shape of a pack file: does the data fit its model? Not whether its references lead anywhere.

The models say what is allowed; this says it in an author's words, with the place, and for every error at once.
"""

import re
import types
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from policy_store.fault import Fault, nearest, suggest
from policy_store.source import Source, Steps

T = TypeVar("T")

_ADVICE = {
    "id": "give it an id; ids are permanent, decisions cite them",
    "statement": "say in one sentence what violates: `statement: Threatens a person with harm.`",
    "includes": "add at least one clause: `- {id: <RULE>.a, text: '…'}`",
    "examples": "add `examples:` with at least one text under `violating:` and one under `allowed:`",
    "violating": "add a text that breaks the rule: `- {id: <RULE>.v1, text: '…', severity: 60}`",
    "allowed": "add a near text that does not break the rule: `- {id: <RULE>.n1, text: '…'}`",
    "band": "add the severity range: `band: {low: 40, high: 80}`",
    "maps": "add `maps:` with at least `dsa: {category: …}`",
    "dsa": "add `dsa: {category: STATEMENT_CATEGORY_…}`",
    "expect": "say what must come out: `expect: {outcome: act}`",
    "levels": "five anchor texts, for level 0 to level 4",
}
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of fields",
}
_KIND_HINTS = {
    "bool_type": "write true or false, without quotes",
    "bool_parsing": "write true or false, without quotes",
    "tuple_type": "write `[a, b]`, or one entry a line, each after '- '",
    "dict_type": "write `{name: value}`, or one `name: value` a line",
    "model_type": "write `{field: value}`, or one `field: value` a line",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def fit(kind: type[T], source: Source) -> tuple[T | None, tuple[Fault, ...]]:
    """Return the file's data as `kind`, or None and every fault of its shape."""
    try:
        return TypeAdapter(kind).validate_python(source.data), ()
    except ValidationError as error:
        faults = (_fault(kind, source, detail) for detail in error.errors(include_url=False))
        return None, tuple(fault for fault in faults if fault is not None)


def attempt(model: type[T], data: object) -> T | None:
    """Return data as a model, None where it does not fit: for the sound entries of a file with faults."""
    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError:
        return None


def _fault(kind: Any, source: Source, detail: ErrorDetails) -> Fault | None:
    steps, error, limits, value = detail["loc"], detail["type"], detail.get("ctx", {}), detail["input"]
    if steps and isinstance(steps[-1], int) and isinstance(source.value(steps[:-1]), str):
        steps = steps[:-1]  # one text was taken for a list of one
    field = next((step for step in reversed(steps) if isinstance(step, str)), "file")
    if error == "invalid_key" or field == "[key]":
        return None  # the source reports keys that are no text
    if error == "too_short" and isinstance(value, list) and len(value) >= int(limits["min_length"]):
        return None  # there are enough entries; the faulty ones are reported themselves
    if error == "extra_forbidden":
        fields = _fields(kind, steps[:-1])
        hint = suggest(field, fields, "fields")
        if value is None and (" " in field or nearest(field, fields) is None):
            hint = "between { and } a comma ends a text: put the whole text in quotes"
        return source.fault(steps, f"unknown field {field!r}", hint, "key")
    if error == "missing":
        missing = repr(field) if steps[-1] == field else f"entry {int(steps[-1]) + 1}"
        return source.fault(steps, f"{source.where(steps[:-1]) or 'the file'} has no {missing}", _advice(field))
    entry = bool(steps) and steps[-1] != field
    name = f"entry {int(steps[-1]) + 1} of {field!r}" if entry else repr(field)
    if value is None and error != "value_error":
        return source.fault(steps, f"{name} has no value", _advice(field), "key")
    problem, hint = _words(error, field, name, value, limits, detail["msg"])
    return source.fault(steps, problem, hint)


def _words(error: str, field: str, name: str, value: object, limits: dict[str, Any], message: str) -> tuple[str, str]:
    """Return problem and hint; `name` is the field, or which entry of it."""
    if error == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(limits["expected"]))
        return f"{value!r} is not a value of {field!r}", suggest(str(value), allowed, "values")
    if error in _KINDS:
        hint = _KIND_HINTS.get(error, "write a number, without quotes")
        if error == "string_type":
            hint = f'put it in quotes: "{value}"' if isinstance(value, int | float) else "write one text"
        return f"{name} must be {_KINDS[error]}, not {_called(value)}", hint
    if error in _LIMITS:
        words, key = _LIMITS[error]
        return f"{name} must be {words} {limits[key]:g}, not {value!r}", "choose a number inside the range"
    if error in ("too_short", "too_long"):
        bound = f"{limits['min_length']} at least" if error == "too_short" else f"{limits['max_length']} at most"
        hint = _advice(field) if error == "too_short" else "take the surplus out"
        return f"{name} holds {limits['actual_length']}; {bound}", hint
    if error == "string_too_short":
        return f"{name} is shorter than {limits['min_length']} characters: {value!r}", "write it out"
    if error == "string_pattern_mismatch":
        return f"{value!r} is not a valid {field}", _pattern_hint(str(limits["pattern"]), str(value))
    said = message.removeprefix("Value error, ")
    problem, _, hint = said.rpartition("; ")
    return (problem, hint) if problem else (said, _advice(field))


def _pattern_hint(pattern: str, value: str) -> str:
    first = "a capital letter" if pattern.startswith("^[A-Z]") else "a small letter"
    more = "capital letters, digits and dashes" if "a-z" not in pattern else "letters, digits, dots and dashes"
    if pattern.startswith("^[a-z]"):
        more = "small letters, digits and dashes"
    try_it = value.upper() if pattern.startswith("^[A-Z]") and "." not in value else ""
    fits = try_it and try_it != value and re.match(pattern, try_it)
    return f"start with {first}, then {more}" + (f", as {try_it!r}" if fits else "")


def _called(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def _advice(field: str) -> str:
    return _ADVICE.get(field, f"add `{field}: …`")


def _fields(kind: Any, steps: Steps) -> tuple[str, ...]:
    """Return the field names of the model that steps lead to in a type."""
    for step in steps:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(step)].annotation
        else:
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
    kind = _bare(kind)
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _bare(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        return next(arg for arg in get_args(kind) if arg is not type(None))
    return kind
