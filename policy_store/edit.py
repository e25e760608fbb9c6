"""Small edits of a YAML file of a pack that leave every other character alone: comments, order and layout stay.

Contract: an edit changes one value or adds one entry; the result is read again before it is given back, and an edit
that did not do what was asked raises EditError with nothing changed.
"""

import json
import tempfile
from pathlib import Path

import yaml

from policy_store.source import Source, Steps, read_source

Plain = str | int | bool | list[str] | dict[str, "str | int"]


class EditError(ValueError):
    """An edit that cannot be made in this file; says what and where."""


def change(text: str, steps: Steps, value: Plain) -> str:
    """Return the text with one value replaced, added to its mapping where it is not there."""
    source = _read(text)
    node = _node(source, steps)
    if node is None:
        parent = _node(source, steps[:-1])
        if not isinstance(parent, yaml.MappingNode) or parent.flow_style or not parent.value:
            raise EditError(f"{source.where(steps)}: there is nothing to change; write it in the text")
        key = parent.value[-1][0].start_mark
        at = _end(text, parent.value[-1][1])
        made = f"{text[:at]}\n{' ' * key.column}{steps[-1]}: {_written(value)}{text[at:]}"
    else:
        at, end = node.start_mark.index, _end(text, node)
        tail = text[end:] if text[end : end + 1] in ("\n", "") or not _block(node) else f"\n{text[end:]}"
        made = f"{text[:at]}{_written(value)}{tail}"
    return _sure(made, steps, value)


def append(text: str, steps: Steps, value: Plain) -> str:
    """Return the text with an entry added at the end of the list that steps lead to; in the style of the list."""
    source = _read(text)
    node = _node(source, steps)
    if node is None or (isinstance(node, yaml.SequenceNode) and not node.value):
        raise EditError(f"{source.where(steps)} holds no entry yet; write the first one in the text")
    if not isinstance(node, yaml.SequenceNode):
        raise EditError(f"{source.where(steps)} is no list")
    last = node.value[-1]
    if node.flow_style:
        at = _end(text, last)
        made = f"{text[:at]}, {_written(value)}{text[at:]}"
    else:
        at = _end(text, last)
        made = f"{text[:at]}\n{' ' * node.start_mark.column}- {_written(value)}{text[at:]}"
    return _sure(made, (*steps, len(node.value)), value)


def place(text: str, steps: Steps) -> int:
    """Return the line, counted from 1, of what steps lead to."""
    return _read(text).position(steps)[0]


def _read(text: str) -> Source:
    with tempfile.TemporaryDirectory(prefix="precept-") as folder:
        path = Path(folder) / "text.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        source = read_source(path)
    if source.broken or source.root is None:
        raise EditError("the text is not YAML that can be read; mend the fault first")
    return source


def _node(source: Source, steps: Steps) -> yaml.Node | None:
    node = source.root
    for step in steps:
        if isinstance(node, yaml.MappingNode) and isinstance(step, str):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node


def _end(text: str, node: yaml.Node) -> int:
    """Return where a node's own text ends; what YAML counts to it of blanks and comments behind is not its own."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    while end > node.start_mark.index and text[end - 1] in " \t\r\n":
        end -= 1
    return end


def _block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def _written(value: Plain) -> str:
    # JSON is YAML; in double quotes no text can mean anything else.
    return json.dumps(value, ensure_ascii=False)


def _sure(made: str, steps: Steps, value: Plain) -> str:
    if _read(made).value(steps) != value:
        raise EditError("this place of the file cannot be edited by the form; change it in the text")
    return made
