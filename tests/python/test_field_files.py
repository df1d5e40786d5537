"""Field files: exact round trips, digests, and every kind of damage answered by a clear error."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from capnode import _core
from capnode.field import Field
from oracle_field import FUNCTIONS, layered, random_graph


def digest_of(text: str) -> str:
    return hashlib.sha256(text.split("\n", 2)[2].encode()).hexdigest()


def with_digest(body: str, version: str = "1") -> str:
    return f"capnode-field {version}\ndigest {hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def body_of(field: Field) -> str:
    return field.to_text().split("\n", 2)[2]


def small_field() -> Field:
    return Field(layered(np.random.default_rng(0), "tanh", radius=1e-9).build())


@pytest.mark.parametrize("size", [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_003])
def test_sha256_agrees_with_hashlib(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert _core.sha256_hex(data) == hashlib.sha256(data).hexdigest()


def test_round_trips(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for k in range(60):
        g = random_graph(rng, radius=float(rng.choice([0.0, 1e-9])))
        field = Field(g.build())
        path = tmp_path / f"{k}.capnode"
        field.save(path)
        text = path.read_text()
        assert text == field.to_text()
        assert digest_of(text) == field.digest == text.split("\n")[1].split()[1]
        again = Field.load(path)
        assert again == field
        assert hash(again) == hash(field)
        x, p = rng.normal(size=(g.dim, 1)), rng.normal(size=(g.parameter_dim, 1))
        np.testing.assert_array_equal(again.core.evaluate(x, p), field.core.evaluate(x, p))
        for a, b in zip(again.core.enclose(x, x, p, p), field.core.enclose(x, x, p, p), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_same_graph_has_the_same_digest() -> None:
    digests = {Field(layered(np.random.default_rng(7), "sin").build()).digest for _ in range(3)}
    assert len(digests) == 1
    assert len({Field(layered(np.random.default_rng(7), name).build()).digest for name in FUNCTIONS}) == len(FUNCTIONS)


def test_unused_nodes_and_equal_nodes_do_not_change_the_field() -> None:
    w = np.arange(9.0).reshape(3, 3)
    plain, noisy = _core.FieldBuilder(3), _core.FieldBuilder(3)
    x = plain.state()
    first = plain.build(plain.apply("tanh", plain.affine(x, w)))
    x = noisy.state()
    noisy.affine(x, np.eye(3))
    again = noisy.state()
    noisy.apply("exp", again)
    a, b = noisy.affine(x, w), noisy.affine(again, w)
    assert a == b
    second = noisy.build(noisy.apply("tanh", a))
    assert first.digest == second.digest
    assert second.node_count == 3


def test_weights_with_a_radius_are_not_merged() -> None:
    """Two weights that are equal as balls may be two different weights."""
    b = _core.FieldBuilder(2)
    x, w, r = b.state(), np.ones((2, 2)), np.full((2, 2), 0.5)
    assert b.affine(x, w) == b.affine(x, w)
    assert b.affine(x, w, r) != b.affine(x, w, r)


def test_numbers_are_exact() -> None:
    values = np.array([0.1, -0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 1 / 3, 2.0**-1074 * 3])
    b = _core.FieldBuilder(7)
    field = Field(b.build(b.constant(values)))
    lines = field.to_text().split("\n")
    start = lines.index("tensor 7 1 exact") + 1
    np.testing.assert_array_equal([float.fromhex(v) for v in lines[start : start + 7]], values)
    np.testing.assert_array_equal(Field.from_text(field.to_text())(np.zeros(7)), values)


def test_every_changed_byte_is_noticed() -> None:
    """Each byte of a small file, changed in several ways: refused, always."""
    text = small_field().to_text().encode()
    rng = np.random.default_rng(3)
    for i in range(len(text)):
        for flip in {1, 0x20, int(rng.integers(1, 256))}:
            altered = bytearray(text)
            altered[i] ^= flip
            with pytest.raises(ValueError, match="field file"):
                _core.Field.from_text(bytes(altered).decode("latin-1"))


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    text = small_field().to_text()
    for size in range(0, len(text), 7):
        with pytest.raises(ValueError, match="field file"):
            Field.from_text(text[:size])
    with pytest.raises(ValueError, match="field file"):
        Field.from_text(text + "\n")


def test_an_altered_file_names_both_digests(tmp_path: Path) -> None:
    field = small_field()
    path = tmp_path / "a.capnode"
    field.save(path)
    text = path.read_text()
    altered = text.replace("output", "outpuu")
    path.write_text(altered)
    with pytest.raises(ValueError, match=r"a\.capnode.*truncated or altered") as error:
        Field.load(path)
    assert field.digest in str(error.value)
    assert digest_of(altered) in str(error.value)


def test_a_wrong_version_says_which_it_reads() -> None:
    with pytest.raises(ValueError, match=r"version 2; this program reads version 1"):
        Field.from_text(with_digest(body_of(small_field()), version="2"))


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95cposix\nsystem\n", b"PK\x03\x04" + bytes(100), b"capnode", b"\0" * 64]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a field file"):
        Field.load(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tensors 3", "tensors 99999999999999"),
        ("tensors 3", "tensors -1"),
        ("tensor 4 4 radius", "tensor 4000000000 4000000000 radius"),
        ("tensor 4 4 radius", "tensor 18446744073709551615 2 radius"),
        ("tensor 4 4 radius", "tensor 0 4 radius"),
        ("tensor 4 4 radius", "tensor 4 4 radiant"),
        ("nodes 7", "nodes 100000000000"),
        ("nodes 7", "nodes 6"),
        ("dim 3", "dim 99999999999999999999"),
        ("dim 3", "dim 4"),
        ("dim 3", "dim  3"),
        ("time 0", "time 2"),
        ("concat 2 0 1", "concat 2 0 6"),
        ("concat 2 0 1", "concat 3 0 1"),
        ("concat 2 0 1", "concat 4000000000 0 1"),
        ("apply tanh", "apply relu"),
        ("apply tanh", "call tanh"),
        ("output 6", "output 7"),
        ("output 6", "output 3"),
        ("end\n", "end\nend\n"),
        ("end\n", ""),
        ("subtract", "__import__('os')"),
    ],
)
def test_malformed_bodies_with_a_right_digest(old: str, new: str) -> None:
    body = body_of(small_field())
    assert old in body, body[-300:]
    with pytest.raises(ValueError, match=r"field file, line \d+|canonical"):
        Field.from_text(with_digest(body.replace(old, new, 1)))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "0x1p+0", "1.0", "1e5", "", "1p+99999", "one", "1p+0,1p+0"])
def test_only_canonical_finite_hex_floats_are_numbers(number: str) -> None:
    field = small_field()
    lines = body_of(field).split("\n")
    words = lines[3].split(" ")
    lines[3] = " ".join([number, *words[1:]])
    with pytest.raises(ValueError, match="field file"):
        Field.from_text(with_digest("\n".join(lines)))


def test_a_body_that_is_not_canonical_is_refused() -> None:
    b = _core.FieldBuilder(2)
    body = body_of(Field(b.build(b.apply("sin", b.state()))))
    with pytest.raises(ValueError, match="canonical"):
        Field.from_text(with_digest(body.replace("nodes 2\nstate\n", "nodes 3\nstate\nnegate 0\n")))


def test_random_damage_with_a_right_digest(cases: int) -> None:
    """Fuzz: whatever the text, the answer is a field that reads back, or a ValueError."""
    rng = np.random.default_rng(5)
    body = body_of(small_field())
    accepted = 0
    for _ in range(3000 * cases):
        text = list(body)
        for _ in range(int(rng.integers(1, 4))):
            i = int(rng.integers(len(text)))
            action = rng.integers(4)
            if action == 0:
                text[i] = chr(int(rng.integers(32, 127)))
            elif action == 1:
                del text[i]
            elif action == 2:
                text.insert(i, str(rng.choice(["9", " ", "\n", "-", "p+9", "18446744073709551616"])))
            else:
                j = int(rng.integers(i, min(i + 60, len(text))))
                text[i:i] = text[i:j]
        try:
            field = Field.from_text(with_digest("".join(text)))
        except ValueError:
            continue
        accepted += 1
        assert Field.from_text(field.to_text()) == field
    assert accepted < 2000 * cases


def test_saving_replaces_whole_files_or_nothing(tmp_path: Path) -> None:
    field = small_field()
    path = tmp_path / "f.capnode"
    path.write_text("old")
    field.save(path)
    assert Field.load(path) == field
    assert os.listdir(tmp_path) == ["f.capnode"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    with pytest.raises(FileNotFoundError, match="no/such"):
        field.save(tmp_path / "no" / "such" / "f.capnode")
    with pytest.raises(IsADirectoryError):
        field.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        Field.load(tmp_path / "missing.capnode")
    with pytest.raises(IsADirectoryError):
        Field.load(tmp_path)
    assert os.listdir(tmp_path) == ["f.capnode"]


def test_a_full_disk_leaves_nothing_behind() -> None:
    """/dev/full refuses to hold bytes, but a file cannot be made beside it: the error names the place."""
    with pytest.raises(OSError, match="/dev"):
        small_field().save("/dev/full/field.capnode")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        small_field().save(folder / "f.capnode")
