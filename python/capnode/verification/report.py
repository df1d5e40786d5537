"""What a verification answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Check:
    """One question about a certificate: its layer ("digest" or "truth"), name, answer, and the numbers behind it."""

    layer: str
    name: str
    holds: bool
    detail: str = ""

    def __iter__(self) -> Iterator[str | bool]:
        return iter((self.name, self.holds, self.detail))

    def __str__(self) -> str:
        return f"[{self.layer}] {'ok  ' if self.holds else 'FAIL'} {self.name}" + (
            f": {self.detail}" if self.detail else ""
        )


@dataclass(frozen=True)
class Verification:
    """`ok` is True where both layers hold. `checks` lists every question; `failures` those answered no.

    `checked` of `total` theorems were re-proved (fewer only where the caller asked for a sample); `ok` speaks of those.
    """

    checks: tuple[Check, ...]
    checked: int = 0
    total: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        return bool(self.checks) and self.checked > 0 and all(check.holds for check in self.checks)

    @property
    def unchanged(self) -> bool:
        """The digest layer: the file is what its digest was taken of."""
        return all(check.holds for check in self.checks if check.layer == "digest")

    @property
    def true(self) -> bool:
        """The truth layer: everything the file claims was proved again."""
        return self.checked > 0 and all(check.holds for check in self.checks if check.layer == "truth")

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.holds)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        said = (
            "ok" if self.ok else "; ".join(f"{check.layer}: {check.name}" for check in self.failures[:3]) or "nothing"
        )
        return f"<Verification of {self.checked} of {self.total} theorems: {said}>"

    def __str__(self) -> str:
        return "\n".join(str(check) for check in self.checks)


class Checks:
    """Collects the answers about one theorem."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.list: list[Check] = []

    def add(self, name: str, holds: bool, detail: str = "") -> bool:
        self.list.append(Check("truth", f"{self.prefix}{name}", bool(holds), detail))
        return bool(holds)
