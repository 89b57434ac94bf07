"""Synthesize a cloud assembly: offline, without an account, Docker or the CDK CLI.

python -m infra.synth .build/assembly --settings local/deployment.json
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

from infra import bundling
from infra.deployment import CONTEXT_KEY, DeploymentSettings, WrongSettings
from infra.pipeline_stack import PipelineStack


def synthesize(context: Mapping[str, object] | None = None, folder: Path | None = None) -> Path:
    """Write template and assets for the settings in the context; returns their folder.

    Without arguments both come from the CDK CLI, through the environment.
    """
    app = App(context=context, outdir=str(folder) if folder else None)
    settings = DeploymentSettings.read(app.node.try_get_context(CONTEXT_KEY))
    with tempfile.TemporaryDirectory() as staging:
        code = bundling.stage_code(Path(staging))
        PipelineStack(app, settings.name, settings=settings, code=code)
        return Path(app.synth().directory)


def synthesize_or_exit(
    context: Mapping[str, object] | None = None, folder: Path | None = None
) -> None:
    """Synthesize; what a user can put right ends the process with its message alone."""
    try:
        synthesize(context, folder)
    except (WrongSettings, bundling.LayerNotBuilt) as error:
        sys.exit(str(error))


def main() -> None:
    """Synthesize into a folder, with the settings of a file or of `cdk.json`."""
    parser = argparse.ArgumentParser(prog="python -m infra.synth")
    parser.add_argument("folder", type=Path, help="where the cloud assembly goes")
    parser.add_argument("--settings", type=Path, help="a JSON file; without it, cdk.json counts")
    arguments = parser.parse_args()
    context = (
        {CONTEXT_KEY: str(arguments.settings)}
        if arguments.settings
        else json.loads((bundling.ROOT / "cdk.json").read_text())["context"]
    )
    shutil.rmtree(arguments.folder, ignore_errors=True)
    synthesize_or_exit(context, arguments.folder)


if __name__ == "__main__":
    main()
