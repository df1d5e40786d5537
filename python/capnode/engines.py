"""The engines: "native", always there, and "capd", where the build found CAPD (third_party/README.md)."""

from __future__ import annotations

import importlib
from typing import Any

from capnode.result import Evidence

ENGINES = ("native", "capd")
HOW_TO_GET_CAPD = (
    "this build of capnode has no CAPD: install CAPD (github.com/CAPDGroup/CAPD), then capnode with `pip install . "
    "-C cmake.define.CAPNODE_WITH_CAPD=ON -C cmake.define.CAPD_ROOT=<prefix of CAPD>`; third_party/README.md has the "
    "commands"
)


def check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, not {engine!r}")


def capd_core() -> Any:
    """The extension `capnode._capd`; a ValueError that says how to get it where the build has none."""
    try:
        return importlib.import_module("capnode._capd")
    except ModuleNotFoundError as error:
        if error.name != "capnode._capd":
            raise
        raise ValueError(f"engine='capd': {HOW_TO_GET_CAPD}") from None


def capd_version() -> str | None:
    """For example "6.1.0 (filib intervals)"; None where the build has no CAPD."""
    try:
        core = capd_core()
    except ValueError:
        return None
    return f"{core.version} ({core.intervals} intervals)"


def only_for_capd(engine: str, capd_set: str | None) -> None:
    """Refuses a set of CAPD's for another engine."""
    if capd_set is not None and engine != "capd":
        raise ValueError(f"capd_set={capd_set!r} is for engine='capd', the engine here is {engine!r}")


def capd_evidence(capd_set: str | None, order: int | None, derivative: bool, steps: int) -> Evidence:
    """What is believed and what was counted: the steps that CAPD's solver proved, with bounded enclosures."""
    core = capd_core()
    name = capd_set or core.default_set(derivative)
    degree = order or core.default_order
    text = f"steps enclosed by CAPD {core.version} ({core.intervals} intervals), {name}, order {degree}, all bounded"
    return Evidence(text, (steps, steps), ">=", (0, 0), True)
