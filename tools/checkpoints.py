"""Opens the file that keeps paused cases: LangGraph checkpoints in SQLite. Not the record; that is the ledger.

Contract: values come back from the file only as types on an allow-list (LangGraph's own safe ones, every value type
of `cases`, and those given in `allowed`). Any other type comes back as its bare fields with a warning, so a graph
whose state holds types of its own names them. One saver serves several threads; it has no async methods.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from tools.sqlite import connect, explain

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver


class CheckpointError(RuntimeError):
    """Say why the file of paused cases cannot be opened, and the fix."""


@contextmanager
def open_checkpointer(path: str | Path, *, allowed: Sequence[type] = ()) -> Iterator["SqliteSaver"]:
    """Open (or create, with its folder) the checkpoints at `path` for the length of a `with` block.

    WAL, 30 s of patience with another process. Raise CheckpointError when the file cannot be opened or is damaged.
    """
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    place = Path(path)
    what = f"checkpoints {str(place)!r}: cannot open them"
    # An explicit list makes the serializer strict whether or not LANGGRAPH_STRICT_MSGPACK is set.
    serde = JsonPlusSerializer(allowed_msgpack_modules=(*_fact_types(), *allowed))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # The saver writes each step and its values in one implicit transaction of the sqlite3 module.
        db = connect(place, autocommit=False)
    except sqlite3.Error as error:
        raise CheckpointError(f"{explain(error, what)}; paused cases stand in the ledger as pending") from error
    except OSError as error:
        raise CheckpointError(f"{what}: {error}; choose another path") from error
    with closing(db):
        saver = SqliteSaver(db, serde=serde)
        try:
            saver.setup()
        except sqlite3.Error as error:
            raise CheckpointError(f"{explain(error, what)}; paused cases stand in the ledger as pending") from error
        yield saver


def _fact_types() -> list[type]:
    import cases
    from cases.model import Fact

    modules = [import_module(f"cases.{module.name}") for module in iter_modules(cases.__path__)]
    values = (value for module in modules for value in vars(module).values())
    return sorted({v for v in values if isinstance(v, type) and issubclass(v, Fact)}, key=lambda v: v.__qualname__)
