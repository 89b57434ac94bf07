"""Making a restored database ours: nobody else gets in, and the users of the templates can work.

    preparation ── the order of it all
      ├── lockout        logins of production
      ├── eviction       sessions, logins under way and prepared transactions of production
      ├── roles          a new role for every user; what had its name is retired
      ├── grants         what the templates give
      ├── exposure       what production leaves open to everybody
      └── verification   the proof
    sessions, pins, event_triggers, powers, notes: what these stand on

Until all of that is done the snapshot is hostile: no function, operator, cast, trigger, policy or
setting of it may run as the master user or change a verdict
(docs/implementation_guide/09_security.md).
"""
