"""The referee accepts what is true and refuses every certificate that is not, also with its digests recomputed."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode.certificate import Certificate, document_digest, hex_float
from capnode.statements import statement
from small_fields import diagonal_family, leaky, planar

Document = dict[str, Any]


def resealed(document: Document) -> Certificate:
    """The document with its sentences and its digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def hopf_document(method: str) -> Document:
    field, span = (diagonal_family(), (-1.0, 1.0)) if method == "diagonal" else (leaky(), (0.1, 2.0))
    search = cn.hopf_points(field, span=span, method=method)  # type: ignore[arg-type]
    assert search.proved
    assert len(search) >= 2
    return search.certificate().document


DOCUMENTS: dict[str, Callable[[], Document]] = {
    "diagonal": lambda: hopf_document("diagonal"),
    "general": lambda: hopf_document("general"),
    "equilibrium": lambda: cn.equilibrium(planar(), [0.0, 0.0]).certificate().document,
    "equilibrium at p": lambda: cn.equilibrium(leaky(), np.zeros(4), 1.5).certificate().document,
    "equilibria for a box of p": lambda: (
        cn.equilibrium(leaky(), np.zeros(4), cn.interval(1.5, 1.501)).certificate().document
    ),
    "krawczyk": lambda: cn.krawczyk(planar(), cn.interval([0.05, -0.3], [0.25, -0.1])).certificate().document,
    "no_periodic_orbits": lambda: cn.no_periodic_orbits(diagonal_family(), (-20.0, 20.0)).certificate().document,
    "spectrum": lambda: cn.spectrum([[1.0, 2.0, 0.0], [-2.0, -3.0, 1.0], [0.5, 0.0, 1.0]]).certificate().document,
}


@pytest.fixture(scope="module", params=list(DOCUMENTS))
def document(request: pytest.FixtureRequest) -> Document:
    return DOCUMENTS[request.param]()


def test_what_is_true_is_accepted(document: Document) -> None:
    found = cn.verify(document)
    assert found.ok, str(found)
    assert found.unchanged
    assert found.true
    assert found.checked == found.total == len(document["theorems"])
    for name, holds, detail in found.checks:
        assert isinstance(name, str)
        assert holds is True
        assert isinstance(detail, str)
    assert cn.verify(resealed(copy.deepcopy(document))).ok


def test_a_changed_file_fails_the_digest_layer(document: Document) -> None:
    changed = copy.deepcopy(document)
    changed["created"] = "2001-01-01T00:00:00+00:00"
    found = cn.verify(changed)
    assert not found.ok
    assert not found.unchanged
    assert found.true  # nothing that is claimed became false


# ---- every number, made false ---------------------------------------------------------------------------------------


def pairs(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all {"lo", "hi"} enclosures below a node."""
    if isinstance(node, dict):
        if set(node) >= {"lo", "hi"}:
            yield path
        for key, value in node.items():
            yield from pairs(value, (*path, key))
    elif isinstance(node, list):
        for k, value in enumerate(node):
            yield from pairs(value, (*path, k))


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


def numbers(text: str) -> list[float]:
    return [float.fromhex(word) for word in text.split()]


def text_of(values: list[float]) -> str:
    return " ".join(hex_float(x) for x in values)


def shifted(lo: float, hi: float, direction: int) -> tuple[float, float]:
    """The enclosure moved off itself by its own width and a little."""
    step = direction * (2.0 * (hi - lo) + 1e-13 * max(abs(lo), abs(hi)) + 1e-25)
    return lo + step, hi + step


# a parameter box is a hypothesis, and uniqueness boxes may move a little and still be right
NOT_ENCLOSURES = {"uniqueness", "isolation", "intervals", "region"}


def test_every_enclosure_shifted_is_refused(document: Document) -> None:
    checked = 0
    for k, entry in enumerate(document["theorems"][:2]):
        for path in pairs(entry["enclosures"]):
            if path and path[0] in NOT_ENCLOSURES:
                continue
            lo, hi = (numbers(at(entry["enclosures"], path)[end]) for end in ("lo", "hi"))
            for i in range(len(lo)):
                for direction in (-1, 1):
                    changed = copy.deepcopy(document)
                    box = at(changed["theorems"][k]["enclosures"], path)
                    low, high = list(lo), list(hi)
                    low[i], high[i] = shifted(lo[i], hi[i], direction)
                    box["lo"], box["hi"] = text_of(low), text_of(high)
                    found = cn.verify(resealed(changed))
                    assert found.unchanged
                    assert not found.true, f"{path}[{i}] moved by {direction} was accepted"
                    checked += 1
    if document["theorems"][0]["theorem"] in ("hopf_point", "equilibrium", "zero"):
        assert checked > 3


def test_every_disc_shifted_or_shrunk_is_refused(document: Document) -> None:
    entry = document["theorems"][0]
    if "eigenvalues" not in entry["enclosures"]:
        pytest.skip("no discs in this theorem")
    stored = entry["enclosures"]["eigenvalues"]
    for i in range(len(numbers(stored["radius"]))):
        for key in ("re", "im"):
            values = numbers(stored[key])
            values[i] += 4.0 * numbers(stored["radius"])[i] + 1e-10
            changed = copy.deepcopy(document)
            changed["theorems"][0]["enclosures"]["eigenvalues"][key] = text_of(values)
            assert not cn.verify(resealed(changed)).true, f"disc {i} with a shifted {key} was accepted"


def test_every_conclusion_flipped_is_refused(document: Document) -> None:
    for k, entry in enumerate(document["theorems"][:2]):
        for key, value in entry.get("conclusions", {}).items():
            others: list[Any] = []
            if isinstance(value, bool) or (value is None and key == "cycle_is_stable"):
                others = [x for x in (True, False, None) if x is not value]
            elif isinstance(value, int):
                others = [value + 1, value + 2, -1] + ([value - 1] if value else [])
            elif isinstance(value, str):
                others = [x for x in ("supercritical", "subcritical", "undetermined", "") if x != value]
            for other in others:
                changed = copy.deepcopy(document)
                changed["theorems"][k]["conclusions"][key] = other
                found = cn.verify(resealed(changed))
                assert not found.true, f"{key} = {other!r} was accepted"


def test_every_line_of_evidence_made_false_is_refused(document: Document) -> None:
    """Also says which hypothesis."""
    for index, line in enumerate(document["theorems"][0]["hypotheses"]):
        left, right = ([float.fromhex(end) for end in line[side]] for side in ("left", "right"))
        false_left = {
            "<": right[1] + 1.0, "<=": right[1] + 1.0, ">": right[0] - 1.0, ">=": right[0] - 1.0,
            "subset": right[1] + 1.0, "interior": right[1] + 1.0, "excludes": right[0], "contains": right[1] + 1.0,
        }  # fmt: skip
        changed = copy.deepcopy(document)
        target = changed["theorems"][0]["hypotheses"][index]
        value = false_left[line["relation"]]
        target["left"] = [hex_float(value), hex_float(max(value, left[1]) if line["relation"] == "excludes" else value)]
        found = cn.verify(resealed(changed))
        assert found.unchanged
        assert not found.true
        assert any(line["name"] in check.name for check in found.failures), str(found)

        for holds in (False, None, "yes"):
            changed = copy.deepcopy(document)
            changed["theorems"][0]["hypotheses"][index]["holds"] = holds
            assert not cn.verify(resealed(changed)).true

    changed = copy.deepcopy(document)
    changed["theorems"][0]["hypotheses"] = []
    assert not cn.verify(resealed(changed)).true


@pytest.mark.parametrize("method", ["diagonal", "general"])
def test_evidence_that_names_a_quantity_must_agree_with_it(method: str) -> None:
    """Lines whose relation still holds, but whose numbers are not those of this point."""
    made = hopf_document(method)
    tried = 0
    for index, line in enumerate(made["theorems"][0]["hypotheses"]):
        quantity = line["name"].startswith(("frequency", "transversality", "first Lyapunov"))
        distance = "gap of its disc" in line["name"] or "least distance" in line["name"]
        if not (quantity or distance):
            continue
        changed = copy.deepcopy(made)
        target = changed["theorems"][0]["hypotheses"][index]
        target["left"] = [hex_float(1.5 * float.fromhex(end) + (10.0 if distance else 0.0)) for end in line["left"]]
        found = cn.verify(resealed(changed))
        assert not found.true, f"{line['name']} with other numbers was accepted"
        tried += 1
    assert tried >= 4


@pytest.mark.parametrize("method", ["diagonal", "general"])
def test_an_isolating_box_that_is_too_large_is_refused(method: str) -> None:
    made = hopf_document(method)
    changed = copy.deepcopy(made)
    isolation = changed["theorems"][0]["isolation"]
    for key, text in isolation.items():
        isolation[key] = text_of([1e6 * x for x in numbers(text)])
    found = cn.verify(resealed(changed))
    assert not found.true
    assert any("isolating box" in check.name for check in found.failures)

    changed = copy.deepcopy(made)
    isolation = changed["theorems"][0]["isolation"]
    isolation["parameter_radius"] = hex_float(1e-40)
    assert not cn.verify(resealed(changed)).true


def test_the_radii_of_the_eigenvector_are_those_of_discs() -> None:
    """The zero is off by e (1 + i) in every entry: radii of 1.2 e hold both parts, but not the number."""
    e = 1e-9
    made = hopf_document("general")
    for factor, true in ((1.2, False), (1.5, True)):
        changed = copy.deepcopy(made)
        entry = changed["theorems"][0]
        for part in ("re", "im"):
            shifted_entries = [x + e for x in numbers(entry["hints"]["eigenvector"][part])]
            entry["hints"]["eigenvector"][part] = text_of(shifted_entries)
        for key, text in entry["isolation"].items():
            entry["isolation"][key] = text_of([factor * e] * len(numbers(text)))
        found = cn.verify(resealed(changed))
        assert found.true is true, str(found)


def test_uniqueness_boxes() -> None:
    """A box with three zeros, or one that does not hold the enclosure, is no box of uniqueness."""
    from capnode import Field, _core

    builder = _core.FieldBuilder(1, 0, False)  # x - x^3 / 4: zeros at -2, 0, 2
    x = builder.state()
    cubic = builder.affine(builder.power(x, 3), np.array([[0.25]]))
    field = Field(builder.build(builder.subtract(x, cubic)))
    made = cn.krawczyk(field, cn.interval([-0.25], [0.25])).certificate().document
    assert cn.verify(made).ok
    for lo, hi in (([-3.0], [3.0]), ([1.0], [3.0]), ([-0.25], [2.5])):
        changed = copy.deepcopy(made)
        changed["theorems"][0]["enclosures"]["uniqueness"] = {"lo": text_of(lo), "hi": text_of(hi)}
        assert not cn.verify(resealed(changed)).true


def test_excluded_intervals_cannot_grow() -> None:
    made = DOCUMENTS["no_periodic_orbits"]()
    intervals = made["theorems"][0]["enclosures"]["intervals"]
    assert len(numbers(intervals["lo"])) == 2
    for end, side in (("hi", 0), ("lo", 1)):
        values = numbers(intervals[end])
        values[side] *= 0.5  # into the gap between the two intervals
        changed = copy.deepcopy(made)
        changed["theorems"][0]["enclosures"]["intervals"][end] = text_of(values)
        assert not cn.verify(resealed(changed)).true


def coupled(p_entries: list[list[float]], function: str = "tanh") -> cn.Field:
    """x' = s(A(p) x), A(p) = [[-1, 8], [0.125, -1]] / 2 + p K, n = 2: no diagonal family unless K = I."""
    from capnode import Field, _core

    builder = _core.FieldBuilder(2, 1, False)
    x, p = builder.state(), builder.parameter()
    moved = builder.affine(x, np.array(p_entries))
    line = builder.add(
        builder.affine(x, np.array([[-0.5, 4.0], [0.0625, -0.5]])), builder.multiply(builder.gather(p, [0, 0]), moved)
    )
    return Field(builder.build(builder.apply(function, line)))


def test_orbits_excluded_in_the_whole_space_without_the_diagonal_family() -> None:
    """Theorem 1 with a D that is not I, for A(p) with dA/dp not I; the referee finds it too, and where it ends."""
    result = cn.no_periodic_orbits(coupled([[1.0, 0.0], [0.0, 0.5]]), (-1.0, -0.5))
    value = result.require()
    assert value.criterion == "potential"
    assert value.region is None
    assert len(value.scaling_lower) == 2
    made = result.certificate().document
    found = cn.verify(made)
    assert found.ok, str(found)
    # at p = 0.25 the determinant of A is negative: D A + A^T D is definite for no D
    changed = copy.deepcopy(made)
    changed["theorems"][0]["enclosures"]["intervals"]["hi"] = text_of([0.25])
    assert not cn.verify(resealed(changed)).true


@pytest.mark.parametrize("radius", [0.0, 1e-6])
def test_equilibria_alone_in_huge_boxes(radius: float) -> None:
    """A contracting field: the isolating box reaches to 1e6, where tanh' must be enclosed by 1 and not by infinity."""
    from capnode import Field, _core

    rng = np.random.default_rng(3)
    builder = _core.FieldBuilder(3, 0, False)
    x = builder.state()
    weights = 0.05 * rng.standard_normal((3, 3))
    rad = np.full((3, 3), radius) if radius else None
    drive = builder.affine(builder.apply("tanh", x), weights, rad, rng.standard_normal(3))
    result = cn.equilibrium(Field(builder.build(builder.subtract(drive, x))), [0.0, 0.0, 0.0])
    assert float(np.min(result.require().isolation.rad)) > 1e5
    found = cn.verify(result.certificate())
    assert found.ok, str(found)


def test_equilibria_of_many_fields() -> None:
    """What is proved has a certificate that is accepted, whatever the size of the isolating box."""
    from capnode import Field, _core

    proved = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = 2 + seed % 3
        builder = _core.FieldBuilder(n, 0, False)
        x = builder.state()
        drive = builder.affine(
            builder.apply("tanh", x), 1.2 * rng.standard_normal((n, n)), None, rng.standard_normal(n)
        )
        result = cn.equilibrium(Field(builder.build(builder.subtract(drive, x))), np.zeros(n))
        if not result.proved:
            continue
        proved += 1
        made = result.certificate()
        found = cn.verify(made)
        assert found.ok, str(found)
        entry = made.document["theorems"][0]["enclosures"]
        for end, sign in (("lo", 1.0), ("hi", -1.0)):
            inner, outer = numbers(entry["isolation"][end]), getattr(result.require().isolation, end)
            assert np.all(sign * np.array(inner) >= sign * outer), "the certificate claims more than was proved"
    assert proved >= 8


def test_spectra_of_sets_of_matrices() -> None:
    accepted = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        matrix = rng.standard_normal((4, 4))
        result = cn.spectrum(cn.interval(matrix - 1e-6, matrix + 1e-6))
        document = result.certificate().document
        accepted += cn.verify(document).ok
        discs = document["theorems"][0]["enclosures"]["eigenvalues"]
        stored, proved = np.array(numbers(discs["radius"])), result.require().eigenvalues.radius
        assert np.all(stored >= proved)
        discs["radius"] = text_of([0.1 * r for r in numbers(discs["radius"])])
        assert not cn.verify(resealed(document)).true
    assert accepted >= 9


def test_an_equilibrium_for_a_box_of_parameters() -> None:
    """The same parameter enters every component: its effects must not be added up as if they were independent."""
    field = leaky()
    result = cn.equilibrium(field, np.zeros(4), p=cn.interval([2.0], [2.001]))
    assert result.proved, repr(result)
    made = result.certificate().document
    found = cn.verify(made)
    assert found.ok, str(found)
    changed = copy.deepcopy(made)
    state = changed["theorems"][0]["enclosures"]["state"]
    middle = [0.5 * (a + b) for a, b in zip(numbers(state["lo"]), numbers(state["hi"]), strict=True)]
    state["lo"], state["hi"] = text_of(middle), text_of(middle)
    assert not cn.verify(resealed(changed)).true


@pytest.mark.parametrize("name", ["diagonal", "general", "equilibrium", "krawczyk", "no_periodic_orbits"])
def test_another_field_is_refused(name: str) -> None:
    """One weight is changed and every digest recomputed: the theorems are about another field."""
    made = DOCUMENTS[name]()
    [(digest, text)] = made["fields"].items()
    lines = text.split("\n")
    row = next(i for i, line in enumerate(lines) if line.startswith("tensor ")) + 1
    words = lines[row].split(" ")
    words[0] = hex_float(float.fromhex(words[0]) + (30.0 if name == "no_periodic_orbits" else 1e-3)).replace("0x", "")
    lines[row] = " ".join(words)
    body = "\n".join(lines[2:])
    new = hashlib.sha256(body.encode()).hexdigest()
    lines[1] = f"digest {new}"
    made["fields"] = {new: "\n".join(lines)}
    for entry in made["theorems"]:
        entry["field"] = new
    found = cn.verify(resealed(made))
    assert found.unchanged, str(found)
    assert not found.true
    assert digest != new


def test_a_field_whose_text_was_changed_is_noticed() -> None:
    made = DOCUMENTS["equilibrium"]()
    [(digest, text)] = made["fields"].items()
    made["fields"] = {digest: text.replace("tanh", "atan")}
    found = cn.verify(resealed(made))
    assert not found.ok
    assert any("field" in check.name for check in found.failures)


def test_the_words_cannot_say_more_than_the_numbers(document: Document) -> None:
    changed = copy.deepcopy(document)
    changed["theorems"][0]["statement"] += " The network is chaotic."
    changed["digest"] = document_digest(changed)
    found = cn.verify(changed)
    assert found.unchanged
    assert [check.name.split(": ")[-1] for check in found.failures] == ["the statement says what the numbers say"]


@pytest.mark.parametrize("junk", [None, 7, "", [], {}, "0x1p+0 0x1p+0 nan", "1e3x", [1, 2]])
def test_malformed_entries_fail_and_do_not_raise(document: Document, junk: Any) -> None:
    said_nowhere = {"criterion", "method"} | (
        {"hints"} if document["theorems"][0]["theorem"] != "hopf_point" else set()
    )
    for key in set(document["theorems"][0]) - said_nowhere:
        changed = copy.deepcopy(document)
        changed["theorems"][0][key] = junk
        changed["digest"] = document_digest(changed)
        assert not cn.verify(changed).true, key
    for key in document["theorems"][0]["enclosures"]:
        if document["theorems"][0]["enclosures"][key] == junk:
            continue
        changed = copy.deepcopy(document)
        changed["theorems"][0]["enclosures"][key] = junk
        changed["digest"] = document_digest(changed)
        if key == "region" or (key == "component" and junk == []):
            continue
        assert not cn.verify(changed).true, key


def test_a_sample_says_how_many_it_checked() -> None:
    made = hopf_document("general")
    found = cn.verify(made, points=1)
    assert found.ok
    assert (found.checked, found.total) == (1, len(made["theorems"]))
    with pytest.raises(ValueError, match="at least 1"):
        cn.verify(made, points=0)


def test_digest_only_certificates_need_the_field(tmp_path: Any) -> None:
    field = diagonal_family()
    made = cn.hopf_points(field, span=(-1, 1)).certificate(embed=False)
    assert not cn.verify(made).ok
    field.save(tmp_path / "f.capnode")
    assert cn.verify(made, fields=[tmp_path / "f.capnode"]).ok


@pytest.mark.parametrize("radius", [1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("method", ["diagonal", "general"])
def test_sets_of_networks(method: str, radius: float) -> None:
    field, span = (diagonal_family(radius), (-1, 1)) if method == "diagonal" else (leaky(radius), (0.1, 2.0))
    search = cn.hopf_points(field, span=span, method=method)  # type: ignore[arg-type]
    assert search.proved
    made = search.certificate()
    found = cn.verify(made)
    assert found.ok, str(found.failures)
    thin = copy.deepcopy(made.document)
    box = thin["theorems"][0]["enclosures"]["parameter"]
    lo, hi = float.fromhex(box["lo"]), float.fromhex(box["hi"])
    middle = 0.5 * (lo + hi)
    box["lo"], box["hi"] = hex_float(middle - 0.01 * (hi - lo)), hex_float(middle + 0.01 * (hi - lo))
    assert not cn.verify(resealed(thin)).true, "a parameter known better than the weights allow was accepted"


def test_precision_is_restored() -> None:
    import flint

    before = flint.ctx.prec
    cn.verify(DOCUMENTS["spectrum"]())
    assert flint.ctx.prec == before


def jordan(sizes: list[tuple[float, int]], rotate: bool) -> np.ndarray:
    """Jordan blocks (eigenvalue, size) and one pair 0.5 +- 3i, in a random orthonormal basis where `rotate`."""
    n = sum(k for _, k in sizes) + 2
    out, at = np.zeros((n, n)), 0
    for value, k in sizes:
        out[at : at + k, at : at + k] = value * np.eye(k) + np.diag(np.ones(k - 1), 1)
        at += k
    out[at:, at:] = [[0.5, 3.0], [-3.0, 0.5]]
    if not rotate:
        return out
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))[0]
    return np.asarray(q @ out @ q.T)


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_defective_matrices(k: int, rotate: bool) -> None:
    """Jordan blocks have no eigenvector basis; the referee groups them, and still counts and refuses."""
    result = cn.spectrum(jordan([(-1.0, k), (2.0, k)], rotate))
    assert result.proved
    made = result.certificate().document
    found = cn.verify(made)
    assert found.ok, str(found.failures)
    assert made["theorems"][0]["conclusions"] == {"positive": k + 2, "negative": k}
    made["theorems"][0]["conclusions"]["positive"] = k + 1
    assert not cn.verify(resealed(made)).true
