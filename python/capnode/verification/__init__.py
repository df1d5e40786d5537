"""The referee: checks a certificate again with Arb (python-flint) and with its own evaluator of the field.

Nothing here uses capnode's C++ core: the field is read from its text by another reader, evaluated in another
arithmetic, and every theorem is proved again from its hints. Two layers are reported apart:

* `digest`: the file is unchanged (SHA-256 over its canonical JSON, and of each field over its text);
* `truth`: every claim holds, whatever the digest says. A claimed enclosure is accepted only where it contains what
  was enclosed here; the conclusions must follow; each line of evidence must hold by its own numbers; the sentence in
  words must be the one the numbers give.

This package is the only place that imports flint (the extra `capnode[verify]`).
"""

from __future__ import annotations

try:
    import flint as _flint  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "checking certificates needs python-flint: pip install 'capnode[verify]'", name="flint"
    ) from error

from capnode.verification.report import Check, Verification
from capnode.verification.verifier import PRECISION, verify

__all__ = ["PRECISION", "Check", "Verification", "verify"]
