"""The command line: `capnode hopf|equilibrium|integrate|exponents|verify|info|selftest|demo`.

Exit status: 0 everything asked for was proved (or verified); 1 something was not; 2 misuse (a wrong argument, an
unreadable file, an unsupported operation); 130 interrupted before anything was finished. Errors are one line; `--debug`
before the command shows the traceback.
"""

from __future__ import annotations

import sys
from typing import Any

PROVED, NOT_PROVED, MISUSE, INTERRUPTED = 0, 1, 2, 130


def main() -> None:
    """The entry point of the console script."""
    import typer

    from capnode.cli.app import app

    # click's base of all usage errors; typer brings click along under different names, by version
    usage_error: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
    status: object = PROVED
    try:
        status = app(prog_name="capnode", standalone_mode=False)
    except usage_error as error:
        error.show()
        status = MISUSE
    except typer.Exit as stop:
        status = stop.exit_code
        if status == INTERRUPTED:  # typer's answer to Ctrl-C outside of a search
            _say("interrupted")
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        status = INTERRUPTED
    except (ValueError, TypeError, OSError, ImportError, RuntimeError) as error:
        if "--debug" in sys.argv[1:]:
            raise
        _say(_one_line(error))
        status = MISUSE if isinstance(error, ValueError | TypeError | OSError | ImportError) else NOT_PROVED
    sys.exit(status if isinstance(status, int) else PROVED)


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _say(message: str) -> None:
    print(f"capnode: {message}", file=sys.stderr)
