"""The YAML that packs are written in. Not what a pack says.

Read as YAML 1.2: only `true` and `false` are booleans (so the field `off` and the word `no` stay text), dates stay
text, numbers are decimal. A block text (`|`, `>`) loses its last line break, so that it equals its quoted form.
Tags that build objects are refused, and so is a nesting that would overflow the composer's stack.
"""

import re

import yaml

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml: the same result, ten times slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"
DEEPEST = 60

_HINTS = (
    ("mapping values are not allowed", "put a text that contains ': ' in quotes, or check the indentation"),
    ("cannot start any token", "indent with blanks, not tabs; put a text that starts with @, ` or % in quotes"),
    ("unexpected end of stream", "the quote that opens here is not closed"),
    ("undefined alias", "define it before it is used: `&name` first, then `*name`"),
    ("expected a single document", "keep one document a file: take out the '---' line"),
    ("expected ',' or", "close the bracket or brace, and put a text that contains a comma or a bracket in quotes"),
    ("expected key", "check the indentation; a quote inside a quoted text must be doubled ('') or escaped (\\\")"),
    ("constructor for the tag", "take out the tag that starts with '!'; a pack holds plain values only"),
    ("escape character", "double the backslash, or use single quotes"),
)


class Unreadable(ValueError):
    """Raised for text that is not YAML; `line` and `column` count from 1."""

    def __init__(self, mark: object, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.line: int = getattr(mark, "line", 0) + 1
        self.column: int = getattr(mark, "column", 0) + 1
        self.problem = problem
        self.hint = hint


class _Loader(_Base):
    """A safe loader with the plain values of YAML 1.2."""

    yaml_implicit_resolvers = {}


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    value = str(loader.construct_scalar(node))
    return value.rstrip("\n") if node.style in ("|", ">") else value


for _name, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$", "-+0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first))
_Loader.add_constructor(TEXT, _text)


def compose(text: str) -> yaml.Node | None:
    """Return the node tree of one document, None for an empty one; raise Unreadable."""
    loader = _Loader(text)
    try:
        _refuse_depth(text)
        node: yaml.Node | None = loader.get_single_node()
        return node
    except yaml.YAMLError as error:
        raise _unreadable(text, error) from error
    finally:
        loader.dispose()


def construct(node: yaml.Node) -> object:
    """Return the plain values of a tree that holds no circle; raise Unreadable."""
    loader = _Loader("")
    try:
        value: object = loader.construct_document(node)
        return value
    except yaml.YAMLError as error:
        raise _unreadable("", error) from error
    finally:
        loader.dispose()


def _refuse_depth(text: str) -> None:
    # libyaml's composer recurses in C: a few thousand open brackets end the process
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                problem = f"values nest more than {DEEPEST} deep"
                raise Unreadable(event.start_mark, problem, "check for brackets that are never closed")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _unreadable(text: str, error: yaml.YAMLError) -> Unreadable:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Unreadable(None, f"this is not YAML: {error}", "check the file")
    said = ", ".join(part for part in (error.problem, error.context) if part)
    hint = next((hint for part, hint in _HINTS if part in said), "check quotes, brackets and indentation near here")
    mark, start = error.problem_mark, error.context_mark
    at_end = mark is not None and mark.line >= text.rstrip().count("\n") + 1
    problem = f"this is not YAML: {error.problem or error.context}"
    if error.problem and error.problem.startswith("but "):
        problem = f"this is not YAML: {error.context}, {error.problem}"
    elif start is not None and mark is not None and (start.line, start.column) != (mark.line, mark.column):
        # what was begun is what needs closing; the end of the file shows nothing
        span = f"up to line {mark.line + 1}" if at_end else f"begun on line {start.line + 1}"
        problem += f" ({error.context}, {span})"
    return Unreadable(start if at_end and start is not None else mark or start, problem, hint)
