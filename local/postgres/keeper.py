"""A process that cleans up after us, also when we are killed without notice."""

import subprocess
from pathlib import Path

from local.postgres.installation import Installation

# Reading ends when the last holder of the other end is gone. A server whose lock file vanishes
# stops by itself within a minute, should one start right now.
SCRIPT = """
cat > /dev/null
for lock in "$1"/volumes/*/postmaster.pid; do
    [ -e "$lock" ] && kill -QUIT "$(head -n 1 "$lock")" && sleep 0.2
done
rm -rf "$@"
"""


class Keeper:
    """Waits for our end, then stops the servers left below `home` and removes the directories.

    Linux can also send a signal to a child when its parent ends, but means the parent's thread:
    the one that serves a request and starts a server is gone a moment later.
    """

    def __init__(self, installation: Installation, home: Path, *others: Path) -> None:
        self._process = installation.start(
            "/bin/sh", "-c", SCRIPT, "sh", home, *others,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def close(self) -> None:
        """Have it clean up now."""
        self._process.communicate()
