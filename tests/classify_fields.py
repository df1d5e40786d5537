"""Classifiers for the tests of class maps and boundaries: fields whose boundary is known exactly, and the moons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

import capnode as cn
from flow_fields import scalar_field
from flow_oracle import solution
from oracle_field import Graph

DATA = Path(__file__).resolve().parents[1] / "examples" / "data"
LIFT = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


def lifted(f: Any) -> cn.Field:
    """x1' = x2' = 0, x3' = f(x1, x2): from (z1, z2, 0) the state at t = 1 is (z1, z2, f(z1, z2))."""
    return scalar_field(3, 0, lambda x, y, w: [0.0 * x, 0.0 * y, f(x, y)])


def level(value: float) -> cn.Readout:
    """Class 1 where x3 > value."""
    return cn.readout(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([0.0, -value]))


def moons_readout() -> cn.Readout:
    return cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")


def moons_field() -> cn.Field:
    return cn.Field.load(DATA / "moons_2_5_5_2.capnode")


def moons_graph() -> tuple[Graph, dict[int, Any]]:
    """The stored 2-5-5-2 network as the oracle reads it, from the text of its file."""
    lines = (DATA / "moons_2_5_5_2.capnode").read_text().splitlines()
    tensors: list[np.ndarray] = []
    k = 0
    while not lines[k].startswith("nodes"):
        if lines[k].startswith("tensor "):
            rows = int(lines[k].split()[1])
            tensors.append(np.array([[float.fromhex(x) for x in row.split()] for row in lines[k + 1 : k + 1 + rows]]))
            k += rows
        k += 1
    assert [t.shape for t in tensors] == [(5, 2), (5, 1), (5, 5), (5, 1), (2, 5), (2, 1)]
    graph, node = Graph(2, 0), 0
    graph.push(2, "state")
    for j in range(3):
        weight, bias = (tensors[2 * j], None), (tensors[2 * j + 1][:, 0], None)
        node = graph.push(weight[0].shape[0], "affine", node, weight, bias)
        if j < 2:
            node = graph.push(5, "apply", "tanh", node)
    return graph, graph.member(np.random.default_rng(0))


def moons_margin(z: Any, moons: tuple[Graph, dict[int, Any]], read: cn.Readout) -> Any:
    """s_0 - s_1 of the input z (exact doubles or arbs) at 200 bits."""
    final = solution(moons[0], [arb(x) for x in z], [], moons[1], 10.0).final
    w, b = read.weight, read.bias
    total = arb(float(b[0])) - arb(float(b[1]))
    for j in range(2):
        total += (arb(float(w[0, j])) - arb(float(w[1, j]))) * final[j]
    return total
