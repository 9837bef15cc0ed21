#!/usr/bin/env python3
"""Finds forms around co_await that some compilers get wrong (g++ 12 destroys temporaries twice).

usage: check_coroutines.py [FOLDER]      checks every .cc and .h below it (default: src)
       check_coroutines.py --self-test

In one full expression with co_await there may be no braces and no conditional operator: put
arguments into named locals first and move them in.
"""
import pathlib
import re
import sys

KEYWORD = re.compile(r"\bco_await\b")
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments_and_texts(source):
    """Blanks them, keeping every offset and line."""
    return COMMENT_OR_TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source)


def expression_around(code, at):
    """The statement that holds code[at]: from the last ; { } at its level to the next ;.

    A brace that an open parenthesis or comma precedes belongs to the expression, not to a block.
    """
    depth, start = 0, at
    while start > 0:
        character = code[start - 1]
        if character in ")]":
            depth += 1
        elif character in "([":
            depth -= 1
        elif character == ";" and depth <= 0:
            break
        elif character == "}" and depth <= 0:
            break
        elif character == "{" and depth <= 0 and starts_block(code, start - 1):
            break
        start -= 1
    end, depth = at, 0
    while end < len(code):
        character = code[end]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == ";" and depth <= 0:
            break
        elif character == "{" and depth <= 0 and starts_block(code, end):
            break
        end += 1
    return code[start:end]


def starts_block(code, brace):
    """True when the brace opens a block: after ), a keyword, or at a statement's start."""
    before = code[:brace].rstrip()
    if not before or before[-1] in ";{}":
        return True
    if re.search(r"\b(else|do|try|const|noexcept|mutable)$", before):
        return True
    if before[-1] != ")":
        return False
    return block_head_precedes(before)


def block_head_precedes(before):
    """True for `if (...)`, `while (...)`, `for (...)`, `switch (...)` or a function's parameters."""
    depth, at = 0, len(before)
    while at > 0:
        at -= 1
        if before[at] == ")":
            depth += 1
        elif before[at] == "(":
            depth -= 1
            if depth == 0:
                break
    return re.search(r"\b\w+\s*$|\]\s*$", before[:at]) is not None


def problems(source):
    code = without_comments_and_texts(source)
    for match in KEYWORD.finditer(code):
        expression = expression_around(code, match.start())
        line = code.count("\n", 0, match.start()) + 1
        if "{" in expression:
            yield line, "braces in an expression with co_await"
        if re.search(r"(?<!\?)\?(?!\?)", expression):
            yield line, "conditional operator in an expression with co_await"


GOOD = [
    "void f() { const auto [error, n] = co_await g(a, b); }",
    "void f() { if (x) { co_await g(); } }",
    "void f() { while (co_await g()) { h(); } }",
    "void f() { int a = 1; co_return co_await g(std::move(a)); }",
    'void f() { co_await g("{?}"); }  // co_await h({1})',
    "void f() { bool b = c ? d : e; co_await g(b); }",
]
BAD = [
    "void f() { co_await g({1, 2}); }",
    "void f() { co_await g(Agg{.a = 1}); }",
    "void f() { use(cond ? co_await g() : T()); }",
    "void f() { Agg a{co_await g(), co_await h(), 3}; }",
    "void f() { auto x = Agg{co_await g()}; }",
]


def self_test():
    for code in GOOD:
        assert not list(problems(code)), "wrongly found a problem: " + code
    for code in BAD:
        assert list(problems(code)), "missed: " + code
    print("self-test passed: %d cases" % (len(GOOD) + len(BAD)))


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    files = [path for path in sorted(root.rglob("*")) if path.suffix in (".cc", ".h")]
    found = 0
    for path in files:
        for line, problem in problems(path.read_text(encoding="utf-8")):
            print("%s:%d: %s" % (path, line, problem))
            found += 1
    print("%d files, %d problems" % (len(files), found))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
