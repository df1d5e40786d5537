"""Certificates as files: what they hold, that they are written whole or not at all, and that they read back."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path

import pytest

import capnode as cn
from capnode.certificate import Certificate, document_digest, hex_float, hex_floats
from capnode.statements import ball_text, claimed_bounds, decimal_bounds, statement
from capnode.whole_file import write_whole
from small_fields import diagonal_family, leaky, planar


def certificate() -> Certificate:
    return cn.hopf_points(diagonal_family(), span=(-1, 1)).certificate()


def test_it_states_theorems_in_words_with_their_numbers() -> None:
    made = certificate()
    assert len(made) == 2
    for entry, sentence in zip(made.document["theorems"], made.statements, strict=True):
        assert sentence == statement(entry)
        assert "Hopf point" in sentence
        assert entry["conclusions"]["criticality"] in sentence
        assert all(line["holds"] for line in entry["hypotheses"])
    assert made.digest == document_digest(made.document)
    assert set(made.document) == {
        "format", "version", "created", "software", "float_environment", "fields", "theorems", "digest",
    }  # fmt: skip
    assert made.document["software"]["capnode"] == cn.__version__
    assert made.document["float_environment"]["instruction_set"] in {"baseline", "v3", "v4"}


def test_many_points_share_one_field() -> None:
    field = diagonal_family()
    made = cn.hopf_points(field, span=(-1, 1)).certificate()
    assert list(made.document["fields"]) == [field.digest]
    assert made.document["fields"][field.digest] == field.to_text()


def test_digest_only() -> None:
    field = diagonal_family()
    made = cn.hopf_points(field, span=(-1, 1)).certificate(embed=False)
    assert made.document["fields"] == {field.digest: None}


def test_save_and_load(tmp_path: Path) -> None:
    made = certificate()
    path = made.save(tmp_path / "c.json")
    again = Certificate.load(path)
    assert again.document == made.document
    assert os.listdir(tmp_path) == ["c.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "capnode-certificate", "version": 99}', "\x00\xff", "nan"]
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"c\.json"):
        Certificate.load(path)
    with pytest.raises(ValueError, match=r"c\.json"):
        cn.verify(path)


def test_a_result_that_is_not_proved_has_none() -> None:
    result = cn.krawczyk(planar(), cn.interval([5.0, 5.0], [6.0, 6.0]))
    assert not result.proved
    with pytest.raises(cn.NotProved):
        result.certificate()


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cannot write .*nowhere"):
        certificate().save(tmp_path / "nowhere" / "c.json")
    assert os.listdir(tmp_path) == []


def test_a_read_only_folder_is_a_clear_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OSError, match="cannot write"):
            certificate().save(tmp_path / "c.json")
    finally:
        tmp_path.chmod(0o700)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the data are flushed: the old certificate stays, no other file is left."""
    path = tmp_path / "c.json"
    path.write_text("the old one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        certificate().save(path)
    assert caught.value.errno == 28
    assert path.read_text() == "the old one"
    assert os.listdir(tmp_path) == ["c.json"]


def test_a_really_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(OSError):
        write_whole("/dev/full/c.json", b"x")


def test_hex_floats_read_back_exactly() -> None:
    values = [0.0, 1.0, -1.5, 0.1, 5e-324, 1.7976931348623157e308, 2.0**-1022, -3.0, float("inf"), 1e-320]
    for x in values:
        assert float.fromhex(hex_float(x)) == x
    assert [float.fromhex(word) for word in hex_floats(values).split()] == values
    assert hex_float(3.0) == "0x1.8p+1"


def test_printed_decimals_enclose() -> None:
    from fractions import Fraction

    for lo, hi in [(0.1, 0.1), (-1 / 3, 2 / 3), (1e-300, 2e-300), (-0.0, 0.0), (123456789.125, 123456789.25)]:
        low, high = (Fraction(end) for end in decimal_bounds(lo, hi, 5)[1:-1].split(", "))
        assert low <= Fraction(lo)
        assert Fraction(hi) <= high
        text = ball_text(lo, hi)
        if "±" in text:
            middle, radius = (Fraction(part) for part in text.split(" ± "))
            assert middle - radius <= Fraction(lo)
            assert Fraction(hi) <= middle + radius


def test_claimed_sets_are_printed_inward() -> None:
    from fractions import Fraction

    def value(text: str) -> Fraction:
        return Fraction(float.fromhex(text)) if "0x" in text else Fraction(text)

    for lo, hi in [
        (0.1, 0.1),
        (0.1, 0.3),
        (2.0, 2.001),
        (-1 / 3, 2 / 3),
        (0.1, math.nextafter(0.1, 1.0)),
        (1e-300, 1e-300),
        (-5e-324, 0.0),
        (1e300 / 3, 1e300 / 3),
    ]:
        low, high = (value(end) for end in claimed_bounds(lo, hi)[1:-1].split(", "))
        assert Fraction(lo) <= low <= high <= Fraction(hi)


def test_the_sentence_claims_no_more_than_the_box() -> None:
    field = planar()
    box = cn.interval([0.1, -0.3], [0.3, -0.1])
    sentence = cn.krawczyk(field, box).certificate().statements[0]
    assert (
        "exactly one solution in the box ([0.10000000000000001, 0.29999999999999998], [-0.29999999999999998, "
        in sentence
    )


def test_a_file_for_many_points_stays_small(tmp_path: Path) -> None:
    """Each point costs its own numbers only: the field is not repeated."""
    field = leaky()
    one = cn.hopf_points(field, span=(0.1, 2.0), method="general")
    assert one.proved
    size = len(json.dumps(one.certificate().document))
    assert size < len(field.to_text()) + 12_000 * len(one)


def test_every_theorem_has_a_certificate() -> None:
    field = planar()
    results = [
        cn.equilibrium(field, [0.0, 0.0]),
        cn.krawczyk(field, cn.interval([0.05, -0.3], [0.25, -0.1])),
        cn.interval_newton(field, cn.interval([0.05, -0.3], [0.25, -0.1])),
        cn.newton_kantorovich(field, [0.15, -0.2], 0.2),
        cn.no_periodic_orbits(diagonal_family(), (-20.0, 20.0)),
        cn.spectrum([[1.0, 2.0], [-2.0, -4.0]]),
    ]
    for result in results:
        assert result.proved, repr(result)
        made = result.certificate()
        assert len(made) == 1
        found = cn.verify(made)
        assert found.ok, str(found)
