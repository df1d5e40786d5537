"""Which theorems have certificates, and what makes their entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from capnode.certificate_entries import equilibrium, hopf_point, no_periodic_orbits, spectrum, zero
from capnode.certificate_maps import iteration
from capnode.certificate_paths import exponents, trajectory
from capnode.certificate_robustness import adversarial_pair, input_class, robust_radius

Builder = Callable[[Any, Any], dict[str, Any]]

# the theorem's name in a result's provenance -> (its name in certificates, unless the entry has another; the builder).
# An entry with `layers` or `stages` names its fields there and hands them over as `fields`.
BUILDERS: dict[str, tuple[str, Builder]] = {
    "krawczyk": ("zero", zero),
    "interval_newton": ("zero", zero),
    "newton_kantorovich": ("zero", zero),
    "equilibrium": ("equilibrium", equilibrium),
    "Hopf point": ("hopf_point", hopf_point),
    "no_periodic_orbits": ("no_periodic_orbits", no_periodic_orbits),
    "spectrum": ("spectrum", spectrum),
    "integrate": ("trajectory", trajectory),
    "robust_radius": ("robust_radius", robust_radius),
    "input_class": ("input_class", input_class),
    "adversarial_pair": ("adversarial_pair", adversarial_pair),
    "iterate": ("map_iteration", iteration),
    "lyapunov_exponents": ("lyapunov_exponents", exponents),
}

# what has none, and why
REFUSALS: dict[str, str] = {
    "covered_radius": "a radius by a cover has no certificate, all its boxes would have to be integrated again: "
    "ask for method='norm'",
    "decision_boundary": "a decision boundary has no certificate; classes on its two sides have (input_class)",
    "poincare_map": "a return map has no certificate: integrate up to the section for that of a trajectory",
    "integrate_pieces": "a set cut into pieces has no certificate: integrate its pieces one at a time",
}
