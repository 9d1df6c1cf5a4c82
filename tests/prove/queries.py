"""Every SQL statement of the product, found in its code: module-level constants, by module and name."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGES: Final = ("cardroom/service", "wallet_worker", "shard_router")
WORDS: Final = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "MERGE ")
"""How a statement that reads or writes rows begins."""
ASKS_NOTHING: Final = frozenset({"SELECT 1"})
"""What may stand anywhere: it only asks whether somebody answers."""


def find_queries() -> Mapping[str, str]:
    """Give all statements that are constants of a module, or values of a mapping that is one."""
    found: dict[str, str] = {}
    for path in _modules():
        module = importlib.import_module(_name(path))
        for name in _constants(path):
            value = getattr(module, name)
            if isinstance(value, str) and _is_query(value):
                found[f"{module.__name__}:{name}"] = value
            elif isinstance(value, Mapping):
                texts = {key: text for key, text in value.items() if isinstance(text, str)}
                queries = {key: text for key, text in texts.items() if _is_query(text)}
                found |= {f"{module.__name__}:{name}[{key}]": text for key, text in queries.items()}
    return found


def find_hidden() -> list[str]:
    """Name the places where SQL stands inside of a function or class, where nobody would find it."""
    return [
        f"{_name(path)}:{node.lineno}"
        for path in _modules()
        for scope in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(scope)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_query(node.value)
        if node.value not in ASKS_NOTHING
    ]


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "__main__.py":
                yield path


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _constants(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_query(text: str) -> bool:
    return text.lstrip().startswith(WORDS)
