"""`python -m tests.mutations`: plant every bug, one after the other, and see whether the proof catches it."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import psycopg

from tests.mutations.bug import Bug, DoesNotApply
from tests.mutations.catalogue import BUGS
from tests.mutations.workshop import CannotTell, Fate, Verdict, Workshop

WANTED = 0.95
UNTOLD = 2  # the exit code when the run itself tells nothing


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    bugs = [bug for bug in BUGS if not options.only or bug.name in options.only]
    if unknown := set(options.only) - {bug.name for bug in bugs}:
        print(f"No such bug: {', '.join(sorted(unknown))}.", file=sys.stderr)
        return UNTOLD
    postgres = _postgres()
    shops = [
        Workshop(number, worlds=options.worlds, limit=options.limit, postgres=postgres)
        for number in range(options.jobs)
    ]
    try:
        if not options.no_control and (failed := _control(shops[0], bugs)):
            print(f"The proof fails without any bug: {failed}. Mend that first.", file=sys.stderr)
            return UNTOLD
        verdicts = list(_all(shops, bugs))
    except (CannotTell, DoesNotApply) as problem:
        print(problem, file=sys.stderr)
        return UNTOLD
    finally:
        for shop in shops:
            shop.close()
    return _report(verdicts)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these bugs and no others")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once, each in a tree of its own (2)")
    parser.add_argument("--worlds", type=int, default=40, help="simulated worlds for what its own tests let pass (40)")
    parser.add_argument("--limit", type=int, default=900, help="seconds after which a proof counts as hanging (900)")
    parser.add_argument("--no-control", action="store_true", help="do not run the proof without any bug first")
    return parser.parse_args(arguments)


def _postgres() -> str:
    """The address of a PostgreSQL that answers, or ""."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return ""
    try:
        psycopg.connect(url.rpartition("/")[0] + "/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return ""
    return url


def _control(shop: Workshop, bugs: Sequence[Bug]) -> str:
    """What fails although nothing is planted: such a test would catch everything, and prove nothing."""
    print("Without any bug …", flush=True)
    for needs in (False, True):
        if needs and not shop.postgres:
            continue
        places = {place for bug in bugs if bug.postgres is needs for place in bug.proof}
        wanted = sorted(place for place in places if "::" not in place or place.partition("::")[0] not in places)
        if wanted and (failed := shop.first_failure(tuple(wanted), postgres=needs)):
            return failed
    return shop.first_lost_world()


def _all(shops: Sequence[Workshop], bugs: Sequence[Bug]) -> Iterator[Verdict]:
    """Each shop takes the next bug as soon as it is free."""
    free: SimpleQueue[Workshop] = SimpleQueue()
    for shop in shops:
        free.put(shop)

    def judge(bug: Bug) -> Verdict:
        shop = free.get()
        try:
            verdict = shop.judge(bug)
        finally:
            free.put(shop)
        print(_line(verdict), flush=True)
        return verdict

    with ThreadPoolExecutor(max_workers=len(shops)) as threads:
        yield from threads.map(judge, bugs)


def _line(verdict: Verdict) -> str:
    bug = verdict.bug
    by = verdict.by.partition("\n")[0].removeprefix("tests/") or bug.words
    return f"{verdict.fate:<8} law {bug.law:<2} {bug.name:<44} {verdict.seconds:6.0f} s  {by}"


def _report(verdicts: Sequence[Verdict]) -> int:
    tried = [verdict for verdict in verdicts if verdict.fate is not Fate.SKIPPED]
    caught = [verdict for verdict in tried if verdict.fate is Fate.CAUGHT]
    rate = len(caught) / len(tried) if tried else 0.0
    print(f"\n{len(caught)} of {len(tried)} planted bugs were caught ({rate:.1%}); at least {WANTED:.0%} must be.")
    if skipped := len(verdicts) - len(tried):
        print(f"{skipped} were skipped: they need PostgreSQL, named by DATABASE_URL.")
    for verdict in tried:
        if verdict.fate is Fate.SURVIVED:
            print(f"Survived: {verdict.bug.name} ({verdict.bug.file}): {verdict.bug.words}")
        if verdict.fate is Fate.UNTOLD:
            print(f"Not told: {verdict.bug.name}: {verdict.by}")
    return 0 if rate >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
