"""`python -m benchmarks [name …]`: each in a process of its own, on a database of its own; then the table."""

import json
import os
import subprocess
import sys

from benchmarks import ground

ALL = ("engine", "waiting", "fairness", "hot_row", "messages", "planning", "memory")


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(ALL)}.")
    server, figures = os.environ.get("DATABASE_URL", ""), []
    for name in names or ALL:
        os.environ["DATABASE_URL"] = server
        ground.prepare()
        print(f"{name} …", flush=True)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
        with subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout or ():
                if line.startswith("FIGURE "):
                    figures.append(json.loads(line.removeprefix("FIGURE ")))
                else:
                    print(f"  {line}", end="", flush=True)
        ground.drop(server)
        if process.returncode:
            return process.returncode
    print(f"\n{'':46}{'ratio':>10}  {'wanted':<10}")
    for figure in figures:
        mark = "ok" if figure["is_met"] else "NOT MET"
        told = " | ".join(filter(None, (figure["found"], figure["floor"])))
        print(f"{figure['name']:<46}{figure['ratio']:>10.2f}  {figure['wanted']:<10}{mark:<9}{told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
