"""Wall time by stage and peak memory by rule of a finished run, from the files Snakemake's `benchmark:` left.

    python benchmarks/stages.py [results]        # prints the table of docs/performance.md

Jobs overlap, so the walls of a stage add up to more than the run took. CPU seconds and peak resident size are as
Snakemake sampled them; a job shorter than its sampling shows neither.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path


def measured(results: Path) -> dict[str, list[dict[str, float]]]:
    """What was measured of every job, by stage."""
    stages = defaultdict(list)
    for path in sorted(results.glob("**/benchmarks/**/*.tsv")):
        stages[stage(path)].append(numbers(path))
    return stages


def stage(path: Path) -> str:
    """The first name behind `benchmarks` of a benchmark file."""
    return path.parts[path.parts.index("benchmarks") + 1].removesuffix(".tsv")


def numbers(path: Path) -> dict[str, float]:
    """Seconds `s`, `cpu_time` and `max_rss` of a benchmark file; what was not sampled is left out."""
    with path.open(newline="") as handle:
        row = next(csv.DictReader(handle, delimiter="\t"))
    return {key: float(row[key]) for key in ("s", "cpu_time", "max_rss") if row[key] not in ("NA", "-", "")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"))
    rules = measured(parser.parse_args().results)
    if not rules:
        parser.error("no benchmark files there; run `make demo` first")
    print("| rule | jobs | wall, s (sum) | wall, s (longest) | CPU, s (sum) | peak resident, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    for rule, rows in sorted(rules.items(), key=lambda item: -sum(row["s"] for row in item[1])):
        walls = [row["s"] for row in rows]
        cpu, peaks = (sum(row.get("cpu_time", 0.0) for row in rows), [row["max_rss"] for row in rows if "max_rss" in row])
        peak = f"{max(peaks):.0f}" if peaks else "–"
        print(f"| {rule} | {len(rows)} | {sum(walls):.1f} | {max(walls):.1f} | {cpu:.1f} | {peak} |")


if __name__ == "__main__":
    main()
