"""Which codes the checks can give, read from their source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import filing

FOLDER = Path(filing.__file__).parent
GIVERS = {"problem": (1, "code"), "NumberRefusal": (0, "code"), "PlaceFault": (1, "code")}
"""Who gives a code, and where in the call it stands."""
HANDED_ON = "_other_province"
"""Is handed its code first, which is read where it is called."""


class Unreadable(AssertionError):
    """A code that is not written so that it can be read here."""


def codes_of(path: Path) -> set[str]:
    """The codes in a module's calls, which are literals, or taken from a table of literals, or
    another finding's own `.code`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            local: dict[str, list[ast.expr]] = {argument.arg: [] for argument in function.args.args}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    local.setdefault(node.targets[0].id, []).append(node.value)
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and (code := _given(node)) is not None:
                    found |= set(_read(code, local, tables, f"{path.name}:{node.lineno}"))
    return found


def _given(call: ast.Call) -> ast.expr | None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in GIVERS:
        return call.args[0] if name == HANDED_ON else None
    position, keyword = GIVERS[name]
    named = [k.value for k in call.keywords if k.arg == keyword]
    return named[0] if named else call.args[position]


def _read(
    code: ast.expr, local: dict[str, list[ast.expr]], tables: dict[str, ast.expr], where: str
) -> Iterator[str]:
    match code:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _read(code.body, local, tables, where)
            yield from _read(code.orelse, local, tables, where)
        case ast.Attribute(attr="code"):
            pass  # another finding's
        case ast.Name(id=name) if name in local:  # one that was handed in is read at the caller
            for value in local[name]:
                yield from _read(value, local, tables, where)
        case ast.Subscript(value=ast.Name(id=name)) if name in tables:
            held = tables[name]
            for value in held.values if isinstance(held, ast.Dict) else [held]:
                yield from _read(value, local, tables, where)
        case _:
            raise Unreadable(f"{where}: write the code as a literal, or take it from a table")


def all_codes() -> set[str]:
    """Of every module of `filing/` that gives codes."""
    return {code for path in sorted(FOLDER.glob("*.py")) for code in codes_of(path)}
