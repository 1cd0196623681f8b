"""Kill studies with four workers again and again, resume each, and count what is lost or repeated.

    python studies/kills.py --kills 50 --out docs/results/kills.md

Every kill is a SIGKILL at a random moment, at the driver or at a worker in the middle of an evaluation. The evaluator
sleeps a fraction of a second and logs what it begins and ends, so the counts do not rest on the study's own word.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np

WORKERS, BUDGET = 4, 40
NAMES = {
    "driver": "driver killed",
    "worker": "worker killed in mid-evaluation",
    "studies": "studies, each resumed until its end",
    "evaluations": f"evaluations recorded ({BUDGET} per study)",
    "lost": "finished evaluations lost",
    "twice": "architectures recorded twice",
    "failed": "evaluations recorded as failed",
    "changed": "recorded values that changed afterwards",
    "repeated": "recorded evaluations that were made again",
    "different": "studies that end otherwise than one that was not killed",
    "begun again": "evaluations restarted because their worker or driver was killed",
    "unrecorded": "… of these, finished in the worker, but not yet recorded by the driver",
}


class Evaluator:
    """Sleeps, and logs what it does; its value is the architecture's own."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, architecture) -> float:
        self._note("begin", architecture)
        time.sleep(float(np.random.default_rng().uniform(0.01, 0.2)))
        self._note("end", architecture)
        return value(architecture)

    def _note(self, what: str, architecture) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()} {','.join(map(str, architecture.choices))}\n")


def value(architecture) -> float:
    return float(sum(architecture.choices)) + architecture.choices[0] / 10


def study(folder: Path | None, seed: int):
    """One search, in a run folder with worker processes, or in memory alone."""
    from archrank.spaces import NASBench201
    from archrank.strategies import RegularizedEvolution
    from archrank.study import RunFolder, search

    space = NASBench201()
    strategy = RegularizedEvolution(space, population=10, tournament=4)
    strategy.batch = 8
    if folder is None:
        return search(space, value, strategy, budget=BUDGET, seed=seed)
    # A limit of retries would count the kills as the evaluations' own fault.
    with RunFolder.open(folder / "run", {}, resume=True) as run:
        evaluate = Evaluator(folder / "log")
        return search(
            space, evaluate, strategy, budget=BUDGET, seed=seed, folder=run, workers=WORKERS, retries=1000
        )


def recorded(folder: Path) -> dict[int, tuple[str, float | None]]:
    """What the journal holds as finished: architecture and value by number. A copy of its whole lines is read."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    copy = folder / "copy.log"
    with suppress(FileNotFoundError):
        content = (folder / "run" / "journal.log").read_bytes()
        copy.write_bytes(content[: content.rfind(b"\n") + 1])
    try:
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(copy)))
        trials = optuna.load_study(study_name="archrank", storage=storage).get_trials()
    except KeyError:  # killed before there was a study
        return {}
    finally:
        copy.unlink(missing_ok=True)
    done = {t.number: t for t in trials if "result" in t.user_attrs}
    return {
        n: (t.user_attrs["architecture"], t.user_attrs["result"]["values"].get("value"))
        for n, t in done.items()
    }


def calls(folder: Path) -> list[list[str]]:
    log = folder / "log"
    return [line.split() for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def under_way(folder: Path) -> list[int]:
    """Process ids of the workers that evaluate at this moment."""
    last = {pid: what for what, pid, _ in calls(folder)}
    return [int(pid) for pid, what in last.items() if what == "begin" and Path(f"/proc/{pid}").exists()]


def lines(folder: Path) -> int:
    journal = folder / "run" / "journal.log"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def kill_again_and_again(
    folder: Path, seed: int, most: int, rng: np.random.Generator, counts: Counter
) -> None:
    """Run one study to its end, with at most so many kills."""
    command = [sys.executable, __file__, "--study", str(folder), "--seed", str(seed)]
    before: dict[int, tuple[str, float | None]] = {}
    made_before: Counter = Counter()
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            until = lines(folder) + int(rng.integers(0, 80))
            while process.poll() is None and lines(folder) < until:
                time.sleep(0.002)
            time.sleep(float(rng.uniform(0, 0.1)))
            if process.poll() is not None or most == 0:
                break
            if rng.random() < 0.5:
                process.kill()
                counts["driver"] += 1
                most -= 1
                break
            if workers := under_way(folder):
                with suppress(ProcessLookupError):
                    os.kill(int(rng.choice(workers)), signal.SIGKILL)
                    counts["worker"] += 1
                    most -= 1
        _, errors = process.communicate()
        if process.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(errors)
        now, made = (
            recorded(folder),
            Counter(choices for what, _, choices in calls(folder) if what == "begin"),
        )
        counts["lost"] += len(before.keys() - now.keys())
        counts["changed"] += sum(now[n] != before[n] for n in before.keys() & now.keys())
        counts["repeated"] += sum(made[a] > made_before[a] for a in finished_by_choices(before))
        before, made_before = now, made
        if process.returncode == 0:
            break
    whole = study(None, seed).evaluations
    kept = [before[n] for n in sorted(before)]
    counts["studies"] += 1
    counts["evaluations"] += len(kept)
    counts["twice"] += len(kept) - len({architecture for architecture, _ in kept})
    counts["failed"] += sum(found is None for _, found in kept)
    counts["different"] += kept != [(text(e.architecture), e.value) for e in whole]
    begun, ended = (sum(what == w for what, *_ in calls(folder)) for w in ("begin", "end"))
    counts["begun again"] += begun - BUDGET
    counts["unrecorded"] += ended - BUDGET


def text(architecture) -> str:
    from archrank.spaces import NASBench201

    return NASBench201().format(architecture)


def finished_by_choices(records: dict[int, tuple[str, float | None]]) -> list[str]:
    """The recorded architectures as the log writes them."""
    from archrank.spaces import NASBench201

    space = NASBench201()
    return [",".join(map(str, space.parse(architecture).choices)) for architecture, _ in records.values()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a Markdown file")
    parser.add_argument("--study", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.study is not None:
        study(args.study, args.seed)
        return
    began, rng, counts = time.perf_counter(), np.random.default_rng(args.seed), Counter()
    while (left := args.kills - counts["driver"] - counts["worker"]) > 0:
        folder = Path(tempfile.mkdtemp(prefix="archrank-kills-"))
        kill_again_and_again(folder, args.seed + counts["studies"], left, rng, counts)
        shutil.rmtree(folder)
        print(dict(counts), flush=True)
    table = ["| | |", "|---|---|", *(f"| {words} | {counts[name]} |" for name, words in NAMES.items())]
    seconds = time.perf_counter() - began
    page = [
        "# Studies killed at random moments",
        "",
        f"{args.kills} kills (SIGKILL) of studies with {WORKERS} worker processes: evolution in rounds of 8 on the",
        "NAS-Bench-201 space, with evaluations that sleep 0.01 to 0.2 s. Each kill hits the driver or a worker, with",
        "equal probability.",
        "If the driver was killed, the same command resumes the study.",
        "",
        *table,
        "",
        "*Finished* means that the result is in the study's journal. An evaluation that was running at the time of a",
        "kill, or whose result had not reached the driver, is repeated. The last two rows count these evaluations.",
        "",
        "```console",
        shlex.join(["python", *sys.argv]),
        "```",
        "",
        f"{date.today()}, {seconds:.0f} s on {os.cpu_count()} cores with other work on them.",
    ]
    print("\n".join(page))
    if args.out is not None:
        args.out.write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
