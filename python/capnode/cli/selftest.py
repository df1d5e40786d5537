"""`capnode selftest`."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.output import console, print_json
from capnode.selftest import run as run_checks


def run(*, json: bool) -> int:
    """Status 0 where every check holds."""
    checks = run_checks()
    good = all(check.holds for check in checks)
    if json:
        print_json(
            {
                "ok": good,
                "checks": [
                    {"name": c.name, "holds": c.holds, "detail": c.detail, "seconds": c.seconds} for c in checks
                ],
            }
        )
        return PROVED if good else NOT_PROVED
    table = Table("check", "", "detail", "seconds", title="capnode selftest", title_justify="left")
    for c in checks:
        mark = Text("ok", style="bold green") if c.holds else Text("FAIL", style="bold red")
        table.add_row(c.name, mark, c.detail, f"{c.seconds:.2f}")
    screen = console()
    screen.print(table)
    screen.print("All checks hold." if good else "This installation must not be trusted: see above.")
    return PROVED if good else NOT_PROVED
