"""The exceptions of capnode. Misuse is a ValueError; a proof that fails is a value, not an exception."""

from __future__ import annotations


class UnsupportedOperation(ValueError):
    """A module uses an operation that no field can hold; the message names it, its place and what is supported."""


class NotProved(RuntimeError):
    """`Result.require()` was called on a result that is not proved; the message is its reason."""


class InternalError(RuntimeError):
    """Two enclosures of one object contradict each other: a bug in capnode, please report it."""


class RunIncomplete(RuntimeError):
    """A long run could not go on, as its workers or its cluster went away; the message says what is kept."""


class CapdError(RuntimeError):
    """CAPD could not finish a computation; the message is its own."""
