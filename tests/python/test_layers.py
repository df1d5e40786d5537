"""The house has floors: a file may know only the floors below its own, and some things have one place each."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "capnode"

# every floor with those that it may include, in the order of the house
FLOORS = ["numerics", "field", "proof", "flow", "capd", "dynamics"]

CPP_FILES = sorted(path for path in CPP.rglob("*") if path.suffix in {".hpp", ".cpp", ".def", ".inl"})
PYTHON_FILES = sorted(PYTHON.rglob("*.py"))


def code_of(path: Path) -> str:
    """C++ without comments and refusals: what the compiler acts on."""
    text = path.read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*|#error[^\n]*", "", text)


def floor_of(path: Path) -> str | None:
    parts = path.relative_to(CPP).parts
    if parts[0] == "include":
        return parts[2] if len(parts) > 3 else None
    if parts[0] == "src":
        return parts[1]
    return parts[0]  # bindings, apps


def included(path: Path) -> list[str]:
    return re.findall(r'#\s*include\s+["<]([^">]+)[">]', code_of(path))


def test_the_tree_is_there() -> None:
    assert len(CPP_FILES) > 20
    assert len(PYTHON_FILES) > 10


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_cpp_includes_look_down(path: Path) -> None:
    floor = floor_of(path)
    for name in included(path):
        assert not re.search(r"pybind11|Python\.h|numpy/", name) or floor == "bindings", (
            f"{name}: pybind11 is for bindings"
        )
        match = re.match(r"capnode/(\w+)/", name)
        if match is None:
            continue
        assert match[1] in FLOORS, f"{name}: unknown floor {match[1]}"
        if floor in FLOORS:
            assert FLOORS.index(match[1]) <= FLOORS.index(floor), f"{floor} must not know {match[1]} ({name})"


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rounding_mode_has_one_place(path: Path) -> None:
    if path.stem == "float_environment":
        return
    forbidden = r"\b(fesetround|fesetenv|feholdexcept|feupdateenv|_mm_setcsr|_MM_SET_\w+|\w*ldmxcsr|fldcw)\b"
    found = re.search(forbidden, code_of(path))
    assert found is None, f"{found and found[0]}: only float_environment touches the floating-point environment"


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_pragmas_that_change_arithmetic(path: Path) -> None:
    text = code_of(path)
    assert not re.search(r"fast-math|\bFP_CONTRACT\s+ON|Ofast|float_control|associative_math|target_clones", text)


def test_build_files_have_no_forbidden_flags() -> None:
    files = [ROOT / "CMakeLists.txt", ROOT / "pyproject.toml", *sorted((ROOT / "cmake").glob("*"))]
    files += sorted(ROOT.rglob("CMakeLists.txt"))
    flags = (
        r"-Ofast|(?<!no-)fast-math|-funsafe|-freciprocal|-fassociative|-frounding-math|-march=native"
        r"|-ffp-contract=(?!off)"
    )
    for path in files:
        if "build" in path.relative_to(ROOT).parts:
            continue
        text = re.sub(r"#[^\n]*", "", path.read_text())
        if path.name == "FindCAPD.cmake":  # what includes CAPD's headers is compiled for rounding by switching
            text = text.replace("-frounding-math", "")
        found = re.search(flags, text)
        assert found is None, f"{path.name}: {found and found[0]}"
    assert "-ffp-contract=off" in (ROOT / "cmake" / "CapnodeCompileOptions.cmake").read_text()


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_capd_has_one_place(path: Path) -> None:
    parts = path.relative_to(CPP).parts
    if "capd" in parts:
        return
    for name in included(path):
        assert not name.startswith(("capd/", "capnode/capd/")), (
            f"{name}: only the floor `capd` and its bindings know CAPD"
        )


@pytest.mark.parametrize("path", [p for p in CPP_FILES if p.suffix == ".cpp"], ids=lambda p: str(p.relative_to(ROOT)))
def test_headers_do_not_know_sources(path: Path) -> None:
    for name in included(path):
        assert not name.endswith(".cpp")


# ---- Python ----------------------------------------------------------------------------------------------------------

ONE_PLACE = {"torch": "torch_import", "safetensors": None, "matplotlib": "plot.py", "flint": "verification"}


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, whether it runs when the file is imported) of every import that is not for types only."""
    tree = ast.parse(path.read_text())
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, at_import: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                visit(child, at_import)
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, at_import) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append((node.module or "", at_import))
            found.extend((f"{node.module}.{alias.name}", at_import) for alias in node.names)
        inside = at_import and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree, True)
    return found


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PYTHON)))
def test_optional_packages_have_one_place(path: Path) -> None:
    place = path.relative_to(PYTHON).parts[0]
    for module, at_import in imports(path):
        top = module.split(".")[0]
        if top in ONE_PLACE and ONE_PLACE[top] is not None:
            assert place == ONE_PLACE[top], f"{module} is imported outside {ONE_PLACE[top]}"
        elif top == "safetensors":
            assert not at_import or place == "torch_import", "safetensors is optional: import it inside a function"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PYTHON)))
def test_optional_places_are_imported_late(path: Path) -> None:
    """`import capnode` must work without the extras, so these modules are imported inside functions only."""
    place = path.relative_to(PYTHON).parts[0]
    for module, at_import in imports(path):
        for optional in ("capnode.torch_import", "capnode.plot", "capnode.verification"):
            if at_import and (module == optional or module.startswith(optional + ".")):
                own = place.removesuffix(".py") == optional.split(".")[1]
                assert own, f"{module} is imported when {path.name} is"


def test_the_referee_does_not_know_the_core() -> None:
    """capnode.verification shares no code with what it checks: it may know its own files and the sentences."""
    allowed = ("capnode.verification", "capnode.statements")
    for path in sorted((PYTHON / "verification").rglob("*.py")):
        for module, _ in imports(path):
            if not module.startswith("capnode") or module.startswith(allowed):
                continue
            # the entry point opens a Certificate, which holds the document and nothing else
            assert path.name == "verifier.py", f"{path.name} imports {module}"
            assert module.startswith("capnode.certificate"), f"{path.name} imports {module}"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PYTHON)))
def test_python_house_rules(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a file starts by stating its idea"
    if len(tree.body) > 1:
        assert "from __future__ import annotations" in text


def test_import_without_the_extras() -> None:
    """A fresh interpreter that cannot import torch, matplotlib, flint or safetensors can still import capnode."""
    import subprocess
    import sys

    code = (
        "import sys\n"
        "for name in ('torch', 'matplotlib', 'flint', 'safetensors'): sys.modules[name] = None\n"
        "import capnode\n"
        "for name in capnode.__all__: getattr(capnode, name)\n"
        "assert capnode.__version__\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
