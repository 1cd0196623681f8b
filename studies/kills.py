"""Kill studies with four workers again and again, resume each, and count what is lost or repeated.

    python studies/kills.py --kills 50 --out docs/results/kills.md

Every kill is a SIGKILL at a random moment, at the driver or at a worker in the middle of an evaluation. The evaluator
sleeps a fraction of a second and logs what it begins and ends, so the counts do not rest on the study's own word.
Of every four studies one is plain, one begins with known evaluations, one stops trainings early, and one does both.
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

WORKERS, BUDGET, WHOLE = 4, 40, 12
RUNGS = [1, 3, 9]
SETUPS = ("plain", "known", "rungs", "rungs and known")
NAMES = {
    "driver": "driver killed",
    "worker": "worker killed in mid-evaluation",
    "studies": "studies, each resumed until its end",
    **{
        f"{setup} studies": f"… of these, {words}"
        for setup, words in (
            ("plain", "plain"),
            ("known", "with known evaluations"),
            ("rungs", "with rungs"),
            ("rungs and known", "with rungs and known evaluations"),
        )
    },
    "evaluations": "evaluations recorded",
    "lost": "finished evaluations lost",
    "twice": "architectures recorded twice (on one rung)",
    "known again": "known architectures evaluated again",
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

    def __call__(self, architecture, epochs: int | None = None) -> float:
        self._note("begin", architecture, epochs)
        time.sleep(float(np.random.default_rng().uniform(0.01, 0.2)))
        self._note("end", architecture, epochs)
        return value(architecture, epochs)

    def _note(self, what: str, architecture, epochs: int | None) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()} {row(architecture, epochs)}\n")


def value(architecture, epochs: int | None = None) -> float:
    whole = float(sum(architecture.choices)) + architecture.choices[0] / 10
    return whole * (1 - 0.7 ** (RUNGS[-1] if epochs is None else epochs))


def row(architecture, epochs: int | None) -> str:
    """An evaluation as the log writes it."""
    return f"{','.join(map(str, architecture.choices))}@{epochs}"


def study(folder: Path | None, seed: int):
    """One search, in a run folder with worker processes, or in memory alone."""
    from archrank.spaces import NASBench201
    from archrank.strategies import RegularizedEvolution
    from archrank.study import RunFolder, search

    space = NASBench201()
    strategy = RegularizedEvolution(space, population=10, tournament=4)
    strategy.batch = 8
    setup = SETUPS[seed % len(SETUPS)]
    options: dict = {"budget": BUDGET, "seed": seed}
    if "known" in setup:
        options["known"] = known(seed)
    if "rungs" in setup:
        options |= {"budget": WHOLE, "fidelities": RUNGS, "continued": seed % 8 < 4}
        options["promotion"] = ("model", "halving")[setup == "rungs and known"]
    if folder is None:
        return search(space, lambda a, *epochs: value(a, *epochs), strategy, **options)
    # A limit of retries would count the kills as the evaluations' own fault.
    with RunFolder.open(folder / "run", {}, resume=True) as run:
        evaluate = Evaluator(folder / "log")
        return search(space, evaluate, strategy, folder=run, workers=WORKERS, retries=1000, **options)


def known(seed: int) -> list[dict]:
    """Evaluations that were made before the search."""
    from archrank.spaces import NASBench201

    space = NASBench201()
    before = space.sample(30, np.random.default_rng([seed, 1]))
    return [{"architecture": space.format(a), "value": value(a)} for a in before]


Record = tuple[str, int | None, float | None]
"""An evaluation that a study holds: the architecture, its epochs where trainings stop early, and its value."""


def recorded(folder: Path) -> dict[int, Record]:
    """What the journal holds as finished, by number. A copy of its whole lines is read."""
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
        n: (a["architecture"], a.get("fidelity"), a["result"]["values"].get("value"))
        for n, a in ((n, t.user_attrs) for n, t in done.items())
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
    before: dict[int, Record] = {}
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
            Counter(call for what, _, call in calls(folder) if what == "begin"),
        )
        counts["lost"] += len(before.keys() - now.keys())
        counts["changed"] += sum(now[n] != before[n] for n in before.keys() & now.keys())
        counts["repeated"] += sum(made[call] > made_before[call] for call in map(in_log, before.values()))
        before, made_before = now, made
        if process.returncode == 0:
            break
    whole = study(None, seed)
    kept = [before[n] for n in sorted(before)]
    counts["studies"] += 1
    counts[f"{SETUPS[seed % len(SETUPS)]} studies"] += 1
    counts["evaluations"] += len(kept)
    counts["twice"] += len(kept) - len({(architecture, epochs) for architecture, epochs, _ in kept})
    counts["failed"] += sum(found is None for *_, found in kept)
    counts["different"] += kept != [(text(e.architecture), e.fidelity, e.value) for e in whole.evaluations]
    counts["known again"] += len({k.architecture for k in whole.known} & {from_text(a) for a, *_ in kept})
    begun, ended = (sum(what == w for what, *_ in calls(folder)) for w in ("begin", "end"))
    counts["begun again"] += begun - len(kept)
    counts["unrecorded"] += ended - len(kept)


def text(architecture) -> str:
    from archrank.spaces import NASBench201

    return NASBench201().format(architecture)


def from_text(architecture: str):
    from archrank.spaces import NASBench201

    return NASBench201().parse(architecture)


def in_log(record: Record) -> str:
    """A recorded evaluation as the log writes it."""
    return row(from_text(record[0]), record[1])


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
        "equal probability. If the driver was killed, the same command resumes the study.",
        f"A study makes {BUDGET} evaluations. One with rungs instead spends the epochs of {WHOLE} whole trainings, on",
        f"trainings of {', '.join(map(str, RUNGS[:-1]))} and {RUNGS[-1]} epochs. Known evaluations are 30 random ones.",
        "The journal is validated whenever a study is resumed.",
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
