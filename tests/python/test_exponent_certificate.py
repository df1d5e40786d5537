"""Certificates of exponents: true ones are proved again in Arb, false ones refused with their digests recomputed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
import flow_fields
from capnode import certificate_paths
from capnode.certificate import Certificate, bounds, document_digest
from capnode.ftle_report import CERTIFICATE
from capnode.statements import statement
from capnode.verification import check_exponents, check_trajectory
from capnode.verification.decode import Box
from page_reader import read_page

MOONS = Path(__file__).resolve().parents[2] / "examples" / "data" / "moons_2_5_5_2.capnode"
Document = dict[str, Any]


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def ends(entry: Document) -> tuple[np.ndarray, np.ndarray]:
    lo, hi = ([float.fromhex(z) for z in entry["enclosures"]["exponents"][end].split()] for end in ("lo", "hi"))
    return np.array(lo), np.array(hi)


def forced(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [v + 0.0 * x, p * t.apply("sin") - x - 0.1 * v]


CASES: dict[str, Callable[[], Any]] = {
    "van der pol": lambda: cn.lyapunov_exponents(flow_fields.van_der_pol(), [1.4, 2.4], 1.0),
    "backward": lambda: cn.lyapunov_exponents(flow_fields.van_der_pol(), [1.4, 2.4], -0.5),
    "several times, an inexact duration": lambda: cn.lyapunov_exponents(
        flow_fields.van_der_pol(), [1.4, 2.4], [0.3, 0.7], t0=0.1
    ),
    "lorenz": lambda: cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], 0.7),
    "time and an interval of parameters": lambda: cn.lyapunov_exponents(
        flow_fields.scalar_field(2, 1, forced, time=True), [1.0, 0.0], 1.0, cn.IntervalArray([0.499], [0.501])
    ),
    "equal exponents": lambda: cn.lyapunov_exponents(
        flow_fields.scalar_field(2, 0, lambda x, v: [v + 0.0 * x, 0.0 * v - x]), [1.0, 0.0], 1.0
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_exponents_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    lo, hi = ends(certificate.document["theorems"][0])
    proved = result.require().exponents
    assert (lo <= proved.lo).all()
    assert (proved.hi <= hi).all()
    # of the derivative of a run over an interval of parameters, which is wider than the exponents proved
    assert (hi - lo).max() < (0.03 if "parameters" in name else 1e-6)
    assert "finite-time Lyapunov exponents" in certificate.statements[0]


def test_what_cannot_be_told_from_zero_is_open_below() -> None:
    """sigma_3 of Lorenz at t = 3 is e^-41 and the enclosure of the derivative does not tell it from 0."""
    certificate = cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], 3.0).certificate()
    lo, hi = ends(certificate.document["theorems"][0])
    assert np.isfinite(lo).tolist() == [True, True, False]
    assert hi[2] < -5.0
    assert cn.verify(certificate).ok


@pytest.fixture(scope="module")
def true() -> Document:
    return CASES["van der pol"]().certificate().document


def claim(entry: Document, lo: Any, hi: Any) -> None:
    entry["enclosures"]["exponents"] = bounds(lo, hi)


def shift(entry: Document, index: int, share: float) -> None:
    lo, hi = ends(entry)
    move = share * (hi[index] - lo[index])
    lo[index] += move
    hi[index] += move
    claim(entry, lo, hi)


def shrink(entry: Document, index: int) -> None:
    lo, hi = ends(entry)
    quarter = 0.25 * (hi[index] - lo[index])
    lo[index] += quarter
    hi[index] -= quarter
    claim(entry, lo, hi)


def swap(entry: Document) -> None:
    lo, hi = ends(entry)
    claim(entry, lo[::-1], hi[::-1])


def set_time(entry: Document, key: str, value: float) -> None:
    (entry if key == "reached" else entry["initial"])[key] = value.hex()


def thin_derivative(entry: Document) -> None:
    """Exponents and derivative shifted together: the derivative is refused."""
    box = entry["enclosures"]["derivative"]
    lo, hi = (np.array([float.fromhex(z) for z in box[end].split()]) for end in ("lo", "hi"))
    entry["enclosures"]["derivative"] = bounds(1.01 * lo, 1.01 * lo + (hi - lo))
    found = check_exponents.singular_values(Box((1.01 * lo).tolist(), (1.01 * lo + (hi - lo)).tolist()), 2)
    assert found is not None
    claim(
        entry,
        [float(a.log().lower()) - 1e-12 for a, _ in found],
        [float(b.log().upper()) + 1e-12 for _, b in found],
    )


FALSE: dict[str, Callable[[Document], Any]] = {
    "first shifted up": lambda e: shift(e, 0, 1.0),
    "first shifted down": lambda e: shift(e, 0, -1.0),
    "second shifted": lambda e: shift(e, 1, 1.0),
    "first shrunk": lambda e: shrink(e, 0),
    "second shrunk": lambda e: shrink(e, 1),
    "swapped": swap,
    "another final time": lambda e: set_time(e, "reached", 1.0 + 2.0**-30),
    "another initial time": lambda e: set_time(e, "time", 0.5),
    "backward in time": lambda e: set_time(e, "reached", -1.0),
    "no time": lambda e: set_time(e, "reached", 0.0),
    "another kind": lambda e: e["conclusions"].update(kind="qr"),
    "another derivative": thin_derivative,
    "no derivative": lambda e: e["enclosures"].update(derivative=None),
    "one exponent less": lambda e: claim(e, ends(e)[0][:1], ends(e)[1][:1]),
    "a sample elsewhere": lambda e: e.update(sample={"cell": bounds([0, 0], [1, 1]), "interval": bounds([-9], [9])}),
    "a sample that does not meet": lambda e: e.update(
        sample={"cell": bounds([1, 2], [2, 3]), "interval": bounds([8], [9])}
    ),
}


@pytest.mark.parametrize("name", list(FALSE))
def test_false_claims_are_refused(true: Document, name: str) -> None:
    document = copy.deepcopy(true)
    FALSE[name](document["theorems"][0])
    if name in ("no derivative", "one exponent less"):
        document["digest"] = document_digest(document)
        found = cn.verify(document)
    else:
        found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true, str(found)


def test_another_field_is_refused() -> None:
    def field(damping: float) -> Any:
        return flow_fields.scalar_field(2, 0, lambda x, v: [v + 0.0 * x, -damping * v - x.apply("sin")])

    document = cn.lyapunov_exponents(field(0.1), [1.0, 0.0], 1.0).certificate().document
    assert cn.verify(document).ok
    other = field(0.1 + 1e-9)
    document["fields"] = {other.digest: other.core.to_text()}
    document["theorems"][0]["field"] = other.digest
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true


def test_singular_values_of_matrices_in_a_box() -> None:
    """Random members of random boxes; radii matter: with radii zero the members would lie outside."""
    rng = np.random.default_rng(2)
    for n in (1, 2, 3, 5):
        mid, rad = rng.normal(size=(n, n)), 1e-3 * rng.uniform(size=(n, n))
        found = check_exponents.singular_values(Box((mid - rad).ravel().tolist(), (mid + rad).ravel().tolist()), n)
        assert found is not None
        for _ in range(50):
            member = mid + rad * rng.choice([-0.999, 0.999], size=(n, n))
            for (low, high), s in zip(found, np.linalg.svd(member, compute_uv=False), strict=True):
                assert float(low) <= s + 1e-14
                assert s - 1e-14 <= float(high)
        assert all(float(high - low) < 1e-2 for low, high in found)


def test_the_limits_are_those_of_the_referee() -> None:
    assert certificate_paths.MOST_ROWS == check_trajectory.MOST_ROWS
    assert certificate_paths.MOST_WORK == check_trajectory.MOST_WORK


def test_refusals() -> None:
    vdp = flow_fields.van_der_pol()
    with pytest.raises(ValueError, match="kind 'qr'"):
        cn.lyapunov_exponents(vdp, [1.4, 2.4], 0.5, kind="qr").certificate()
    with pytest.raises(ValueError, match="x0 is a set"):
        cn.lyapunov_exponents(vdp, cn.IntervalArray([1.4, 2.4], [1.41, 2.41]), 0.1).certificate()


def test_the_command_writes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from capnode.cli import main

    words = [
        "capnode",
        "exponents",
        str(MOONS),
        "--x0",
        "0.5 0.3",
        "--time",
        "1",
        "--points",
        "2",
        "--out",
        str(tmp_path),
    ]
    for more, there in (([], True), (["--euler", "0.125"], True), (["--kind", "qr"], False)):
        monkeypatch.setattr("sys.argv", words + more)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        assert (tmp_path / "exponents.certificate.json").exists() == there
        if there:
            assert cn.verify(tmp_path / "exponents.certificate.json").ok
    assert "no certificate: no certificate is made of exponents of kind 'qr'" in capsys.readouterr().err


# ---- samples of fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["points", "cells"])
def test_samples_of_a_field(method: str, tmp_path: Path) -> None:
    field = cn.Field.load(MOONS)
    run = cn.ftle(field, [(-1, 1), (-1, 1)], (5, 5), 1.0, method=method, out=tmp_path / "run")
    certificate = run.certificate()
    entries = certificate.document["theorems"]
    assert len(entries) == 4
    found = cn.verify(certificate)
    assert found.ok, str(found)
    assert sum("meets the interval" in check.name for check in found.checks) == 4
    assert "sample of a field" in certificate.statements[0]
    lo, _ = zip(*(ends(entry) for entry in entries), strict=True)
    if method == "points":
        assert abs(lo[0][0] - run.lower.max()) < 1e-9
        assert abs(lo[1][0] - run.lower.min()) < 1e-9
    again = cn.FtleField.load(tmp_path / "run").certificate(samples=2)
    assert len(again) == 2
    assert [e["initial"] for e in again.document["theorems"]] == [e["initial"] for e in entries[:2]]
    memory = cn.ftle(field, [(-1, 1), (-1, 1)], (5, 5), 1.0, method=method)
    assert [e["initial"] for e in memory.certificate().document["theorems"]] == [e["initial"] for e in entries]


def test_fields_without_a_certificate(tmp_path: Path) -> None:
    field = cn.Field.load(MOONS)
    box, shape = [(-1, 1), (-1, 1)], (2, 2)

    def refused(match: str, *args: Any, **options: Any) -> None:
        with pytest.raises(ValueError, match=match):
            cn.ftle(*args, method="points", **options).certificate()

    refused("exact map", cn.euler_map(field, 0.1), box, shape, 5)
    refused("2 layers", cn.layered([(field, 0.5), (field, 0.5)]), box, shape)
    refused("encoder", field, box, shape, 1.0, encoder=2.0 * np.eye(2))
    run = cn.ftle(field, box, shape, 1.0, method="points")
    path = run.save(tmp_path / "alone.npz")
    with pytest.raises(ValueError, match="not at hand"):
        cn.FtleField.load(path).certificate()
    with pytest.raises(ValueError, match="at least 1"):
        run.certificate(samples=0)


def test_the_report_has_the_certificate(tmp_path: Path) -> None:
    field = cn.Field.load(MOONS)
    run = cn.ftle(field, [(-1, 1), (-1, 1)], (3, 3), 0.5, method="points")
    page = read_page(run.report(tmp_path / "report.html"))
    text = "".join(page.text)
    assert "All 4 were proved again by capnode.verify" in text
    assert CERTIFICATE in (tmp_path / "report.html").read_text()
    assert cn.verify(tmp_path / CERTIFICATE).ok
    maps = cn.ftle(cn.euler_map(field, 0.1), [(-1, 1), (-1, 1)], (2, 2), 5, method="points")
    (tmp_path / "map").mkdir()
    text = "".join(read_page(maps.report(tmp_path / "map" / "report.html")).text)
    assert "There is none: the run is of an exact map" in text
    assert not (tmp_path / "map" / CERTIFICATE).exists()
