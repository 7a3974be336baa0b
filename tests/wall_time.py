"""Finds assertions on how long something really took: on a busy machine they fail and say nothing true."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time"}
CLOCKS |= {f"{name}_ns" for name in CLOCKS}
KEPT_BY = {"append", "add", "extend", "insert"}

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def asserted(source: str) -> list[int]:
    """The lines on which a duration is asserted to be short, or to be over by some moment."""
    if not any(clock in source for clock in (*CLOCKS, "time.time")):
        return []
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    timed = set[str]()  # functions of this module that return a duration
    while found := {each.name for each in functions if each.name not in timed and _returns(each, timed)}:
        timed |= found
    return sorted({line for scope in (tree, *functions) for line in _Scope(timed).learn(scope).lines(scope)})


def _returns(function: Function, timed: set[str]) -> bool:
    known = _Scope(timed).learn(function)
    given = (node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value)
    return any(known.has_duration(value) for value in given)


@dataclass
class _Scope:
    """What the names of one function stand for."""

    timed: set[str]
    moments: set[str] = field(default_factory=set)
    deadlines: set[str] = field(default_factory=set)
    durations: set[str] = field(default_factory=set)

    def learn(self, scope: ast.AST) -> "_Scope":
        before = -1
        while before != (before := sum(map(len, (self.moments, self.deadlines, self.durations)))):
            for target, value in _assigned(scope):
                names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
                if self.has_duration(value):
                    self.durations |= names
                elif self.has_deadline(value):
                    self.deadlines |= names
                elif self.has_moment(value):
                    self.moments |= names
        return self

    def lines(self, scope: ast.AST) -> Iterator[int]:
        waits = {id(node) for loop in _all(scope, ast.While) for node in ast.walk(loop)}
        for statement in _all(scope, ast.Assert):
            for left, operator, right in _comparisons(statement):
                if isinstance(operator, ast.Gt | ast.GtE):
                    left, right = right, left
                elif not isinstance(operator, ast.Lt | ast.LtE):
                    continue
                late = self.has_moment(left) and self.has_deadline(right) and id(statement) not in waits
                if late or self.has_duration(left) or self.has_rest(right):
                    yield statement.lineno

    def has_moment(self, value: ast.AST) -> bool:
        return any(_is_clock(node) or _is_name(node, self.moments) for node in ast.walk(value))

    def has_deadline(self, value: ast.AST) -> bool:
        sums = (node for node in _all(value, ast.BinOp) if isinstance(node.op, ast.Add))
        return any(map(self.has_moment, sums)) or any(
            _is_name(node, self.deadlines) for node in ast.walk(value)
        )

    def has_duration(self, value: ast.AST) -> bool:
        return any(map(self.has_moment, _differences(value))) or any(
            _is_name(node, self.durations) or _is_call(node, self.timed) for node in ast.walk(value)
        )

    def has_rest(self, value: ast.AST) -> bool:
        """What is left until a moment: a lower bound of it is an upper bound of what has passed."""
        return any(
            self.has_moment(each.right) and not self.has_moment(each.left) for each in _differences(value)
        )


def _assigned(scope: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            yield node.target, node.iter
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEPT_BY
        ):
            yield from ((node.func.value, given) for given in node.args)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def _comparisons(statement: ast.AST) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    for node in _all(statement, ast.Compare):
        yield from zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)


def _differences(value: ast.AST) -> Iterator[ast.BinOp]:
    return (node for node in _all(value, ast.BinOp) if isinstance(node.op, ast.Sub))


def _all(within: ast.AST, kind: type[Node]) -> Iterator[Node]:
    return (node for node in ast.walk(within) if isinstance(node, kind))


def _is_clock(node: ast.AST) -> bool:
    return _is_call(node, CLOCKS) or (isinstance(node, ast.Call) and ast.unparse(node.func) == "time.time")


def _is_call(node: ast.AST, names: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return _is_name(function, names) or (isinstance(function, ast.Attribute) and function.attr in names)


def _is_name(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
