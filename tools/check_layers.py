#!/usr/bin/env python3
"""Checks that includes point down, as src/layers.txt draws them.

    tools/check_layers.py [SRC_FOLDER]      default: src/ beside this file's folder

Prints one line per broken rule, "file:line: what is wrong", and exits 1 if there is one.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ONLY_INCLUDES = re.compile(r"^only (\S+) includes (\S+)$")
ONLY_FOR = re.compile(r"^(\S+) is only for (.+)$")


@dataclass
class Rules:
    """The diagram as data: a higher level is nearer the top of the file."""

    level: dict[str, int] = field(default_factory=dict)
    sole_includer: dict[str, str] = field(default_factory=dict)  # include prefix -> module
    only_for: dict[str, set[str]] = field(default_factory=dict)  # module -> modules that may use it


def read_rules(path: Path) -> Rules:
    rules = Rules()
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    for height, line in enumerate(reversed(lines)):
        if match := ONLY_INCLUDES.match(line):
            rules.sole_includer[match[2]] = match[1]
        elif match := ONLY_FOR.match(line):
            rules.only_for[match[1]] = set(match[2].split())
        else:
            rules.level.update({module: height for module in line.split()})
    return rules


def check_include(rules: Rules, module: str, include: str, quoted: bool) -> str | None:
    """Says what is wrong with `include` in a file of `module`, or None."""
    for prefix, sole in rules.sole_includer.items():
        if include.startswith(prefix):
            return None if module == sole else f"only {sole} may include {prefix}*"
    if not quoted:
        return None
    target, _, rest = include.partition("/")
    if target not in rules.level:
        return 'not of the form "module/file.h" with a module of layers.txt'
    if target == module:
        return None
    if rest.startswith("internal/"):
        return f"an internal header of {target}"
    if rules.level[target] >= rules.level[module]:
        direction = "up" if rules.level[target] > rules.level[module] else "sideways"
        return f"points {direction}: {module} may not include {target}"
    if module not in rules.only_for.get(target, {module}):
        return f"{target} is not for {module}"
    return None


def check_file(rules: Rules, module: str, path: Path, shown: Path) -> list[str]:
    problems = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        problem = check_include(rules, module, match[2], quoted=match[1] == '"')
        if problem:
            problems.append(f"{shown}:{number}: {match[2]}: {problem}")
    return problems


def check_tree(src: Path) -> list[str]:
    rules = read_rules(src / "layers.txt")
    problems = []
    for folder in sorted(path for path in src.iterdir() if path.is_dir()):
        if folder.name not in rules.level:
            problems.append(f"src/{folder.name}: not in layers.txt")
            continue
        sources = [path for path in sorted(folder.rglob("*")) if path.suffix in (".h", ".cc")]
        for path in sources:
            problems += check_file(rules, folder.name, path, Path("src") / path.relative_to(src))
    return problems


def main() -> int:
    default = Path(__file__).resolve().parent.parent / "src"
    problems = check_tree(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
    print("\n".join(problems) or "layers: every include points down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
