"""A cloud on this machine: enough of AWS to run the deployed pipeline, and strict about it.

What each folder is for, and after `<-` the folders that it may import:

    iam             policies, and the judge of every call
    postgres        the database servers behind clusters
    cloudformation  deploys a synthesized template
    documents       what the documentation takes from code
    aurora          RDS, for Aurora clusters and snapshots  <- iam
    api             every call arrives here                 <- iam
    functions       Lambda, a process for each worker       <- iam
    emulator        what moto lacks, or does too slowly     <- api functions iam
    eventbridge     rules, schedules and deliveries         <- api functions iam
    workflows       Step Functions on the cloud's clock     <- api eventbridge functions
    rehearsal       production, its scene, and evidence     <- aurora cloudformation functions
    chaos           restores, broken at every point         <- all above
    bench           what the project promises, measured     <- all above
    commands        what `python -m local` offers           <- chaos rehearsal functions

Of the modules beside them, `calls`, `clients`, `clock`, `background` and `patches` import no
folder, and every folder may import them. `cloud` puts together the folders above `rehearsal`; only
`rehearsal` and the folders below it import `cloud`.

Inside `aurora`, `rules` is the lowest floor, then come `model` and `actions`; the modules `api`,
`simulator` and `required_permissions` stand on top, and none of them is imported by a floor.
"""
