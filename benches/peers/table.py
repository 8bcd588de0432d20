"""Prints lines of `scenario|variant|figure[|figure]`, of instructions and of allocations, as one Markdown table, each
variant over the floor of its own framework."""

import re
import sys

FLOOR = "floor of "
FLOORS = "GET without Origin, 1 origin"


def main() -> None:
    figures: dict[str, dict[str, list[float]]] = {}
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                scenario, variant, *more = line.strip().split("|")
                figures.setdefault(scenario, {}).setdefault(variant, []).extend(map(float, more))
    variants = [variant for variant in figures[FLOORS] if not variant.startswith(FLOOR)]
    print(f"| instructions · allocations / bytes | {' | '.join(variants)} |")
    print("|---|" + "---:|" * len(variants))
    row("the application without CORS", [figures[FLOORS][FLOOR + variant] for variant in variants], "")
    for scenario, found in figures.items():
        over = [[a - b for a, b in zip(found[variant], found[FLOOR + variant])] for variant in variants]
        row(scenario, over, "+")


def row(name: str, cells: list[list[float]], sign: str) -> None:
    texts = [
        f"{instructions:{sign},.0f} · {allocations:{sign}.0f} / {size:{sign},.0f}"
        for instructions, allocations, size in cells
    ]
    readable = re.sub(r"\d{4,}", lambda number: f"{int(number[0]):,}", name)
    print(f"| {readable} | {' | '.join(texts)} |")


main()
