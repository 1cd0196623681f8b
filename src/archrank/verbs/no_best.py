"""Why a search has no best architecture."""

from collections import Counter

from archrank.study import SearchResult

__all__ = ["why_no_best"]


def why_no_best(result: SearchResult) -> str | None:
    """Why no evaluation, or none of a whole training, gave a value; None where one did.

    Args:
        result: What was found.
    """
    failed = [e for e in result.evaluations if e.state == "failed"]
    errors = Counter(e.error for e in failed)
    count = len(result.evaluations)
    if failed and len(failed) == count:
        return f"all {count} evaluations failed, mostly by {errors.most_common(1)[0][0]}"
    if result.fidelities is None or result.best is not None:
        return None
    nothing = f"no training of {result.fidelities.full} epochs ended with a value"
    if result.infeasible:
        nothing += f" that meets the constraints, which {result.infeasible} of {count} trainings break"
    if failed:
        levels = Counter(e.fidelity for e in failed)
        rungs = ", ".join(f"{levels[n]} of {n} epochs" for n in result.fidelities.levels if levels[n])
        reason = (
            f"{len(failed)} of {count} trainings failed ({rungs}), mostly by {errors.most_common(1)[0][0]}"
        )
        return f"{nothing}, so there is no best one: {reason}"
    return f"{nothing}, so there is no best one" + (
        "" if result.infeasible else ": give a larger budget, or fewer fidelities"
    )
