"""The page about the contract with AWS in `docs/`, written from `docs/contract.json`.

make pictures
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

DOCUMENT = Path("docs/architecture/07_contract.md")
NEVER = "*never seen on AWS*"
RISKY = 6
"""Facts of this risk and below are in the table of the riskiest."""

_TITLES = {
    "changing": "Changing clusters",
    "copying": "Copying snapshots",
    "deleting": "Deleting clusters",
    "dynamodb": "DynamoDB",
    "exporting": "Exporting snapshots",
    "keys_and_secrets": "Keys, secrets, and names that lead nowhere",
    "postgresql": "PostgreSQL",
    "restoring": "Restoring clusters",
    "sharing": "Sharing snapshots",
    "workflows": "Workflows, functions and queues",
}
"""Of subjects whose names are no titles."""

_HEADER = """\
# Contract with AWS

<!-- Written by `make pictures` and `make contract` from docs/contract.json. Do not edit; a test
compares. -->

This is what the pipeline, and the local cloud that it is tested with, relies on about AWS, as tests
that know nothing but an endpoint, boto3 and psycopg2. `make test` holds them against the local
cloud, so that it does not become more lenient than what is written here. Whether that is true only
an account of AWS can tell, against which `make contract` holds them.

{seen}
"""

_RUN = """\
## Hold it against your account

```sh
make contract AWS_PROFILE=sandbox REGION=eu-west-1 OTHER_PROFILE=second \\
  ARGS="--subnet-group private --security-group sg-0123456789abcdef0"
make contract CLEAN=1 AWS_PROFILE=sandbox REGION=eu-west-1 OTHER_PROFILE=second
```

| a run | at most about |
|---|---|
| all facts | {everything} |
| the riskiest alone, which are looked at first | {riskiest} |

Prices are those of us-east-1. The first command says the price, too, and makes nothing unless you
type `yes`. Everything that it makes is named `restore-contract-…`, tagged where AWS has tags, and
removed at the end. The second command removes what a run has left that crashed. Nothing else in the
account is touched.

| parameter | meaning |
|---|---|
{parameters}

What it sees is written to `docs/contract.json` after each fact, with account ids replaced, and to
this page. A fact that **differs** is worth an issue: the pipeline, or the local cloud, is built on
something that is not so.
"""

_PARAMETERS = (
    (
        "`AWS_PROFILE`, `REGION`",
        "a profile of the AWS CLI, and where clusters are made. The profile has to be allowed to "
        "make and delete clusters, snapshots, keys, roles, buckets, tables, queues, functions and "
        "state machines: take an account for experiments",
    ),
    (
        "`OTHER_PROFILE`",
        "a profile of a second account, for what is shared. Without it {with_second_account} facts "
        "stay undecided",
    ),
    (
        '`ARGS="--subnet-group NAME"`',
        "the DB subnet group that clusters are put into; without it, the account's default",
    ),
    (
        '`ARGS="--security-group ID"`',
        "a security group of that VPC, which lets this machine in at port 5432; may be "
        "repeated. {with_connection} facts log in, and stay undecided where no server is reached",
    ),
    ('`ARGS="--public"`', "gives instances public addresses, for a machine outside the VPC"),
    (
        '`ARGS="--only NAME"`',
        "looks at this fact alone; may be repeated. The names are in `docs/contract.json`, those "
        "of the riskiest below",
    ),
    (
        '`ARGS="--other-region NAME"`',
        "where snapshots are copied to; without it, us-east-1, or us-west-2 from there",
    ),
    (
        '`ARGS="--most-dollars {most_dollars:g} --most-hours {most_hours:g}"`',
        "does not start if it may cost more, and begins no fact after so many hours; these are the "
        "defaults",
    ),
)

_RISKY = """\
## The riskiest facts

What would matter most if it were not so, or has the weakest source; 1 is the riskiest. For the
others `docs/contract.json` has the risk, and for some what depends on them.

| risk | fact | what depends on it | seen on AWS | name |
|---|---|---|---|---|"""

_ALL = """\
## All facts

- **Source**: where it is written. *no source found*: only the authors of the local cloud say so.
- **Enforced since**: since that day the local cloud behaves so, and a test fails if it stops.
  *not enforced*: the local cloud does otherwise, or does not have it.
- **Seen on AWS**: when and where a run saw it hold. **differs**: a run saw something else.
  *never seen on AWS*: nobody has looked, or nobody could; the source is all there is.
"""

_NOT_TESTABLE = """\
## Relied on, and not tested

What nobody can provoke on AWS, or not at the price of a run. In the local cloud tests provoke it.

| relied on | why it is no fact above | source | what the pipeline does |
|---|---|---|---|"""

_UNTESTED = (
    (
        "`Invoke` of a function that nobody has called for weeks is an error until Lambda has "
        "provided it anew: 409 CodeArtifactUserPendingException; in a VPC "
        "ResourceNotReadyException, then ResourceConflictException.",
        "No call puts a function to sleep.",
        "Lambda developer guide, Function states; keithrozario/Klayers#210, aws/aws-cdk#20123",
        "The workflow tries again, by the names of these errors.",
    ),
    (
        "A cluster of a blue/green deployment, or one that a zero-ETL integration reads from, is "
        "neither renamed nor deleted.",
        "It takes two clusters with instances for an hour, and a warehouse.",
        "no source found that says it of both calls and both ties",
        "A request to replace such a cluster is refused, and told what it is tied to.",
    ),
    (
        "40 automated backups of deleted clusters are retained in a region; one more is "
        "DBClusterAutomatedBackupQuotaExceededFault.",
        "It takes 40 clusters.",
        "Aurora user guide, Retaining automated backups; botocore: errors of DeleteDBCluster",
        "They are counted before anything is made.",
    ),
    (
        "One export too many is ExportTaskLimitReachedFault.",
        "It takes as many exports as an account may have.",
        "answers that others have logged; it is in no model of botocore",
        "The export is tried again later.",
    ),
    (
        "Where capacity is missing the answer is InsufficientDBClusterCapacityFault, "
        "InsufficientStorageClusterCapacity or InsufficientDBInstanceCapacity.",
        "No call uses up the capacity of a region.",
        "botocore: errors of RestoreDBClusterFromSnapshot and CreateDBInstance",
        "The step is tried again later.",
    ),
    (
        "What answers in front of a service may send no XML and no JSON, or no body: 502 and 503 "
        "pages, 408, 504.",
        "No call provokes it.",
        "boto/boto3#4046, boto/boto3#3508",
        "It counts as no answer, and the call is made again.",
    ),
)


@dataclass(frozen=True)
class Run:
    """What it takes to look at the facts, in words."""

    everything: str
    riskiest: str
    most_dollars: float
    most_hours: float
    with_second_account: int
    with_connection: int
    """How many facts need a second account, and a way to the database."""


Record = Mapping[str, Mapping[str, Any]]


def document(record: Record, run: Run) -> str:
    """The page for `docs/`."""
    facts = list(record.values())
    enforced = sum(fact["enforced_since"] is not None for fact in facts)
    return "\n".join(
        [
            _HEADER.format(seen=_summary(facts)),
            _RUN.format(parameters="\n".join(_parameters(run)), **vars(run)),
            _RISKY,
            *_riskiest(record),
            "",
            _ALL,
            f"{len(facts)} facts, of which the local cloud enforces {enforced}.",
            "",
            *_sections(facts),
            _NOT_TESTABLE,
            *(_row(*cells) for cells in _UNTESTED),
            "",
        ]
    )


def _summary(facts: Iterable[Mapping[str, Any]]) -> str:
    """How much of it was seen on AWS, in a sentence."""
    verdicts = [_verdict(fact) for fact in facts]
    holding, differing = verdicts.count("holds"), verdicts.count("differs")
    if not holding + differing:
        return f"**None of the {len(verdicts)} facts was ever seen on AWS.**"
    return (
        f"**Of {len(verdicts)} facts {holding} were seen to hold on AWS and {differing} to differ; "
        f"{len(verdicts) - holding - differing} were never seen.**"
    )


def _parameters(run: Run) -> Iterator[str]:
    for cells in _PARAMETERS:
        yield _row(*(cell.format(**vars(run)) for cell in cells))


def _riskiest(record: Record) -> Iterator[str]:
    risky = [(name, fact) for name, fact in record.items() if fact["risk"] <= RISKY]
    for name, fact in sorted(risky, key=lambda it: int(it[1]["risk"])):
        told = (_cell(fact["fact"]), _cell(fact["relied_on_by"]))
        yield _row(str(fact["risk"]), *told, _seen(fact), f"`{name}`")


def _sections(facts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    by_title = sorted(facts, key=lambda fact: _title(fact["subject"]))
    for title, of_subject in groupby(by_title, key=lambda fact: _title(fact["subject"])):
        yield f"### {title}"
        yield ""
        yield "| fact | source | enforced since | seen on AWS |"
        yield "|---|---|---|---|"
        for fact in of_subject:
            since = fact["enforced_since"] or "*not enforced*"
            yield _row(_cell(fact["fact"]), _cell(fact["source"]), since, _seen(fact))
        yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _title(subject: str) -> str:
    return _TITLES.get(subject, subject.replace("_", " ").capitalize())


def _verdict(fact: Mapping[str, Any]) -> str | None:
    """What was seen; `None` if nobody has looked."""
    return str(fact["seen"]["verdict"]) if fact["seen"] else None


def _seen(fact: Mapping[str, Any]) -> str:
    seen = fact["seen"]
    if seen is None:
        return NEVER
    look = f"{seen['date']}, {seen['region']}"
    match seen["verdict"]:
        case "holds":
            return look
        case "differs":
            return f"**differs** ({look}): {_cell(seen['why'])}"
    return f"{NEVER}; tried {look}: {_cell(seen['why'])}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
