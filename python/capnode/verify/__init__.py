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

import os
import time
from collections.abc import Callable
from typing import Any

try:
    import flint as _flint  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "checking certificates needs python-flint: pip install 'capnode[verify]'", name="flint"
    ) from error

from capnode.verify.report import Check, Verification
from capnode.verify.verifier import PRECISION, verify_document

__all__ = ["PRECISION", "Check", "Verification", "verify"]


def verify(
    certificate: Any,
    *,
    fields: Any = (),
    points: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Checks a certificate (a `Certificate`, its document, or the path of a file).

    `fields`: paths of `.capnode` files, for certificates that store only the digests of their fields.
    `points`: re-prove at most so many theorems, spread evenly over the file (each takes milliseconds for n = 10 and
    about half a minute for n = 400); the result says how many were checked, and `ok` speaks of those only.
    """
    from capnode.certificate import Certificate

    if isinstance(certificate, str | os.PathLike):
        certificate = Certificate.load(certificate)
    document = certificate.document if isinstance(certificate, Certificate) else certificate
    if not isinstance(document, dict):
        raise TypeError(f"a Certificate, a document or a path expected, got {type(certificate).__name__}")
    if points is not None and points < 1:
        raise ValueError(f"points must be at least 1, got {points}")
    paths = [fields] if isinstance(fields, str | os.PathLike) else list(fields)
    start = time.perf_counter()
    checks, checked, total = verify_document(document, paths, points, progress)
    return Verification(tuple(checks), checked, total, time.perf_counter() - start)
