"""The local cloud with production in it, running until it is interrupted."""

import shlex
import signal
import threading
from pathlib import Path

from rich.console import Console

from local.clock import ScaledClock
from local.rehearsal.production import CLUSTER, REGION
from local.rehearsal.scene import LOCAL, Scene, scene

_SHOWN = """
In another shell:

  . {exports}
  aws stepfunctions start-execution --state-machine-arn $STATE_MACHINE_ARN \\
    --input file://statemachine/examples/refresh_in_another_region.json
  aws rds describe-db-clusters --query 'DBClusters[].[DBClusterIdentifier,Status]'
"""


def serve(*, speed: float) -> int:
    """Run the local cloud; a restore of an hour takes an hour divided by `speed`."""
    console = Console()
    waiting = console.status("Starting the local cloud; filling production with data")
    waiting.start()
    with scene(ScaledClock(speed), scale=1) as here:
        waiting.stop()
        exports = write_exports(here)
        console.print(
            f"AWS answers at {here.cloud.endpoint}; time runs {speed:g} times as fast. "
            f"Cluster {CLUSTER} is in {REGION}, with a snapshot.",
            soft_wrap=True,
        )
        console.print(_SHOWN.format(exports=exports), soft_wrap=True, highlight=False)
        console.print("Ctrl-C ends it.")
        until_interrupted()
    exports.unlink(missing_ok=True)
    return 0


def write_exports(here: Scene) -> Path:
    """Write what a shell needs to use this cloud; returns the file to source."""
    LOCAL.mkdir(exist_ok=True)
    file = LOCAL / "env"
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in here.exports().items()]
    # A profile or a session token of the shell's own would go before these.
    file.write_text("unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN\n" + "".join(lines))
    return file


def until_interrupted() -> None:
    """Wait for Ctrl-C, or for a polite request to stop."""
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    stop.wait()
