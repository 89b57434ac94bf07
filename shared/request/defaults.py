"""What a request gets for a field that it leaves out: a part of the deployment's settings."""

from shared.model import Model
from shared.request.fields import (
    BackupDays,
    InstanceClass,
    LogExport,
    NameOrArn,
    Port,
    Region,
    SecurityGroupId,
)


class RequestDefaults(Model):
    """The defaults of one deployment (design, section 6); `None` stands for no default."""

    source_region: Region
    target_region: Region
    db_instance_class: InstanceClass = "db.r6g.large"
    vpc_security_group_ids: tuple[SecurityGroupId, ...] = ()
    db_subnet_group_name: NameOrArn | None = None
    db_cluster_parameter_group_name: NameOrArn | None = None
    db_parameter_group_name: NameOrArn | None = None
    port: Port | None = None
    kms_key_id: NameOrArn | None = None
    log_exports: tuple[LogExport, ...] = ()
    backup_retention_days: BackupDays = 1
    extended_support: bool = False
    admin_secret_id: NameOrArn | None = None
    users_secret_id: NameOrArn | None = None
