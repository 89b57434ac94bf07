"""A cloud on this machine: enough of AWS to run the deployed pipeline, and strict about it.

Every folder, what it is for, and the folders it may import; none is ever imported from below.

    iam             what policies allow, and the judge of every call      nothing
    postgres        the database servers behind clusters                  nothing
    cloudformation  deploys a synthesized template                        nothing
    documents       tables that the documentation repeats                 nothing
    aurora          RDS, as far as Aurora clusters and snapshots go       iam
    api             where every call arrives: endpoint, gate, faults      iam
    functions       Lambda, with a process for every worker               iam
    emulator        what moto lacks, or does too slowly                   api functions iam
    eventbridge     rules, schedules, deliveries                          api functions iam
    workflows       Step Functions on the cloud's clock                   api eventbridge functions
    rehearsal       production, the scene around it, proof of a restore   cloud and its folders
    commands        the demo, and a cloud for the developer's shell       rehearsal functions
    chaos           restores that are broken at every point               rehearsal and below
    bench           what the project promises in figures, measured        chaos and below

The modules beside the folders: `calls`, `clock`, `background` and `patches` may be imported by all
and import no folder; `cloud` puts the folders down to `workflows` together; `__main__` starts
`commands`, `chaos` and `bench`.

Inside `aurora` the floors are `rules`, above it `model`, above it `actions`; the modules beside
them stand on top: `simulator` on `api`, and `required_permissions`.
"""
