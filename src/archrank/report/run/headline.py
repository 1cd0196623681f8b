"""The top of a search's report: title, headline and tiles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archrank.benchmarks.table import Table
from archrank.report.parts import Tile
from archrank.report.render import duration, number
from archrank.system.text import shortened

__all__ = ["headline", "tiles", "title"]


def title(result: Mapping[str, Any]) -> str:
    """The page's title."""
    words = (_searched(result), result.get("strategy"), f"seed {result.get('seed')}")
    return " · ".join(["archrank search", *(shortened(str(word)) for word in words)])


def _searched(result: Mapping[str, Any]) -> str:
    return shortened(str(result.get("benchmark") or result["space"]))


def headline(result: Mapping[str, Any], table: Table | None, higher: bool) -> dict[str, Any]:
    """The values of the template's headline, by name."""
    count = len({str(e["architecture"]) for e in result.get("evaluations") or []})
    evaluated = f"{count:,} architecture{'' if count == 1 else 's'}"
    if table is not None:
        evaluated = f"{count:,} of {len(table):,} architectures ({100 * count / len(table):.2g}%)"
    volume, best, regret = result.get("hypervolume") or {}, result.get("best"), result.get("regret")
    several = result.get("front") is not None
    return {
        "strategy": shortened(str(result.get("strategy"))),
        "searched": _searched(result),
        "evaluated": evaluated,
        "partial": table is not None and not table.complete,
        "infeasible": result.get("infeasible"),
        "constraints": shortened(" and ".join(result.get("constraints") or ()), 200),
        "objectives": " and ".join(map(shortened, result["objectives"])) if several else "",
        "front_size": len(result["front"]) if several else 0,
        "share": f"{volume['share']:.1%}" if volume.get("share") else "",
        "metric": shortened(str(result["metric"])),
        "best": best
        and {
            "value": number(best.get("mean", best["value"]), 5),
            "rank": best.get("true_rank"),
            "distance": number(regret, 3) if regret else "",
        },
        "higher": higher,
    }


def tiles(result: Mapping[str, Any], table: Table | None, higher: bool) -> list[Tile]:
    """The most important numbers."""
    evaluations = result.get("evaluations") or []
    best = result.get("best") or {}
    if result.get("front") is not None:
        found, best = _front_tiles(result), {}
    else:
        direction = "higher is better" if higher else "lower is better"
        found = [Tile("Best value", number(best.get("value"), 5), direction)]
        if "mean" in best:
            what = f"of {best['evaluations']} evaluations; the first was {number(best['value'], 5)}"
            found = [Tile("Mean of the best", number(best["mean"], 5), f"{what}, {direction}")]
    if best.get("test_value") is not None:
        found.append(Tile("Test value", number(best["test_value"], 5), "of the best, not seen by the search"))
    if best.get("true_rank") is not None:
        found.append(Tile("True rank", f"{best['true_rank']:,}", _ranked(result, table)))
    if best and result.get("regret") is not None:
        optimum = f"the optimum is {number(result.get('optimum'), 5)}"
        found.append(Tile("Regret", number(result["regret"], 3), optimum))
    failed, infeasible = sum(e.get("value") is None for e in evaluations), result.get("infeasible")
    remark = f"{failed:,} failed" if failed else "none failed"
    remark += f", {infeasible:,} infeasible" if infeasible else ""
    picks = sum(e.get("reason") == "random" for e in evaluations)
    if picks and result.get("strategy") != "random":
        remark += f"; {picks:,} at random ({picks / len(evaluations):.0%})"
    stopped = result.get("fidelities")
    found.append(Tile("Trainings" if stopped else "Evaluations", f"{len(evaluations):,}", remark))
    if stopped:
        whole = result["epochs"] / stopped["levels"][-1]
        rungs = ", ".join(f"{rung['trainings']} of {rung['fidelity']}" for rung in stopped["rungs"])
        found.append(Tile("Epochs", f"{result['epochs']:,}", f"as {whole:.1f} whole trainings; {rungs}"))
    if known := result.get("known"):
        found.append(Tile("Known before", f"{len(known):,}", _best_known(result, known, higher)))
    if hints := result.get("hints"):
        used, taus = sum(h["used"] for h in hints), [h["tau"] for h in hints if h["tau"] is not None]
        remark = (
            f"Kendall's tau {', '.join(f'{tau:.2f}' for tau in taus)} with the measured values"
            if taus
            else ""
        )
        found.append(Tile("Hints", f"{used} of {len(hints)} used", remark))
    seconds = result.get("seconds") or {}
    if seconds.get("total") is not None:
        fit = f"{duration(seconds['fit'])} fitting predictors" if seconds.get("fit") else ""
        found.append(Tile("Time", duration(seconds["total"]), fit))
    return found


def _best_known(result: Mapping[str, Any], known: Sequence[Mapping[str, Any]], higher: bool) -> str:
    values = [each["values"][result["metric"]] for each in known if result["metric"] in each["values"]]
    return f"best {number((max if higher else min)(values), 5)}, not counted" if values else "not counted"


def _ranked(result: Mapping[str, Any], table: Table | None) -> str:
    if table is None:
        return ""
    if result.get("constraints"):
        met = np.count_nonzero(~np.isnan(table.column(result["metric"])))
        return f"of {met:,} that meet the constraints"
    return f"of {len(table):,} in the table"


def _front_tiles(result: Mapping[str, Any]) -> list[Tile]:
    found = [Tile("Pareto front", f"{len(result['front']):,}", "not dominated by any other")]
    for name, direction in result["objectives"].items():
        values = [member["values"][name] for member in result["front"]]
        if values:
            best = max(values) if direction == "maximize" else min(values)
            wanted = "higher" if direction == "maximize" else "lower"
            found.append(Tile(f"Best {shortened(name)}", number(best, 4), f"{wanted} is better"))
    if volume := result.get("hypervolume"):
        share = f"{volume['share']:.1%} of the whole table's" if volume["share"] else ""
        found.append(Tile("Hypervolume", number(volume["value"], 4), share))
    return found
