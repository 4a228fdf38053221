"""Single-line faults that the unit tests must catch: each is planted in a copy of the tree, and its tests are run.

    python tests/faults.py [WORD …]       all faults, or those whose place or text holds one of the words

A fault is a place, the old text, the new text and the tests that must fail. The place is a part of the module's path: the
module is found by it and by the old text, which must stand there once, so that moved files need no edit here. The table says
of each fault whether it was killed; the exit status is 1 if one survived. pytest does not collect this file.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("workflow/scripts/mergecast")
LEFT_OUT = shutil.ignore_patterns(".git", ".hypothesis", ".snakemake", ".venv", "__pycache__", "results", "logs")
PASSED, FAILED = 0, 1  # exit statuses of pytest


@dataclass(frozen=True)
class Fault:
    place: str
    old: str
    new: str
    tests: str  # arguments of pytest, files without folder and suffix

    def module(self, root: Path) -> Path:
        """The module that holds the old text. Raises LookupError unless it stands exactly once in exactly one."""
        paths = [path for path in sorted((root / PACKAGE).rglob("*.py")) if self.place in str(path.relative_to(root / PACKAGE))]
        found = [path for path in paths for _ in range(path.read_text(encoding="utf-8").count(self.old))]
        if len(found) != 1:
            raise LookupError(f"{self.place}: {self.old!r} stands there {len(found)} times; correct the list of faults")
        return found[0]


FAULTS = [
    # Correlations and their summary.
    Fault("evaluation", "return merged / fine_tuned", "return merged / max(fine_tuned, 0.5)", "test_evaluation -k normalised"),
    Fault("prediction/scores", "(2 * defined >= n_folds)", "(2 * defined > n_folds)", "test_scores"),
    Fault("prediction/scores", "/ (1 + draws.shape[-1])", "/ draws.shape[-1]", "test_scores"),
    Fault("prediction/scores", "against = (centred(measured, level) ** 2)", "against = (centred(predicted, level) ** 2)",
          "test_scores"),
    Fault("prediction/scores", "np.maximum(np.abs(values), np.abs(level)), 0.0, less)", "0 * np.abs(values), 0.0, less)",
          "test_scores"),
    Fault("prediction/scores", "pearsons(centred(measured, level), centred(predicted, level))", "pearsons(measured, predicted)",
          "test_scores"),
    Fault("prediction/scores", "np.nan_to_num(draws).max(axis=0)", "np.nan_to_num(draws).mean(axis=0)", "test_scores"),
    Fault("prediction/scores", "FEWEST_DRAWS = 199", "FEWEST_DRAWS = 1", "test_scores"),
    Fault("prediction/tables", "return np.subtract(*(", "return -np.subtract(*(", "test_scores"),
    Fault("prediction/tables", "directed = fold[\"target\"] in DIRECTED", "directed = False", "test_scores"),
    Fault("prediction/tables", "names = sorted(tasks)", "names = list(tasks)", "test_scores"),
    Fault("prediction/scores", "sum(value != 0 for value", "sum(value > 0 for value", "test_scores"),
    Fault("prediction/columns", "NOISE * np.abs(values)", "NOISE + 0 * np.abs(values)", "test_scores"),
    # The bootstrap over tasks.
    Fault("bootstrap", "drawn[:, a] * drawn[:, b]", "drawn[:, a] + drawn[:, b]", "test_scores"),
    Fault("bootstrap", "[(1 - LEVEL) / 2, (1 + LEVEL) / 2]", "[1 - LEVEL, LEVEL]", "test_scores"),
    Fault("bootstrap", "count = np.where(np.isnan(r), 0, count)", "count = np.where(np.isnan(r), count, count)", "test_scores"),
    Fault("analysis/subsets", ".prod(axis=2)", ".sum(axis=2)", "test_analysis"),
    # Splits.
    Fault("splits", "np.flatnonzero(count == 0), np", "np.flatnonzero(count < 2), np", "test_prediction -k l2to"),
    Fault("splits", "if unseen == 2 and len(tasks)", "if unseen == 1 and len(tasks)", "test_prediction -k 'inner or two'"),
    Fault("splits", 'seed_for("disjoint", number, seed=seed)', 'seed_for("disjoint", number, seed=0)',
          "test_prediction -k disjoint"),
    Fault("splits", "(len(names) + 1) // 2", "len(names) // 2", "test_prediction -k disjoint"),
    # The null.
    Fault("permutations", "if not design.directed:", "if True:", "test_prediction -k relabelling"),
    Fault("prediction/folds", "targets[fold.train].mean(axis=0)", "targets.mean(axis=0)", "test_prediction -k baselines"),
    # Intervals.
    Fault("prediction/intervals", "for row in fit}) >= FEWEST", "for row in fit}) >= 1", "test_prediction -k three_pairs"),
    Fault("prediction/folds", "missed = np.concatenate(residuals)", "missed = 2 * np.concatenate(residuals)",
          "test_prediction -k order_statistic"),
    Fault("prediction/tables", '[2 * width] * len(fold', '[width] * len(fold', "test_scores"),
    # What is learnt from.
    Fault("prediction/design", "(b, a): -value for", "(b, a): value for", "test_prediction -k directed"),
    Fault("prediction/design", "for role in pair for task", "for role in pair[::-1] for task", "test_prediction -k directed"),
    Fault("analysis/noise", "error.var(axis=0)", "error.var(axis=1)", "test_noise"),
    Fault("files", "count=count).astype(bool)", "count=count, bitorder='little').astype(bool)", "test_noise test_evaluation"),
    # Predictors.
    Fault("_ridge", "- missing) ** 2).mean(axis=0)", "- missing) ** 2).sum(axis=0)", "test_predictors -k ridge"),
    Fault("kernel_ridge", '"widths") / X.shape[1]', '"widths") / len(X)', "test_predictors -k kernel"),
    Fault("gaussian_process", "np.log(spread).sum(axis=1)", "np.log(spread).mean(axis=1)", "test_predictors -k gaussian"),
    Fault("_network", ">= dropout) / (1 - dropout)", ">= dropout) / 1", "test_predictors -k 'mlp or network or dropout'"),
    Fault("best_metric", "strength = np.abs(slopes)", "strength = slopes", "test_predictors -k best"),
    Fault("_adam", "1 - SQUARE_DECAY**step", "1 - DECAY**step", "test_predictors -k pearson"),
    Fault("_blocks", "np.clip(X[:, self._columns], self.low_, self.high_)", "X[:, self._columns]", "test_forecasters"),
    Fault("_blocks", "return np.concatenate([mean, groups - mean], axis=2)", "return np.concatenate([mean, groups], axis=2)",
          "test_forecasters test_predictors"),
    Fault("prediction/design", "others = seen[:, None] & ~np.eye(", "others = np.ones_like(seen)[:, None] & ~np.eye(",
          "test_forecasters"),
    Fault("prediction/design", "mean[number[frozenset(pair)], row] = 0.5", "mean[number[frozenset(pair)], row] = 1.0",
          "test_forecasters"),
    Fault("prediction/intervals", "if level > count / (count + 1) + 1e-9:", "if level > 1:", "test_scores test_prediction"),
    Fault("prediction/intervals", "held = np.flatnonzero(count == 0), np.flatnonzero(count == unseen)",
          "held = np.flatnonzero(count < 2), np.flatnonzero(count == unseen)", "test_scores"),
    # Analyses.
    Fault("analysis/greedy", "(np.sqrt(total) - np.sqrt(reached) >=", "(total - reached >=", "test_analysis_refits -k greedy"),
    Fault("analysis/_coefficients", "/ max(map(len, tops))", "/ min(map(len, tops))", "test_analysis"),
    Fault("analysis/selection", "(sides != fold).all(axis=1)", "(sides != fold).any(axis=1)", "test_analysis"),
    Fault("analysis/transfer", ".get(train_name, 0)", ".get(test_name, 0)", "test_analysis_refits -k transfer"),
    Fault("analysis/correlations", ">= abs(r) - scores.CLOSE", ">= r - scores.CLOSE", "test_analysis"),
    Fault("analysis/transfer", "left.given(train), right.given(rest)", "left.given(train), right.given(held)",
          "test_analysis_refits -k covariates"),
    Fault("analysis/interaction", "left = values - fit[0] - effects @ fit[1:]", "left = values - fit[0]", "test_frontier"),
    Fault("analysis/frontier", "nnls(counts / scale / seconds[:, None]", "nnls(counts / scale / seconds[:, None] ** 2",
          "test_frontier"),
    Fault("analysis/frontier", "weight = np.divide(s, s + t", "weight = np.divide(t, s + t", "test_frontier"),
    Fault("analysis/frontier", "apart = ~np.isin(table, pair).any(axis=1)", "apart = np.ones(len(table), dtype=bool)",
          "test_frontier"),
    Fault("analysis/frontier", "self.own + self.cross * (n - 1)", "self.own + self.cross * n", "test_frontier"),
    Fault("analysis/split_half", "for part in np.array_split(order, 2)]", "for part in (order, order)]", "test_split_half"),
    # Plans.
    Fault("planning/improvement", "smooth = gap * ndtr(z) + sd", "smooth = gap * ndtr(z) - sd", "test_planner -k integral"),
    Fault("planning/improvement", "max(best, outcomes[pick])", "outcomes[pick]", "test_planner -k on_the_way"),
    Fault("planning/hindsight", "none *= 1 - hit", "none = 1 - hit", "test_planner -k orders"),
    Fault("planning/candidates", "kept[members[:, t], members[:, b]]", "kept[members[:, b], members[:, t]]", "test_planner"),
    Fault("planning/plan", "wish.holds(proposed) & ~_in(proposed, made)", "wish.holds(proposed)", "test_planner"),
    Fault("analysis/planner/", 'wide[(wide["task_a"] != task) & (', 'wide[(', "test_planner_scored"),
    Fault("analysis/planner/", 'wide["fold"] == task if split', 'wide["fold"] != task if split', "test_planner_scored"),
    # The kept forecaster and what it is asked.
    Fault("prediction/forecaster", "(np.clip(X, self.arrays[\"low\"], self.arrays[\"high\"]) - self", "(X - self",
          "test_forecaster"),
    Fault("prediction/forecaster", "self._scaled(X) - self._scaled(self.arrays[\"typical\"][None])", "self._scaled(X)",
          "test_forecaster"),
    Fault("prediction/forecaster", "known.get(pair[role == \"other\"]) == task", "pair[role == \"other\"] == task",
          "test_forecaster"),
    Fault("prediction/forecaster", "if _hash(arrays) != stated:", "if not stated:", "test_forecaster"),
    Fault("prediction/fitting", "fitted(fold.train, 0, ", "fitted(np.arange(len(design.pairs)), 0, ", "test_forecaster"),
    Fault("prediction/fitting", "fold.measured - fold.predicted for fold in", "fold.measured - fold.level for fold in",
          "test_forecaster"),
    Fault("prediction/splits", "held = group[numbers] == number", "held = np.arange(len(numbers)) % groups == number",
          "test_forecaster"),
    Fault("grid/informative", "gain[chosen] = -np.inf", "gain[chosen] = np.inf", "test_informative"),
    Fault("grid/informative", "noise = np.eye(2) + seen", "noise = 9 * np.eye(2) + seen", "test_informative"),
    Fault("grid/informative", "names = sorted(tasks)", "names = list(tasks)", "test_informative"),
    Fault("forecasting/pairs", "kept = forecaster.arrays[\"left_out\"][rows] if rows else", "kept =", "test_forecasting"),
    Fault("forecasting/pairs", "unseen = sum(name not in known for name in pair)", "unseen = 2", "test_forecasting"),
    Fault("forecasting/pairs", "if frozenset((a, b)) != own and distance", "if distance", "test_forecasting"),
    Fault("forecasting/reasons", "-round(abs(sums[key]), 12)", "-round(sums[key], 12)", "test_forecasting"),
    Fault("forecasting/reasons", "for side, place in parts) / 2 for key", "for side, place in parts) for key",
          "test_forecasting"),
    Fault("forecasting/tables", "harms[harms[\"kept\"].isin(list(library))]", "harms", "test_forecasting"),
    # Merges.
    Fault("merging/_random", 'seed_for("dare", task, name', 'seed_for("dare", name', "test_merge_methods -k dare"),
    Fault("merging/__init__", "dict(zip(tasks, value", "dict(zip(sorted(tasks), value", "test_merge_weights"),
    Fault("merging/weighted_ties", "terms.sum(0) >= 0", "terms.sum(0) > 0", "test_merge_weights"),
    Fault("merging/weight_avg", "/ total", "", "test_merge_weights -k weight_avg"),
    Fault("models/names", "if len(alike) > 1 or name in others", "if len(alike) > 1", "test_names"),
    Fault("recipes/mergekit", "scale = [len(left) * factor", "scale = [factor", "test_recipes"),
    Fault("recipes/mergekit", "return \"weighted_ties\", _elected(terms) | {\"mask\": \"random\", \"scale\": scale}",
          "return \"weighted_ties\", _elected(terms) | {\"mask\": \"random\", \"scale\": terms.factor}", "test_recipes"),
    Fault("merging/ties", "-1.0 if total < 0", "-1.0 if total <= 0", "test_merge_methods -k ties"),
    Fault("merging/tall_masks", "(masks >= needed)", "(masks > needed)", "test_merge_methods -k tall"),
    Fault("merging/iso_cts", "leading(vector - left @ (left.mT @ vector), each)", "leading(vector, each)",
          "test_merge_methods -k iso"),
    Fault("merging/_magnitude", "(1 + 4 * sys.float_info.epsilon)", "1", "test_merge_methods test_merging"),
    # Metrics and features.
    Fault("metrics/effective_rank", "sum(gram.norms()) for", "max(gram.norms()) for", "test_metrics"),
    Fault("metrics/subspace", "LARGEST = 100", "LARGEST = 10", "test_metrics"),
    Fault("features/_types", "if self.dd < product:", "if self.dd < 0:", "test_metrics test_features"),
    Fault("features/_products", "distances < CANCELS * sums", "distances < 0 * sums", "test_features"),
    Fault("features/gradients", "gradient / len(images)", "gradient / batch_size", "test_probes_gradients"),
    Fault("features/", "for count, mean in zip(counts, means, strict=True)) / sum(counts)",
          "for count, mean in zip([1, 1], means, strict=True)) / 2", "test_probes_gradients test_features"),
    Fault("features/_views", "+ np.asarray(cross_views[b][a]) - base", "+ np.asarray(cross_views[b][a]) - half", "test_traits"),
    Fault("features/_views", "(part + 1 / classes) / (whole + 1 / classes)", "part / whole", "test_traits"),
    Fault("features/_views", "p[np.arange(len(labels)), labels].mean() + LEAST", "p[np.arange(len(labels)), labels].mean()",
          "test_traits"),
    Fault("features/harm", "confidence(p[HALF], labels)", "confidence(p[1.0], labels)", "test_traits"),
    Fault("features/noise", "HALF * float(", "1.0 * float(", "test_traits"),
    Fault("features/_images", "return task.val.take(limit(len(task.val)", "return task.train.take(limit(len(task.train)",
          "test_traits"),
    Fault("features/jvp", "HALF * task_vector(base, b, name)", "task_vector(base, b, name)", "test_traits -k jvp"),
    # Files, hashes, seeds.
    Fault("files", "os.chmod(folder / path.name, 0o666 & ~_umask())", "os.chmod(folder / path.name, 0o600)", "test_files"),
    Fault("files", "            shutil.rmtree(folder, ignore_errors=True)", "            pass", "test_files"),
    Fault("files", "{tuple(shape)}\\0", "\\0", "test_files test_checkpoints"),
    Fault("seeding", '"\\x1f".join', '"".join', "test_seeding"),
    # Training and tasks.
    Fault("training/schedule", "(step + 1) / warmup_steps", "step / warmup_steps", "test_training"),
    Fault("training/finetune", "norm_(weights, recipe.clip_norm)", "norm_(weights, 1.0)", "test_training"),
    Fault("training/finetune", "order = rng.permutation(images)", "order = np.random.default_rng(seed).permutation(images)",
          "test_training"),
    Fault("training/progress", "if state.metadata.get(\"identity\") != self._identity", "if not state.metadata",
          "test_progress"),
    Fault("tasks/images", "np.sort(order[count:])", "np.sort(order[count - 1 :])", "test_tasks"),
]  # fmt: skip


def run(root: Path, tests: str) -> int:
    """The exit status of pytest on some tests of a copy of the tree, stopped at the first that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments(tests)]
    variables = {"MERGECAST_SHARED": str(ROOT.parent / "shared")} | os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=root, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def arguments(tests: str) -> list[str]:
    """Files and, behind -k, an expression."""
    files, _, expression = tests.partition(" -k ")
    return [f"tests/unit/{name}.py" for name in files.split()] + (["-k", expression.strip("'")] if expression else [])


def plant(fault: Fault, root: Path) -> bool:
    """Whether a fault is killed. Raises RuntimeError where the tests could not run."""
    path = fault.module(root)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    try:
        status = run(root, fault.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    if status not in (PASSED, FAILED):
        raise RuntimeError(f"{fault.place}: pytest {fault.tests} ended with status {status}")
    return status == FAILED


def main(words: list[str]) -> int:
    chosen = [fault for fault in FAULTS if not words or any(word in f"{fault.place} {fault.old}" for word in words)]
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        for fault in chosen:
            fault.module(root)
        sound = set()
        for fault in chosen:
            if fault.tests not in sound and run(root, fault.tests) != PASSED:
                raise RuntimeError(f"without any fault, pytest {fault.tests} does not pass")
            sound.add(fault.tests)
            killed = plant(fault, root)
            survived += not killed
            print(f"{'killed' if killed else 'SURVIVED':9} {fault.place:24} {fault.old.splitlines()[0].strip()}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} killed")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
