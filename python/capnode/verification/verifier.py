"""The two layers of a verification, over a whole document."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flint import ctx

from capnode.statements import statement
from capnode.verification.check_adversarial_pair import check_adversarial_pair, parts_of
from capnode.verification.check_exponents import check_exponents, check_layered_exponents
from capnode.verification.check_hopf import check_hopf
from capnode.verification.check_input_class import check_input_class
from capnode.verification.check_iteration import check_iteration, check_map_exponents
from capnode.verification.check_periodic_orbits import check_no_periodic_orbits
from capnode.verification.check_robust_radius import check_robust_radius
from capnode.verification.check_spectrum import check_spectrum
from capnode.verification.check_trajectory import check_layered_trajectory, check_trajectory
from capnode.verification.check_zero import check_equilibrium, check_zero
from capnode.verification.decode import Malformed, member
from capnode.verification.field_text import FieldTextError, read_program
from capnode.verification.hypotheses import check_hypotheses
from capnode.verification.map_steps import stages_of
from capnode.verification.program import Program
from capnode.verification.report import Check, Checks, Verification
from capnode.verification.trajectory_steps import layers_of

PRECISION = 128  # bits of the arithmetic

OF_A_FIELD: dict[str, Callable[[Any, Program, Checks], object]] = {
    "zero": check_zero,
    "equilibrium": check_equilibrium,
    "hopf_point": check_hopf,
    "no_periodic_orbits": check_no_periodic_orbits,
    "trajectory": check_trajectory,
    "lyapunov_exponents": check_exponents,
}
# of several fields: "layers" of the entry name them
OF_FIELDS: dict[str, Callable[[Any, Mapping[str, Program], Checks], object]] = {
    "layered_trajectory": check_layered_trajectory,
    "layered_exponents": check_layered_exponents,
    "robust_radius": check_robust_radius,
    "input_class": check_input_class,
}
# of maps: "stages" of the entry name their fields
OF_MAPS: dict[str, Callable[[Any, Mapping[str, Program], Checks], object]] = {
    "map_iteration": check_iteration,
    "input_class": check_input_class,
    "map_exponents": check_map_exponents,
}


def verify(
    certificate: Any,
    *,
    fields: Any = (),
    points: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """`capnode.verify`: see there."""
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


def digest_of(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify_document(
    document: Mapping[str, Any],
    field_paths: Sequence[str | os.PathLike[str]],
    points: int | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[Check], int, int]:
    """(the checks, how many theorems were re-proved, how many there are)."""
    stated = document.get("digest")
    actual = digest_of(document)
    checks = [
        Check("digest", "the file is unchanged", stated == actual, f"stated {stated!s:.16}…, actual {actual:.16}…")
    ]
    if document.get("format") != "capnode-certificate" or document.get("version") != 1:
        checks.append(Check("truth", "the format is known", False, f"version {document.get('version')!r}"))
        return checks, 0, 0
    theorems = document.get("theorems")
    if not isinstance(theorems, list) or not theorems:
        checks.append(Check("truth", "the file states a theorem", False))
        return checks, 0, 0
    with ctx.workprec(PRECISION):
        programs = _programs(document, field_paths, checks)
        chosen = _sample(len(theorems), points)
        for k, i in enumerate(chosen):
            if progress is not None:
                progress(k, len(chosen))
            prefix = "" if len(theorems) == 1 else f"theorem {i + 1}: "
            checks += check_theorem(theorems[i], programs, prefix)
        if progress is not None:
            progress(len(chosen), len(chosen))
    return checks, len(chosen), len(theorems)


def _sample(total: int, points: int | None) -> list[int]:
    if points is None or points >= total:
        return list(range(total))
    return sorted({round(k * (total - 1) / max(points - 1, 1)) for k in range(points)})


def _programs(
    document: Mapping[str, Any], paths: Sequence[str | os.PathLike[str]], checks: list[Check]
) -> dict[str, Program]:
    """The fields by digest, each checked to be what its key says."""
    programs: dict[str, Program] = {}
    texts: list[tuple[str, str | None]] = [(Path(path).read_text(), None) for path in paths]
    fields = document.get("fields")
    for digest, text in fields.items() if isinstance(fields, Mapping) else ():
        if text is not None:
            texts.append((str(text), str(digest)))
    for text, digest in texts:
        try:
            program = read_program(text)
        except FieldTextError as error:
            checks.append(Check("digest", "the field is unchanged", False, str(error)))
            continue
        if digest is not None:
            checks.append(
                Check("digest", "the field is the one named", digest == program.digest, f"digest {program.digest:.16}…")
            )
        programs[program.digest] = program
    return programs


def check_theorem(entry: Any, programs: Mapping[str, Program], prefix: str) -> list[Check]:
    """The truth layer of one theorem; a malformed entry is a failed check, not an exception."""
    checks = Checks(prefix)
    try:
        name = member(entry, "theorem", "the entry")
        check_hypotheses(entry, checks)
        if name == "spectrum":
            check_spectrum(entry, checks)
        elif name in OF_A_FIELD:
            if not _at_hand([entry], programs, checks):
                return checks.list
            OF_A_FIELD[name](entry, programs[entry["field"]], checks)
        elif name in OF_FIELDS and "layers" in entry:
            if not _at_hand(layers_of(entry), programs, checks):
                return checks.list
            OF_FIELDS[name](entry, programs, checks)
        elif name in OF_MAPS:
            if not _at_hand(stages_of(entry), programs, checks):
                return checks.list
            OF_MAPS[name](entry, programs, checks)
        elif name == "adversarial_pair":
            if not _at_hand([layer for part in parts_of(entry) for layer in layers_of(part)], programs, checks):
                return checks.list
            check_adversarial_pair(entry, programs, checks)
        else:
            checks.add("the theorem is known", False, f"{name!r:.40}")
            return checks.list
        said = member(entry, "statement", "the theorem")
        checks.add("the statement says what the numbers say", said == statement(entry))
    except Malformed as error:
        checks.add("the entry is well formed", False, str(error))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        checks.add("the entry is well formed", False, f"{type(error).__name__}: {error}")
    return checks.list


def _at_hand(named: list[Any], programs: Mapping[str, Program], checks: Checks) -> bool:
    """Each of `named` has a `field`, which is at hand, and a `field_summary`, which is right."""
    missing = [
        member(one, "field", "the theorem") for one in named if member(one, "field", "the theorem") not in programs
    ]
    what = "the field is at hand" if len(named) == 1 else "the fields are at hand"
    if not checks.add(what, not missing, "give its file: verify(..., fields=[...])" if missing else ""):
        return False
    right = True
    for one in named:
        program = programs[one["field"]]
        right &= member(one, "field_summary", "the theorem") == {
            "dim": program.dim,
            "parameter_dim": program.parameter_dim,
            "weight_radius": program.has_weight_radius,
        }
    checks.add("the summary of the field", right)
    return True
