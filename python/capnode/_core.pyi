"""The C++ core. Nothing here is a public name. Written by tools/make_stub.py."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

compiler: str
version: str

class Cancellation:
    def __init__(self) -> None: ...
    def cancel(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...

class ClassMap:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

class Classifier:
    def __init__(
        self,
        layers: Sequence[tuple[Field, float]],
        stages: Sequence[tuple[Field, bool, float, int]],
        readout: Readout,
        parameter_lo: Any = ...,
        parameter_hi: Any = ...,
        t0: float = ...,
        encoder: Any = ...,
        offset: Any = ...,
        order: int = ...,
        tolerance: float = ...,
    ) -> None: ...
    def boundary_piece(
        self,
        i: int,
        k: int,
        centre: Sequence[float] | npt.NDArray[np.float64],
        axes: Sequence[float] | npt.NDArray[np.float64],
        radii: Sequence[float] | npt.NDArray[np.float64],
    ) -> dict[str, Any]: ...
    def class_map(
        self,
        box: Sequence[float] | npt.NDArray[np.float64],
        shape: Sequence[int],
        depth: int,
        budget: int,
        threads: int = ...,
        progress: Any = ...,
    ) -> dict[str, Any]: ...
    def class_map_of_cells(
        self, box: Sequence[float] | npt.NDArray[np.float64], boxes: Any, threads: int = ..., progress: Any = ...
    ) -> dict[str, Any]: ...
    def classify_cells(self, boxes: Any, threads: int = ...) -> dict[str, Any]: ...
    def decision_boundary(
        self,
        i: int,
        k: int,
        map: ClassMap,
        longest: float = ...,
        shortest: float = ...,
        max_pieces: int = ...,
        depth: int = ...,
        budget: int = ...,
        threads: int = ...,
        progress: Any = ...,
    ) -> dict[str, Any]: ...

class DenseOutput:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def enclosure(self, lo: Any, hi: Any, offsets: bool = ...) -> tuple[Any, ...]: ...
    def offsets(self) -> npt.NDArray[np.float64]: ...
    def step(self, index: int) -> dict[str, Any]: ...
    @property
    def dim(self) -> int: ...
    @property
    def steps(self) -> int: ...

class Eigenbasis:
    def __init__(self, mid: npt.ArrayLike, rad: npt.ArrayLike, accurate: bool = ..., repair: bool = ...) -> None: ...
    def bordered_solve(
        self,
        arg0: npt.ArrayLike,
        arg1: npt.ArrayLike,
        arg2: int,
        arg3: complex,
        arg4: float,
        arg5: npt.ArrayLike,
        arg6: npt.ArrayLike,
        arg7: npt.ArrayLike,
        arg8: npt.ArrayLike,
        arg9: npt.ArrayLike,
        arg10: npt.ArrayLike,
        arg11: complex,
        arg12: float,
    ) -> tuple[Any, ...] | None: ...
    def count(self) -> tuple[int, int, int]: ...
    def count_others(self, arg0: int) -> tuple[int, int, int]: ...
    def eigenvalue(self, arg0: int) -> tuple[Any, ...]: ...
    def left_eigenvectors(self, arg0: Sequence[int]) -> tuple[Any, ...]: ...
    def pairing(self, arg0: int) -> tuple[Any, ...]: ...
    def real_part(self, arg0: npt.ArrayLike, arg1: int) -> tuple[float, float]: ...
    def real_part_difference(self, arg0: npt.ArrayLike, arg1: int, arg2: int) -> tuple[float, float]: ...
    def right_eigenvectors(self, arg0: Sequence[int]) -> tuple[Any, ...]: ...
    def row_of_R(self, arg0: int) -> list[complex]: ...
    def shifted_solve(
        self,
        arg0: npt.ArrayLike,
        arg1: npt.ArrayLike,
        arg2: complex,
        arg3: float,
        arg4: npt.ArrayLike,
        arg5: npt.ArrayLike,
        arg6: npt.ArrayLike,
    ) -> tuple[Any, ...] | None: ...
    def widen(self, arg0: npt.ArrayLike) -> Eigenbasis: ...
    @property
    def alpha(self) -> float: ...
    @property
    def center(self) -> list[complex]: ...
    @property
    def conjugate(self) -> list[int]: ...
    @property
    def eigenvalue_radius(self) -> list[float]: ...
    @property
    def isolated(self) -> list[bool]: ...
    @property
    def radius(self) -> list[float]: ...
    @property
    def reason(self) -> str: ...
    @property
    def repaired(self) -> bool: ...
    @property
    def row_radius(self) -> list[float]: ...
    @property
    def separation(self) -> list[float]: ...
    @property
    def valid(self) -> bool: ...

class Field:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def capd_program(
        self,
        x_lo: npt.ArrayLike,
        x_hi: npt.ArrayLike,
        p_lo: npt.ArrayLike,
        p_hi: npt.ArrayLike,
        t0: float,
        t: float,
        order: int,
    ) -> str: ...
    def compose(self, x: Any, p: Any, t0: float = ...) -> npt.NDArray[np.float64]: ...
    def directional(self, x: Any, p: Any, dx: Any, dp: Any) -> npt.NDArray[np.float64]: ...
    def enclose(
        self, x_lo: Any, x_hi: Any, p_lo: Any, p_hi: Any, t_lo: float = ..., t_hi: float = ..., method: str = ...
    ) -> tuple[Any, ...]: ...
    def enclose_compose(
        self, x_lo: Any, x_hi: Any, p_lo: Any, p_hi: Any, t_lo: float = ..., t_hi: float = ..., interval: bool = ...
    ) -> tuple[Any, ...]: ...
    def enclose_jacobian(
        self, x_lo: Any, x_hi: Any, p_lo: Any, p_hi: Any, t_lo: float = ..., t_hi: float = ...
    ) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]: ...
    def enclose_jet(
        self,
        x_lo: Any,
        x_hi: Any,
        p_lo: Any,
        p_hi: Any,
        dx: npt.ArrayLike,
        dx_rad: npt.ArrayLike,
        dp: npt.ArrayLike,
        dp_rad: npt.ArrayLike,
        t_lo: float = ...,
        t_hi: float = ...,
    ) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.float64]]: ...
    def enclose_solution(
        self,
        x_lo: Any,
        x_hi: Any,
        p_lo: Any,
        p_hi: Any,
        order: int,
        t_lo: float = ...,
        t_hi: float = ...,
        interval: bool = ...,
    ) -> tuple[Any, ...]: ...
    def evaluate(self, x: Any, p: Any, t: float = ...) -> npt.NDArray[np.float64]: ...
    @staticmethod
    def from_text(text: str) -> Field: ...
    def jacobian(
        self, x: Any, p: Any, t: float = ...
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
    def jet(
        self, x: Any, p: Any, dx: npt.ArrayLike, dp: npt.ArrayLike, t: float = ...
    ) -> npt.NDArray[np.complex128]: ...
    @staticmethod
    def load(path: os.PathLike[str] | str | bytes) -> Field: ...
    def save(self, path: os.PathLike[str] | str | bytes) -> None: ...
    def solution(self, x0: Any, p: Any, order: int, t0: float = ...) -> npt.NDArray[np.float64]: ...
    def to_text(self) -> str: ...
    @property
    def capd_missing(self) -> list[Any]: ...
    @property
    def depends_on_time(self) -> bool: ...
    @property
    def digest(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def has_time(self) -> bool: ...
    @property
    def has_weight_radius(self) -> bool: ...
    @property
    def node_count(self) -> int: ...
    @property
    def operation_counts(self) -> dict[str, Any]: ...
    @property
    def parameter_dim(self) -> int: ...
    @property
    def weight_count(self) -> int: ...

class FieldBuilder:
    def __init__(self, dim: int, parameter_dim: int = ..., has_time: bool = ...) -> None: ...
    def add(self, arg0: int, arg1: int) -> int: ...
    def affine(self, x: int, weight: Any, weight_rad: Any = ..., bias: Any = ..., bias_rad: Any = ...) -> int: ...
    def apply(self, name: str, a: int) -> int: ...
    def build(self, output: int) -> Field: ...
    def concat(self, parts: Sequence[int]) -> int: ...
    def constant(self, mid: Any, rad: Any = ...) -> int: ...
    def divide(self, arg0: int, arg1: int) -> int: ...
    def gather(self, a: int, indices: Sequence[int]) -> int: ...
    def matvec(self, matrix: int, x: int, rows: int, cols: int) -> int: ...
    def multiply(self, arg0: int, arg1: int) -> int: ...
    def negate(self, arg0: int) -> int: ...
    def parameter(self) -> int: ...
    def power(self, a: int, exponent: int) -> int: ...
    def size(self, id: int) -> int: ...
    def state(self) -> int: ...
    def subtract(self, arg0: int, arg1: int) -> int: ...
    def time(self) -> int: ...

class FloatEnvironment:
    def __init__(self) -> None: ...
    @staticmethod
    def is_clean() -> bool: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: Any) -> None: ...

class FtleSpec:
    def __init__(
        self,
        layers: Sequence[tuple[Field, float]],
        stages: Sequence[tuple[Field, bool, float, int]],
        lower: Any,
        upper: Any,
        shape: Sequence[int],
        method: str,
        parameter_lo: Any = ...,
        parameter_hi: Any = ...,
        t0: float = ...,
        encoder: Any = ...,
        offset: Any = ...,
        budget: int = ...,
        width: float = ...,
        area_width: float = ...,
        tile: Sequence[int] = ...,
        derivative_order: int = ...,
        set_degree: int = ...,
        order: int = ...,
        tolerance: float = ...,
    ) -> None: ...
    def bound(self, boxes: Any) -> dict[str, Any]: ...
    @staticmethod
    def from_text(text: str, fields: Sequence[Field]) -> FtleSpec: ...
    def grid(self, axis: int) -> npt.NDArray[np.float64]: ...
    def tile_range(self, index: int) -> tuple[int, int, int, int]: ...
    @property
    def a_priori(self) -> tuple[float, float]: ...
    @property
    def digest(self) -> str: ...
    @property
    def fields(self) -> list[Field]: ...
    @property
    def method(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def text(self) -> str: ...
    @property
    def tiles(self) -> int: ...
    @property
    def time(self) -> tuple[float, float]: ...

class Readout:
    def __init__(self, weight: Any, bias: Any) -> None: ...
    def margins(self, arg0: Any, arg1: Any, arg2: Sequence[int]) -> tuple[Any, ...]: ...
    def possible(self, arg0: Any, arg1: Any) -> npt.NDArray[np.bool]: ...
    def scores(self, arg0: Any, arg1: Any) -> tuple[Any, ...]: ...
    @property
    def classes(self) -> int: ...
    @property
    def dim(self) -> int: ...

def accurate_product(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def adversarial_pair(
    layers: Sequence[tuple[Field, float]],
    readout: Readout,
    x: Any,
    y: Any,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    order: int = ...,
    tolerance: float = ...,
    max_seconds: float = ...,
) -> dict[str, Any]: ...
def apply_lanes(arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def ball_affine(
    arg0: npt.ArrayLike,
    arg1: npt.ArrayLike,
    arg2: npt.ArrayLike,
    arg3: npt.ArrayLike,
    arg4: npt.ArrayLike,
    arg5: npt.ArrayLike,
) -> tuple[Any, ...]: ...
def ball_form(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> tuple[Any, ...]: ...
def ball_product(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike
) -> tuple[Any, ...]: ...
def ball_to_interval(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> tuple[Any, ...]: ...
def blas_description() -> str: ...
def complex_ball_product(
    arg0: npt.ArrayLike,
    arg1: npt.ArrayLike,
    arg2: npt.ArrayLike,
    arg3: npt.ArrayLike,
    arg4: npt.ArrayLike,
    arg5: npt.ArrayLike,
) -> tuple[Any, ...]: ...
def covered_radius(
    layers: Sequence[tuple[Field, float]],
    readout: Readout,
    x: Any,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    order: int = ...,
    tolerance: float = ...,
    radius: float = ...,
    accuracy: float = ...,
    budget: int = ...,
    set_degree: int = ...,
    threads: int = ...,
    max_seconds: float = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def cpu_type() -> str: ...
def decimal_down(x: float, digits: int) -> str: ...
def decimal_up(x: float, digits: int) -> str: ...
def derivative_lanes(arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def diagonal_hopf_points(
    field: Field, lo: float, hi: float, cancellation: Cancellation | None = ...
) -> dict[str, Any]: ...
def double_derivatives(arg0: str, arg1: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
def double_double_apply(
    arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike
) -> tuple[Any, ...]: ...
def double_double_binary(
    arg0: str,
    arg1: npt.ArrayLike,
    arg2: npt.ArrayLike,
    arg3: npt.ArrayLike,
    arg4: npt.ArrayLike,
    arg5: npt.ArrayLike,
    arg6: npt.ArrayLike,
) -> tuple[Any, ...]: ...
def elementwise_functions() -> list[str]: ...
def equilibrium(
    field: Field, near: Sequence[float] | npt.NDArray[np.float64], p_lo: npt.ArrayLike, p_hi: npt.ArrayLike
) -> dict[str, Any]: ...
def extreme_eigenvalues(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike
) -> tuple[tuple[float, float], tuple[float, float]]: ...
def float_environment_is_clean() -> bool: ...
def float_solve(matrix: Any, right: Any) -> Any: ...
def float_solve_complex(matrix: npt.ArrayLike, right: npt.ArrayLike) -> Any: ...
def float_spectrum(matrix: Any, direction: Any) -> Any: ...
def ftle_tile(
    spec: FtleSpec, index: int, folder: os.PathLike[str] | str | bytes | None = ..., progress: Any = ...
) -> dict[str, Any]: ...
def ftle_tile_bytes(spec: FtleSpec, index: int) -> bytes: ...
def input_class(
    layers: Sequence[tuple[Field, float]],
    stages: Sequence[tuple[Field, bool, float, int]],
    readout: Readout,
    centres: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    order: int = ...,
    tolerance: float = ...,
    max_seconds: float = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def instruction_set() -> str: ...
def instruction_sets() -> list[str]: ...
def integrate(
    field: Field,
    centres: Any,
    *,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    duration: float,
    order: int = ...,
    tolerance: float = ...,
    derivative: bool = ...,
    dense: bool = ...,
    max_steps: int = ...,
    max_seconds: float = ...,
    threads: int = ...,
    step: str = ...,
    set_degree: int = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def integrate_layers(
    layers: Sequence[tuple[Field, float]],
    centres: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    order: int = ...,
    tolerance: float = ...,
    derivative: bool = ...,
    dense: bool = ...,
    max_steps: int = ...,
    max_seconds: float = ...,
    threads: int = ...,
    set_degree: int = ...,
    progress: Any = ...,
) -> list[Any]: ...
def integrate_split(
    field: Field,
    centre: Any,
    directions: Any,
    radii: Any,
    *,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    duration: float,
    order: int = ...,
    tolerance: float = ...,
    derivative: bool = ...,
    max_steps: int = ...,
    max_seconds: float = ...,
    max_pieces: int = ...,
    excess: float = ...,
    set_degree: int = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def interval_apply(arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def interval_binary(
    arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike, arg4: npt.ArrayLike
) -> tuple[Any, ...]: ...
def interval_derivatives(arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def interval_from_strings(arg0: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def interval_newton(
    field: Field,
    lo: npt.ArrayLike,
    hi: npt.ArrayLike,
    p_lo: npt.ArrayLike,
    p_hi: npt.ArrayLike,
    x_bar: Sequence[float] | npt.NDArray[np.float64] | None = ...,
) -> dict[str, Any]: ...
def interval_power(arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: int) -> tuple[Any, ...]: ...
def interval_power_derivatives(arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: int) -> tuple[Any, ...]: ...
def interval_question(
    arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike, arg4: npt.ArrayLike
) -> npt.NDArray[np.bool]: ...
def interval_unary(arg0: str, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def iterate(
    stages: Sequence[tuple[Field, bool, float, int]],
    centres: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    derivative: bool = ...,
    keep: bool = ...,
    max_seconds: float = ...,
    threads: int = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def jacobian_variation(
    field: Field,
    lo: Any,
    hi: Any,
    *,
    p: Any = ...,
    t_lo: float = ...,
    t_hi: float = ...,
    radius: float,
    time_radius: float = ...,
) -> tuple[float, float, float, float]: ...
def krawczyk(
    field: Field,
    lo: npt.ArrayLike,
    hi: npt.ArrayLike,
    p_lo: npt.ArrayLike,
    p_hi: npt.ArrayLike,
    x_bar: Sequence[float] | npt.NDArray[np.float64] | None = ...,
    A_bar: Any = ...,
) -> dict[str, Any]: ...
def load_ftle_run(folder: os.PathLike[str] | str | bytes) -> FtleSpec: ...
def log_determinant(mid: npt.ArrayLike, rad: npt.ArrayLike, norm: float = ...) -> Any: ...
def lyapunov_exponents(
    stages: Sequence[tuple[Field, float]],
    requests: Sequence[tuple[int, float, float]],
    centres: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    kind: str = ...,
    sum: bool = ...,
    order: int = ...,
    tolerance: float = ...,
    max_steps: int = ...,
    max_seconds: float = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def lyapunov_exponents_of_map(
    stages: Sequence[tuple[Field, bool, float, int]],
    requests: Sequence[tuple[int, float, float]],
    centres: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    kind: str = ...,
    sum: bool = ...,
    max_seconds: float = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def missing_ftle_tiles(folder: os.PathLike[str] | str | bytes, spec: FtleSpec) -> list[int]: ...
def newton_kantorovich(
    field: Field,
    x_bar: Sequence[float] | npt.NDArray[np.float64],
    R: float,
    p_lo: npt.ArrayLike,
    p_hi: npt.ArrayLike,
    weights: Sequence[float] | npt.NDArray[np.float64] | None = ...,
    A_bar: Any = ...,
) -> dict[str, Any]: ...
def no_periodic_orbits(
    field: Field,
    lo: float,
    hi: float,
    region_lo: npt.ArrayLike | None = ...,
    region_hi: npt.ArrayLike | None = ...,
    depth: int = ...,
) -> dict[str, Any]: ...
def open_ftle_run(folder: os.PathLike[str] | str | bytes, spec: FtleSpec) -> None: ...
def plain_flow(
    field: Field,
    starts: Any,
    *,
    parameter: Any = ...,
    duration: float,
    order: int = ...,
    tolerance: float = ...,
    derivative: bool = ...,
) -> dict[str, Any]: ...
def poincare_map(
    field: Field,
    normal: Any,
    offset_lo: float,
    offset_hi: float,
    centre: Any,
    directions: Any = ...,
    radii: Any = ...,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    returns: int = ...,
    direction: int = ...,
    derivative: bool = ...,
    backward: bool = ...,
    max_time: float = ...,
    order: int = ...,
    tolerance: float = ...,
    max_steps: int = ...,
    max_seconds: float = ...,
    t0: float = ...,
    max_pieces: int = ...,
    excess: float = ...,
) -> dict[str, Any]: ...
def point_ball_product(arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: npt.ArrayLike) -> tuple[Any, ...]: ...
def positive_definite(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> bool: ...
def product_exponents(
    factors: Sequence[tuple[npt.ArrayLike, npt.ArrayLike, float]], kind: str = ...
) -> dict[str, Any]: ...
def prove_hopf(
    field: Field, p_bar: float, omega_bar: float, x_bar: Any, v_bar: Any, cancellation: Cancellation | None = ...
) -> dict[str, Any]: ...
def read_ftle_tile(folder: os.PathLike[str] | str | bytes, spec: FtleSpec, index: int) -> Any: ...
def real_complex_ball_product(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike, arg4: npt.ArrayLike
) -> tuple[Any, ...]: ...
def recognise_diagonal_family(field: Field) -> tuple[Any, str]: ...
def refine_hopf_candidate(
    field: Field, p_bar: float, omega_bar: float, x_bar: Any, v_bar: Any, max_iterations: int = ...
) -> dict[str, Any]: ...
def robust_radius(
    layers: Sequence[tuple[Field, float]],
    readout: Readout,
    x: Any,
    parameter_lo: Any = ...,
    parameter_hi: Any = ...,
    t0: float = ...,
    order: int = ...,
    tolerance: float = ...,
    radius: float = ...,
    pieces: int = ...,
    max_seconds: float = ...,
    progress: Any = ...,
) -> dict[str, Any]: ...
def same_hopf_solution(a: Mapping[str, Any], b: Mapping[str, Any]) -> str: ...
def sha256_hex(bytes: bytes) -> str: ...
def spectral_norm_up(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> float: ...
def spectrum(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> dict[str, Any]: ...
def stability_count(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> tuple[bool, int, int, str]: ...
def stability_count_others(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: complex
) -> tuple[bool, int, int, int, str]: ...
def time_ball_products(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike, arg4: int
) -> float: ...
def use_instruction_set(arg0: str) -> None: ...
def verdict_names() -> list[str]: ...
def verdict_sentences() -> dict[str, Any]: ...
def verified_complex_solve(
    arg0: npt.ArrayLike,
    arg1: npt.ArrayLike,
    arg2: npt.ArrayLike,
    arg3: npt.ArrayLike,
    arg4: npt.ArrayLike,
    arg5: npt.ArrayLike,
) -> Any: ...
def verified_eigenpair(
    arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: complex, arg3: npt.ArrayLike, arg4: npt.ArrayLike
) -> Any: ...
def verified_inverse(arg0: npt.ArrayLike, arg1: npt.ArrayLike) -> Any: ...
def verified_solve(arg0: npt.ArrayLike, arg1: npt.ArrayLike, arg2: npt.ArrayLike, arg3: npt.ArrayLike) -> Any: ...
def widen_float32(arg0: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
def with_divergence(field: Field, factor: float = ...) -> Field: ...
