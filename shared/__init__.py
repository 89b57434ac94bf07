"""What the nine steps share: a folder per question, and the ground they all stand on.

    runtime       how does a function of `lambdas/` run one step?

    closing       how does an operation end, come back, and leave nothing?

    archiving     what is kept at the end, and which leftovers are removed?

    planning      which snapshot, does anything stand in the way, what would happen?
    replacing     how does the new cluster take the old one's place?

    gateways      what do we ask of AWS, and what does it answer?

    copying       which copies bring a snapshot to where it can be restored?
    restoring     how does an operation move on while a cluster is made?
    users         who may log in, what may they do, and how is that proven?
    messages      what do people and programs get to read?
    gateways.rds  what does RDS say about clusters, snapshots and exports?

    operation     what is known of one restore, and what comes next?

    settings      what does a deployment decide?

    request       what may be asked for?

The ground are the modules beside these folders: `errors`, `aws_errors`, `arns`, `clock`, `lengths`,
`model`, `names`, `resources` and `steps`.

Blank lines divide the floors. A module imports from its own folder and from floors below it, and
knows nothing of its neighbours. Every folder that an operation passes through has `transitions`:
how the operation moves on there, with one function for each audit event.
"""
