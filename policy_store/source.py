"""A YAML file of a pack: its data, and where each value stands. Not what the values mean.

A repeated key, a circular anchor, an odd character and a wrong encoding are faults here. A file that could not be read
into data has `broken` set and no data; nothing can be said about what it would have defined.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml

from policy_store.fault import Fault
from policy_store.syntax import MERGE, TEXT, Unreadable, compose, construct

Steps = tuple[str | int, ...]
MOST_VALUES = 500_000

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_HASHTAG = re.compile(r"\s+#[^\s#]")
_ODD = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Source:
    """One file: `data` as plain Python values, `faults` of its YAML, and the nodes that know the lines."""

    file: str
    text: str = ""
    data: object = None
    root: yaml.Node | None = None
    faults: tuple[Fault, ...] = ()
    broken: bool = False

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Return the lines as YAML counts them."""
        return tuple(_BREAK.split(self.text))

    def fault(self, steps: Steps, problem: str, hint: str, at: Literal["value", "key"] = "value") -> Fault:
        """Return a fault at the value (or its key) that `steps` lead to; the nearest one above it if there is none."""
        line, column = self.position(steps, at)
        value = steps[-1] if at == "key" and steps else self.value(steps)
        return self.fault_at(line, column, problem, hint, value, self.where(steps))

    def fault_at(self, line: int, column: int, problem: str, hint: str, value: object = None, where: str = "") -> Fault:
        """Return a fault at a line and column, both counted from 1."""
        source = _ODD.sub("\ufffd", self.lines[line - 1]) if 0 < line <= len(self.lines) else ""
        return Fault(
            file=self.file, line=line, column=column, where=where, value=_short(value),
            problem=problem, hint=hint, source=source,
        )  # fmt: skip

    def position(self, steps: Steps, at: Literal["value", "key"] = "value") -> tuple[int, int]:
        """Return line and column, counted from 1, of what `steps` lead to."""
        if self.root is None:
            return 1, 1
        node = key = self.root
        for step in steps:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
        else:
            node = key if at == "key" else node
        return _position(node)

    def value(self, steps: Steps) -> object:
        """Return the value that `steps` lead to, None where they lead nowhere."""
        value = self.data
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def where(self, steps: Steps) -> str:
        """Return the steps for people; an entry of a list goes by its id where it has one."""
        names = []
        for i, step in enumerate(steps):
            entry = self.value(steps[: i + 1])
            own = entry.get("id") if isinstance(step, int) and isinstance(entry, dict) else None
            names.append(own if isinstance(own, str) else f"[{step}]" if isinstance(step, int) else step)
        return " > ".join(names)


def read_source(path: Path) -> Source:
    """Read one YAML file; what is wrong with it stands in `faults`. Raise OSError when the disk fails."""
    file, raw = shown(path), path.read_bytes()
    try:
        source = Source(file=file, text=raw.decode("utf-8-sig"), broken=True)
    except UnicodeDecodeError as error:
        return _undecodable(file, raw, error.start)
    odd = tuple(_odd_character(source, found) for found in _ODD.finditer(source.text))
    if odd:
        return Source(file=file, text=source.text, faults=odd, broken=True)
    try:
        root = compose(source.text)
        tree = _Tree(source)
        if root is not None:
            tree.walk(root)
        faults, broken = tree.verdict()
        data = construct(root) if root is not None and not broken else None
    except Unreadable as error:
        faults, broken = (source.fault_at(error.line, error.column, error.problem, error.hint),), True
        root = data = None
    return Source(file=file, text=source.text, data=data, root=root, faults=faults, broken=broken)


def shown(path: Path) -> str:
    """Return a path as messages show it: relative to the working folder when it lies inside."""
    full, here = path.resolve(), Path.cwd().resolve()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)


class _Tree:
    """Walk a node tree once: collect faults of keys and anchors, and count values as if anchors were written out."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self.sizes: dict[int, int] = {}
        self.open: set[int] = set()
        self.sound = True

    def walk(self, node: yaml.Node) -> int:
        """Return how many values a node comes to."""
        if isinstance(node, yaml.ScalarNode):
            self.cut(node)
            return 1
        if id(node) in self.open:
            self.sound = False
            self.say(node, None, "an anchor holds itself", "write the value out instead of `*name`")
            return 1
        if id(node) not in self.sizes:
            self.open.add(id(node))
            children = node.value
            if isinstance(node, yaml.MappingNode):
                self.keys(node)
                children = [value for _, value in node.value]
            self.sizes[id(node)] = 1 + sum(self.walk(child) for child in children)
            self.open.discard(id(node))
        return self.sizes[id(node)]

    def cut(self, node: yaml.ScalarNode) -> None:
        """Refuse a plain text that a hashtag ends: what follows ` #` is a comment and would be lost in silence."""
        if not node.style and "#" in (line := self.source.lines[node.end_mark.line]):
            rest = line[node.end_mark.column :]
            if _HASHTAG.match(rest):
                hint = "put the text in quotes; if this is a comment, write '# ' with a blank"
                self.say(node, node.value, f"the text ends here, before {rest.strip()[:20]!r}", hint)

    def keys(self, node: yaml.MappingNode) -> None:
        """Check that the keys of a mapping are texts and that none comes twice."""
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (TEXT, MERGE):
                scalar = isinstance(key, yaml.ScalarNode)
                self.sound = self.sound and scalar
                value = key.value if scalar else None
                hint = "put the name in quotes, or check the indentation"
                self.say(key, value, "a field name must be plain text", hint)
            elif key.value in first:
                problem = f"field {key.value!r} is given twice; the first is on line {first[key.value]}"
                hint = "keep one of the two, or start a new entry with '- ' before the second"
                self.say(key, key.value, problem, hint)
            else:
                first[key.value] = _position(key)[0]

    def say(self, node: yaml.Node, value: object, problem: str, hint: str) -> None:
        """Note a fault at a node."""
        self.faults.append(self.source.fault_at(*_position(node), problem, hint, value))

    def verdict(self) -> tuple[tuple[Fault, ...], bool]:
        """Return the faults, and whether the tree is unfit to be turned into data."""
        most = max(self.sizes.values(), default=0)
        if most > MOST_VALUES:
            self.sound = False
            problem = f"the file comes to {most} values; {MOST_VALUES} are the most"
            self.faults.append(self.source.fault_at(1, 1, problem, "write values out instead of `*name`", most))
        return tuple(self.faults), not self.sound


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key node and the value node of one step; an entry of a list is its own key."""
    if isinstance(node, yaml.MappingNode):
        # of a repeated key the last one gave the value
        return next(((k, v) for k, v in reversed(node.value) if k.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _odd_character(source: Source, found: re.Match[str]) -> Fault:
    name = "a NUL byte" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
    at = _line_and_column(source.text[: found.start()])
    return source.fault_at(*at, f"the file holds {name}", "delete it; a pack is plain text", found[0])


def _undecodable(file: str, raw: bytes, start: int) -> Source:
    source = Source(file=file, text=raw.decode("utf-8", errors="replace"))
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    seen = "it looks like UTF-16" if wide else f"byte 0x{raw[start]:02x}"
    at = _line_and_column(raw[:start].decode("utf-8", errors="replace"))
    fault = source.fault_at(*at, f"the file is not UTF-8 ({seen})", "save the file as UTF-8", raw[start : start + 1])
    return Source(file=file, text=source.text, faults=(fault,), broken=True)


def _line_and_column(before: str) -> tuple[int, int]:
    lines = _BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


def _short(value: object) -> str:
    text = "" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
