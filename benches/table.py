"""Prints lines of `scenario|variant|figure[|figure]` as a Markdown table, each variant over the scenario's floor; of several
runs the medians."""

import re
import statistics
import sys

VARIANTS = {
    "floor": "floor",
    "ours": "ours",
    "hand": "by hand",
    "hand, configured": "by hand, configured",
    "tower-http": "tower-http",
}


def main() -> None:
    unit, path = sys.argv[1:]
    scenarios: dict[str, dict[str, list[list[float]]]] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            scenario, variant, *figures = line.strip().split("|")
            runs = scenarios.setdefault(scenario, {}).setdefault(variant, [])
            runs.append([float(figure) for figure in figures])
    print(f"\n| {unit} | {' | '.join(VARIANTS.values())} |\n|---{'|---:' * len(VARIANTS)}|")
    for scenario, variants in scenarios.items():
        floor = variants.get("floor")
        cells = [cell(variants.get(variant), floor if variant != "floor" else None) for variant in VARIANTS]
        print(f"| {readable(scenario)} | " + " | ".join(cells) + " |")


def readable(scenario: str) -> str:
    one = re.sub(r"\b1 (origin|pattern)s", r"1 \1", scenario)
    return re.sub(r"\d{4,}", lambda number: f"{int(number[0]):,}", one)


def cell(runs: list[list[float]] | None, floors: list[list[float]] | None) -> str:
    if runs is None:
        return ""
    sign = "+" if floors else ""
    bases = floors or [[0.0] * len(figures) for figures in runs]
    over = [[figure - base for figure, base in zip(*run)] for run in zip(runs, bases)]
    texts = [f"{statistics.median(figures):{sign},.1f}".removesuffix(".0") for figures in zip(*over)]
    return texts[0] if len(texts) == 1 else f"{texts[0]} ({texts[1]})"


main()
