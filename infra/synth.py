"""Synthesize a cloud assembly: offline, without an account, Docker or the CDK CLI.

python -m infra.synth .build/assembly --settings local/deployment.json
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from aws_cdk import App, IPolicyValidationPlugin, Validations

from infra import bundling, bytecode
from infra.limits.check import check_limits
from infra.limits.sizes import Place
from infra.settings.context import WrongSettings
from infra.settings.deployment import DeploymentSettings
from infra.settings.regions import partition_of
from infra.settings.source_account import SourceSettings
from infra.stacks.pipeline import PipelineStack
from infra.stacks.source_account import SourceAccountStack

SOME_ACCOUNT = "123456789012"
"""As long as any."""


def synthesize(
    context: Mapping[str, object] | None = None,
    folder: Path | None = None,
    checks: Callable[[App], IPolicyValidationPlugin] | None = None,
) -> Path:
    """Write template and assets for the settings in the context; returns their folder.

    Without arguments both come from the CDK CLI, through the environment. With settings for a
    source account, the stack is that account's; otherwise it is the pipeline's. Raises
    `WrongSettings`, also when they make more than AWS takes, and CDK's `RuntimeError` when the
    checks have findings; `validation-report.json` in the folder has them.
    """
    app = App(context=context, outdir=str(folder) if folder else None)
    # `check_limits` counts resources, and says which setting makes them so many.
    app.node.set_context("@aws-cdk/core:stackResourceLimit", 0)
    if checks:
        Validations.of(app).add_plugins(checks(app))
    if source := app.node.try_get_context(SourceSettings.context_key):
        of_source = SourceSettings.read(source)
        SourceAccountStack(app, settings=of_source)
        return _checked(app, of_source, of_source.pipeline_region)
    settings = DeploymentSettings.read(app.node.try_get_context(DeploymentSettings.context_key))
    with tempfile.TemporaryDirectory() as staging:
        code = bundling.stage_code(Path(staging))
        PipelineStack(app, settings.name, settings=settings, code=code)
        return _checked(app, settings, settings.region)


def _checked(app: App, settings: DeploymentSettings | SourceSettings, region: str) -> Path:
    """Synthesize, and hold what came out against what AWS takes."""
    assembly = app.synth()
    place = Place(partition_of(region), region, settings.account or SOME_ACCOUNT)
    for stack in assembly.stacks:
        check_limits(stack.template, settings, place)
    return Path(assembly.directory)


def synthesize_or_exit(
    context: Mapping[str, object] | None = None, folder: Path | None = None
) -> None:
    """Synthesize; what a user can put right ends the process with its message alone."""
    try:
        synthesize(context, folder)
    except (WrongSettings, bundling.LayerNotBuilt, bytecode.CompilerMissing) as error:
        sys.exit(str(error))


def main() -> None:
    """Synthesize into a folder, with the settings of a file or of `cdk.json`."""
    parser = argparse.ArgumentParser(prog="python -m infra.synth")
    parser.add_argument("folder", type=Path, help="where the cloud assembly goes")
    parser.add_argument("--settings", type=Path, help="TOML or JSON; without it, cdk.json counts")
    parser.add_argument("--source", type=Path, help="TOML or JSON; makes a source account's stack")
    arguments = parser.parse_args()
    if arguments.settings and arguments.source:
        parser.error("give the settings of the pipeline or of a source account, not both")
    given = {
        kind.context_key: str(file)
        for kind, file in (
            (DeploymentSettings, arguments.settings),
            (SourceSettings, arguments.source),
        )
        if file
    }
    context = given or json.loads((bundling.ROOT / "cdk.json").read_text())["context"]
    shutil.rmtree(arguments.folder, ignore_errors=True)
    synthesize_or_exit(context, arguments.folder)


if __name__ == "__main__":
    main()
