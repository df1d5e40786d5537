"""A Result passes on what the core said; nobody else can make one that is proved."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from capnode import _core
from capnode.errors import InternalError, NotProved
from capnode.result import Evidence, Provenance, Result, Verdict, result_from_core

HOLDS = ("contraction", 0.1, 0.2, "<", 1.0, 1.0, True)
FAILS = ("contraction", 1.1, 1.2, "<", 1.0, 1.0, False)
ABOUT = Provenance("test theorem")


def core(verdict: str, evidence: list[Any], value: Any = None, detail: str = "") -> dict[str, Any]:
    proved = verdict == "proved"
    return {"proved": proved, "verdict": verdict, "detail": detail, "evidence": evidence, "value": value}


def test_verdicts_are_those_of_the_core() -> None:
    assert {v.value: v.sentence for v in Verdict} == _core.verdict_sentences()


def test_users_cannot_construct_one() -> None:
    with pytest.raises(TypeError, match="answer of a theorem"):
        Result(object(), Verdict.proved, "", 1, (), ABOUT)


def test_proved() -> None:
    result = result_from_core(core("proved", [HOLDS], 3), lambda v: v + 1, ABOUT)
    assert result.proved
    assert result.require() == 4
    assert result.evidence == (Evidence("contraction", (0.1, 0.2), "<", (1.0, 1.0), True),)
    assert "proved" in repr(result)


def test_not_proved_says_why_and_raises_only_on_require() -> None:
    result = result_from_core(core("contraction_failed", [FAILS], detail="1.2 is not below 1"), lambda v: v, ABOUT)
    assert not result.proved
    assert result.value is None
    assert result.verdict.sentence in result.reason
    with pytest.raises(NotProved, match=r"1\.2 is not below 1"):
        result.require()
    with pytest.raises(NotProved):
        result.certificate()


@pytest.mark.parametrize(
    "contradiction",
    [core("proved", [FAILS], 3), core("proved", [HOLDS], None), {**core("singular", []), "proved": True}],
)
def test_contradictions_are_reported(contradiction: dict[str, Any]) -> None:
    with pytest.raises(InternalError):
        result_from_core(contradiction, lambda v: v, ABOUT)


def test_truth_value_is_refused() -> None:
    with pytest.raises(TypeError, match="proved"):
        bool(result_from_core(core("proved", [HOLDS], 3), lambda v: v, ABOUT))


def test_table_names_the_hypotheses() -> None:
    console = Console(record=True, width=100)
    console.print(result_from_core(core("contraction_failed", [FAILS]), lambda v: v, ABOUT))
    assert "contraction" in console.export_text()


@pytest.mark.parametrize("x", [1 / 3, -1 / 3, 1e-300 / 3, 0.1 + 0.2, 2.0**60 + 256, -0.999999999999])
def test_printed_enclosures_still_enclose(x: float) -> None:
    text = str(Evidence("a", (x, x + abs(x) * 1e-12), "<", (x, x), True))
    lo, hi = text.split("[")[1].split("]")[0].split(", ")
    assert float(lo) <= x
    assert x + abs(x) * 1e-12 <= float(hi)
