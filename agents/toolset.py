"""The look-ups of agents.lookup as tools that LangChain can offer to a model. Nothing is decided or looked up here.

Contract: what a tool gives is neutralised and cut before a model sees it, and goes to `keep` as it was, so that the
answer can be held against it. A wrong argument is told to the model, never raised.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from agents.framing import neutral
from agents.lookup import SHOWN_CHARS, Found, Section, Shelf

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

RESULT_CHARS = SHOWN_CHARS + 1000


class _Arguments(BaseModel):
    # Every field is required, also where None is a value: that is what a strict schema needs.
    model_config = ConfigDict(extra="forbid")


class _Id(_Arguments):
    id: str = Field(description="The id of a rule, clause or exception, such as HR2, HR2.c or X-FIGURE.")


class _Section(_Arguments):
    section: Section = Field(description="Which section of the record.")


class _Text(_Arguments):
    text: str | None = Field(description="A text to search with, or null for the case itself.")


class _Quote(_Arguments):
    quote: str = Field(description="Words of the case, exactly as they stand.")


class _Part(_Arguments):
    part: str = Field(description="The id of a part.")
    start: int = Field(description="The character to begin at, 0 for the beginning.")


class _Medium(_Arguments):
    number: int = Field(description="Which picture, video or sound, counted from 1.")
    region: str | None = Field(description="A frame, time or region of it, or null for all of it.")


class _Nothing(_Arguments):
    pass


def tools(shelf: Shelf, keep: Callable[[Found], None]) -> list["BaseTool"]:
    """Return the tools over one decision; `keep` is given all that they find."""
    from langchain_core.tools import StructuredTool

    def made(name: str, told: str, arguments: type[BaseModel], look: Callable[..., Found]) -> "BaseTool":
        def run(**given: object) -> str:
            found = look(**given)
            keep(found)
            text = found.text if len(found.text) <= RESULT_CHARS else f"{found.text[:RESULT_CHARS]}\n(Cut here.)"
            return f"<result>\n{neutral(text)}\n</result>"

        return StructuredTool.from_function(func=run, name=name, description=told, args_schema=arguments)

    return [
        made("look_up_policy", "Read a rule with its clauses, or one clause, by id.", _Id, shelf.policy),
        made("read_record", "Read a section of the record of this decision.", _Section, shelf.record),
        made("find_precedents", "Find known examples near a text.", _Text, shelf.precedents),
        made(
            "rescore_without", "Score the case anew with some of its words taken out. Changes no record.", _Quote,
            shelf.rescored,
        ),
        made("policy_history", "List the versions of the policy on record.", _Nothing, shelf.versions),
        made("show_part", "Read a part of the case from a character on.", _Part, shelf.part),
        made(
            "show_media", "Tell what is known of a picture, video or sound, or of a frame or region of it.", _Medium,
            shelf.media,
        ),
    ]  # fmt: skip
