"""Re-check of the theorem `input_class`: the trajectory or the orbit is proved again to its end, and the margins of the
class over all others are enclosed for the set that was found there, not for the claimed box.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capnode.verification.check_iteration import check_iteration
from capnode.verification.check_trajectory import check_to_the_end
from capnode.verification.decode import Malformed
from capnode.verification.program import Program
from capnode.verification.readout import check_margins, claimed_class, read_readout
from capnode.verification.report import Checks


def check_input_class(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    if "stages" in entry and "layers" in entry:
        raise Malformed("layers and stages: one of the two expected")
    if "stages" in entry:
        orbit, support = check_iteration(entry, programs, checks)
        n = len(orbit.initial.centre)
    else:
        n = programs[str(entry["layers"][0]["field"])].dim
        support = check_to_the_end(entry, programs, checks)
    readout = read_readout(entry, n)
    cls = claimed_class(entry, readout)
    if checks.add("the state that is read out was proved again", support is not None) and support is not None:
        check_margins(entry, readout.margins(support, cls), cls, checks)
