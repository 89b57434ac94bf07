"""Roles that belong to PostgreSQL or AWS, and must never be changed.

AWS's are listed by name: a customer may well have a role `rdsapp`. Sources: the user guide's pages
on `rds_superuser`, IAM, Kerberos (`rds_ad`) and RDS Proxy (`rdsproxyadmin`); roles of real clusters
that are listed in public bug reports and tools.
"""

from typing import Literal, get_args

# AWS's groups, which nobody logs in as.
AWS_GROUPS = frozenset(
    {
        "rds_ad",
        "rds_extension",
        "rds_iam",
        "rds_password",
        "rds_replication",
        "rds_reserved",
        "rds_superuser",
    }
)
AWS_LOGINS = frozenset(
    {
        "rdsadmin",
        "rdsproxyadmin",
        "rdsrepladmin",
        "rdstopmgr",
        "rdswriteforwarduser",
    }
)
AWS_ROLES = AWS_GROUPS | AWS_LOGINS
# Membership in these shows statistics, and gives no power over anything.
MonitoringRole = Literal[
    "pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"
]
# Nor does it in these: one is a login method.
HARMLESS_ROLES = frozenset({"rds_iam", *get_args(MonitoringRole), "pg_use_reserved_connections"})


# No roles, but words for everybody and for nobody, which PostgreSQL lets no role be called.
_WORDS = frozenset({"none", "public"})


def is_reserved(role: str) -> bool:
    """Whether a role belongs to PostgreSQL or AWS; nobody else may use the prefix `pg_`."""
    return role.startswith("pg_") or role in AWS_ROLES | _WORDS


def looks_reserved(role: str) -> bool:
    """Whether a role that is not listed may be one that AWS added in a newer version."""
    return role.startswith("rds") and not is_reserved(role)
