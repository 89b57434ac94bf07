"""What statements are written with: names and tags as patterns, and keys through RDS alone."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import aws_iam as iam

from shared.names import TAG_FINAL, TAG_OPERATION, TAG_TEMPORARY
from shared.steps import Step

Conditions = Mapping[str, Mapping[str, object]]

# What RDS asks for on behalf of its caller (Aurora user guide: sharing encrypted snapshots).
KEY_DESCRIPTION = "kms:DescribeKey"
KEY_DECRYPTION = ("kms:Decrypt",)
KEY_ENCRYPTION = ("kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*")
KEY_USE = (KEY_DESCRIPTION, *KEY_DECRYPTION, *KEY_ENCRYPTION)

# Names that shared.names derives, as patterns: `?` stands for one character.
TEMPORARY_SNAPSHOTS = "*-copy-??????"
CANDIDATES, REPLACED = "*-candidate-??????", "*-replaced-??????"
FINAL_SNAPSHOTS = "*-final-????-??-??-??????"

TAGGED_BY_THE_CALL: Conditions = {"Null": {f"aws:RequestTag/{TAG_OPERATION}": "false"}}
BY_AWS_FOR_THE_CALLER: Conditions = {"Bool": {"aws:ViaAWSService": "true"}}
PASSED_TO_EXPORTS: Conditions = {
    # Which of the two RDS passes the role of an export to, AWS does not say.
    "StringEquals": {"iam:PassedToService": ["export.rds.amazonaws.com", "rds.amazonaws.com"]}
}
TAGGED_AS_OURS: Conditions = {"Null": {f"aws:ResourceTag/{TAG_OPERATION}": "false"}}


def tagged_temporary(deployment: str) -> Conditions:
    """Only what this deployment has made as a copy to restore from."""
    return {"StringEquals": {f"aws:ResourceTag/{TAG_TEMPORARY}": deployment}}


def tagged_final(deployment: str) -> Conditions:
    """Only what this deployment has taken of a cluster that it deleted, and not for ever."""
    return {"StringEquals": {f"aws:ResourceTag/{TAG_FINAL}": deployment}}


def allow(*actions: str, on: Sequence[str], when: Conditions | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[*actions], resources=[*on], conditions=when)


def in_parts(values: Sequence[str], longest: int = 1500) -> Iterator[list[str]]:
    """The values in parts of so many characters, so that a policy for each fits into its limit.

    One policy takes 6,144 characters, and CDK divides what a role may do only between statements.
    """
    part: list[str] = []
    for value in values:
        if part and sum(map(len, part)) + len(value) > longest:
            yield part
            part = []
        part.append(value)
    if part:
        yield part


def copy_out_of(sources: Sequence[str], made: Conditions) -> list[iam.PolicyStatement]:
    """Copy these snapshots into what the call's tags say, and nothing else out of them.

    Without the condition the statement would allow these as targets, too. Across regions RDS may
    read the source again, for its caller and without the tags; AWS does not document it.
    """
    return [
        allow("rds:CopyDBClusterSnapshot", on=sources, when=conditions)
        for conditions in (made, BY_AWS_FOR_THE_CALLER)
    ]


def in_regions(regions: Sequence[str]) -> Conditions:
    return {"StringEquals": {"aws:RequestedRegion": list(regions)}}


def allow_through_rds(
    keys: Sequence[str], region: str, actions: Sequence[str]
) -> iam.PolicyStatement:
    """Use keys through RDS alone."""
    return allow(*actions, on=keys, when=_through_rds(region))


def use_through_rds(
    keys: Sequence[str], region: str, actions: Sequence[str]
) -> list[iam.PolicyStatement]:
    """Use keys through RDS alone, and grant their use to nobody but AWS."""
    for_aws: Conditions = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow_through_rds(keys, region, actions),
        allow("kms:CreateGrant", on=keys, when={**_through_rds(region), **for_aws}),
    ]


def _through_rds(region: str) -> Conditions:
    return {"StringEquals": {"kms:ViaService": f"rds.{region}.amazonaws.com"}}


def role_path(deployment: str, region: str, step: Step) -> str:
    """The path of a step's role, by which other accounts know it: names of roles are CDK's."""
    return f"/{deployment}/{region}/{step.function}/"
