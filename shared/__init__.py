"""What the nine steps share: a folder per question, and the ground they all stand on.

    runtime      how does a function of `lambdas/` run one step?
    closing      how does an operation end, come back, and leave nothing?
    planning     which snapshot, does anything stand in the way, what would happen?
    replacing    how does the new cluster take the old one's place?
    archiving    what is kept at the end, and what earlier operations have left?
    gateways     what do we ask of DynamoDB, SNS, KMS, S3, EC2, Secrets Manager, Step Functions?
    copying      which copies bring a snapshot to where it can be restored?
    restoring    how does an operation move on while a cluster is made?
    users        who may log in, what may they do, and how is that proven?
    messages     what do people and programs get to read?
    gateways.rds what does RDS say about clusters, snapshots and exports?
    operation    what is known of one restore, and what comes next?
    settings     what does a deployment decide?
    request      what may be asked for?
    the ground   errors, aws_errors, resources, names, steps, arns, model, clock

A module imports only from lines below its own, or from its own folder; neighbours between two
blank lines of `tests/house/test_floors.py` know nothing of each other.
"""
