"""Making a restored database ours: nobody else gets in, and the users of the templates can work.

    preparation ── the order of it all
      ├── lockout/         production's logins, sessions and event triggers
      ├── databases        which of them the master user can enter
      ├── roles            a new role for every user
      │     └── retired_roles    the role of the snapshot that had its name
      ├── hand_over        what a user gets back from its retired role
      ├── grants           what the templates give
      │     └── ownership        who owns what, and for whom the master user can act
      ├── exposure/        what production leaves open to everybody
      └── verification     the proof
    master/        the master user's sessions, their settings, its powers, its notes on roles
    templates, known_roles, wording, transitions

Until all of that is done the snapshot is hostile: no function, operator, cast, trigger, policy or
setting in it may run as the master user or change a verdict
(docs/implementation_guide/09_security.md).
"""
