"""The local cloud from the command line: `python -m local demo`, and others."""

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Run what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local")
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="restore a database and prove the result")
    demo_parser.add_argument("--keep", action="store_true", help="leave everything running")
    demo_parser.add_argument(
        "--accounts", type=int, choices=(1, 2), default=1, help="2: production is in another one"
    )
    demo_parser.add_argument("--screen", type=Path, help="an SVG file to keep the last act in")
    serve_parser = commands.add_parser("serve", help="run the local cloud until interrupted")
    serve_parser.add_argument("--speed", type=float, default=60, help="how fast time runs")
    bench_parser = commands.add_parser("bench", help="measure what the project promises")
    bench_parser.add_argument(
        "--all", action="store_true", help="also set-up and tests of a fresh clone"
    )
    chaos_parser = commands.add_parser("chaos", help="break restores wherever they can break")
    chaos_parser.add_argument("point", nargs="*", help="the name of a breakage point")
    chaos_parser.add_argument("--scenario", default="*", help="as across_regions/*")
    chaos_parser.add_argument("--fault", default="*", help="as 'killed *'")
    chaos_parser.add_argument("--sample", type=int, help="how many points, drawn from all")
    chaos_parser.add_argument("--seed", type=int, default=0, help="which sample")
    chaos_parser.add_argument("--processes", type=int, help="as many as cores, by default")
    arguments = parser.parse_args()
    # Nothing here is to touch, or to need, the developer's own accounts.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    # Each command imports only what it needs: moto alone takes a second.
    match arguments.command:
        case "demo":
            from local.commands.demo import demo

            return demo(keep=arguments.keep, accounts=arguments.accounts, picture=arguments.screen)
        case "serve":
            from local.commands.serve import serve

            return serve(speed=arguments.speed)
        case "chaos":
            from local.commands.chaos import chaos

            return chaos(
                arguments.point,
                scenario=arguments.scenario,
                fault=arguments.fault,
                sample=arguments.sample,
                seed=arguments.seed,
                processes=arguments.processes,
            )
        case _:
            from local.bench import bench

            return bench(everything=arguments.all)


if __name__ == "__main__":
    sys.exit(main())
