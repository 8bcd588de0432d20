"""Compares what the layer costs over its floor with what was accepted, or accepts it: see `benches/run`."""

import sys

# Of the accepted instructions; no less than what an unlucky alignment costs.
TOLERANCE, LEAST = 0.03, 20


def over_the_floor(path: str) -> dict[str, int]:
    """The figures of `ours` over `floor`, or alone where a scenario has none, by scenario."""
    variants: dict[tuple[str, str], float] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            scenario, variant, figure, *_ = line.strip().split("|")
            variants[scenario, variant] = float(figure)
    return {
        scenario: round(figure - variants.get((scenario, "floor"), 0))
        for (scenario, variant), figure in variants.items()
        if variant == "ours"
    }


def main() -> int:
    what, accepted_path, instructions, allocations = sys.argv[1:]
    measured = {
        (scenario, unit): figure
        for unit, path in [("instructions", instructions), ("allocations", allocations)]
        for scenario, figure in over_the_floor(path).items()
    }
    if what == "accept":
        with open(accepted_path, "w", encoding="utf-8") as accepted:
            accepted.writelines(f"{scenario}|{unit}|{figure}\n" for (scenario, unit), figure in measured.items())
        print(f"accepted {len(measured)} figures")
        return 0
    changed = 0
    with open(accepted_path, encoding="utf-8") as lines:
        accepted = {(scenario, unit): int(figure) for scenario, unit, figure in (line.strip().split("|") for line in lines)}
    for scenario, unit in accepted.keys() | measured.keys():
        was, now = accepted.get((scenario, unit)), measured.get((scenario, unit))
        if was is None or now is None:
            print(f"{scenario}: {unit} are {'not measured any more' if now is None else 'new'}")
            changed += 1
            continue
        allowed = max(abs(was) * TOLERANCE, LEAST) if unit == "instructions" else 0
        if abs(now - was) > allowed:
            print(f"{scenario}: {now:,} {unit} over the floor, {was:,} were accepted")
            changed += 1
    if changed:
        print(f"{changed} of {len(measured)} figures changed: find out why, or accept them with `benches/run accept`")
        return 1
    print(f"{len(measured)} figures are as accepted")
    return 0


sys.exit(main())
