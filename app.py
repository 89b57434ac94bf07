"""The CDK app, as the CDK CLI runs it; its settings stand in the context (see cdk.json)."""

from infra.synth import synthesize_or_exit

synthesize_or_exit()
