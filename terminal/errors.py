"""Errors as a person at the terminal meets them: known ones become one message and an exit code, a bug stays a bug.

Contract: everything that is wrong with the input or the command is code 2, everything that broke is code 1; an error
that is not listed here is a bug and keeps its traceback. Under `--json` an error is one object on stderr.
"""

import json
import sys
from typing import Any, NamedTuple

import typer

DONE, BROKEN, USAGE, BAD_LINES, INTERRUPTED = 0, 1, 2, 3, 130
CODES = (
    "Exit codes: 0 done; 1 something broke, or a check found something; 2 the input or the command cannot be used; "
    "3 done, but some lines of a batch were bad; 130 interrupted."
)
# By name, so that telling errors apart loads none of the libraries that raise them.
KNOWN: dict[str, tuple[str, int]] = {
    "terminal.errors.Refused": ("refused", USAGE),
    "terminal.errors.Broken": ("broken", BROKEN),
    "cases.intake.IntakeError": ("bad_input", USAGE),
    "policy_store.fault.PackError": ("bad_policy", USAGE),
    "graphs.settings.SettingsError": ("bad_setting", USAGE),
    "cases.exchange.Misbound": ("bad_setting", USAGE),
    "cases.exchange.Unanswered": ("model", BROKEN),
    "tools.connection.MissingLibrary": ("bad_setting", USAGE),
    "tools.session.WeightsError": ("weights", BROKEN),
    "tools.lookup.Unknown": ("unknown", USAGE),
    "tools.fingerprint.BankError": ("bank", BROKEN),
    "tools.database.LedgerError": ("ledger", BROKEN),
    "web.store.database.StoreError": ("store", BROKEN),
    "tools.checkpoints.CheckpointError": ("waiting_cases", BROKEN),
    "agents.statement.StatementError": ("no_statement", USAGE),
    "typer.exceptions.TyperException": ("usage", USAGE),
    "builtins.OSError": ("system", BROKEN),
}


class Refused(ValueError):
    """A command that cannot be carried out as it was given; the text says what, the value and the fix."""


class Broken(RuntimeError):
    """Something that broke on the way; the text says what, where and the fix."""


class Failure(NamedTuple):
    """What is told of an error."""

    kind: str
    message: str
    code: int


def explained(error: BaseException) -> Failure | None:
    """Return what to tell of an error, None where it is none that we know."""
    for cls in type(error).__mro__:
        if known := KNOWN.get(f"{cls.__module__}.{cls.__qualname__}"):
            kind, code = known
            told = error.format_message() if isinstance(error, typer.TyperException) else _said(error)
            # The graph notes its step on every error; who reads it here has no use for that.
            notes = [n for n in getattr(error, "__notes__", ()) if not n.startswith("During task with name")]
            return Failure(kind, "; ".join([told, *notes]), code)
    return None


def tell(failure: Failure, as_json: bool) -> None:
    """Print a failure on stderr."""
    if as_json:
        body = {"error": {"kind": failure.kind, "message": failure.message, "code": failure.code}}
        typer.echo(json.dumps(body, ensure_ascii=False), err=True)
    else:
        typer.echo(f"precept: {failure.message}", err=True)


class Door(typer.core.TyperGroup):
    """The command group that turns errors into messages and exit codes."""

    def main(self, *given: Any, **options: Any) -> Any:
        """Run the command line and exit with its code."""
        args = list(sys.argv[1:] if not given or given[0] is None else given[0])
        args = list(options.pop("args", None) or args)
        as_json = any(arg in ("--json", "--json-errors") for arg in args)
        options["standalone_mode"] = False
        try:
            code = super().main(args, **options)
        except Exception as error:
            failure = explained(error)
            if failure is None:
                if not as_json:
                    raise
                failure = Failure("bug", f"{type(error).__name__}: {error}; please report it", BROKEN)
            if isinstance(error, typer.TyperException) and not as_json and hasattr(error, "show"):
                error.show()
            else:
                tell(failure, as_json)
            code = failure.code
        sys.exit(code if isinstance(code, int) else DONE)


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)
