"""Every way a restore can fail, named for the person who reads the execution graph.

    RestoreError
    ├── Retryable                  the state machine tries again
    │   ├── Throttled              AWS asked for fewer calls
    │   ├── AwsUnreachable         AWS answered 5xx, or not at all
    │   ├── ResourceBusy           a resource is in a transient status, or capacity is short
    │   ├── StateConflict          somebody else wrote the operation's state in between
    │   ├── DatabaseUnreachable    the restored database does not answer (yet)
    │   ├── CopyQuotaReached       five copies into the region are under way already
    │   └── ExportQuotaReached     five exports are under way already
    └── Terminal                   the execution fails; redrive it when the cause is gone
        ├── InvalidRequest         the request itself is wrong
        ├── ConfigurationError     something referred to is missing or malformed
        ├── SnapshotNotFound       no snapshot fits the request
        ├── SnapshotUnusable       the snapshot exists, and cannot be restored
        ├── TargetExists           the target cluster exists and may not be replaced by this request
        ├── TargetProtected        the target cluster is protected against deletion
        ├── TargetNotAllowed       the deployment does not allow replacing this cluster
        ├── TargetLocked           another operation is restoring onto the same target
        ├── NotOurs                something has our name, and another operation's tag
        ├── KeyNotAccessible       a KMS key cannot be used
        ├── QuotaExceeded          an account limit that does not pass by waiting
        ├── CopyFailed             the snapshot copy ended in a status it cannot leave
        ├── RestoreFailed          the cluster or an instance ended in a status it cannot leave
        ├── ExportFailed           the export of a snapshot ended in a status it cannot leave
        ├── CopyTimedOut           the copy phase passed its deadline
        ├── DeleteTimedOut         the delete phase passed its deadline
        ├── RestoreTimedOut        the restore phase passed its deadline
        ├── ExportTimedOut         the export phase passed its deadline
        ├── ArchiveTimedOut        the archive phase passed its deadline
        ├── ValidationFailed       a user of the restored database can do too little or too much
        ├── AccessDenied           a role lacks a permission
        ├── UnexpectedAwsError     AWS answered with an error that this pipeline does not know
        ├── InternalError          a defect of this pipeline
        ├── ExecutionTimedOut      the whole execution passed the state machine's time-out
        └── ExecutionAborted       somebody stopped the execution

Step Functions sees the bare class name and no inheritance, so the state machine lists leaves.
A message says what happened, to what, and what to do; it never holds a secret.
"""


class RestoreError(Exception):
    """A restore cannot go on as it is."""


class Retryable(RestoreError):
    """Trying again, later, may well succeed."""


class Throttled(Retryable):
    """AWS asked for fewer calls."""


class AwsUnreachable(Retryable):
    """AWS answered with a server error, or did not answer."""


class ResourceBusy(Retryable):
    """A cluster, instance or snapshot is in a transient status, or capacity is short for now."""


class StateConflict(Retryable):
    """The operation's state was written by somebody else since it was read."""


class DatabaseUnreachable(Retryable):
    """The restored database does not answer, or dropped the connection."""


class CopyQuotaReached(Retryable):
    """The region's limit of cross-region copies under way is reached; it passes by itself."""


class ExportQuotaReached(Retryable):
    """The account's limit of exports under way is reached; it passes by itself."""


class Terminal(RestoreError):
    """Trying again changes nothing until somebody removes the cause."""


class InvalidRequest(Terminal):
    """The request itself is wrong."""


class ConfigurationError(Terminal):
    """Something the deployment or the request refers to is missing or of the wrong shape."""


class SnapshotNotFound(Terminal):
    """No snapshot fits the request."""


class SnapshotUnusable(Terminal):
    """The snapshot exists, and cannot be restored."""


class TargetExists(Terminal):
    """The target cluster exists, and the request does not replace it."""


class TargetProtected(Terminal):
    """The target cluster is protected: by deletion protection or by replication."""


class TargetNotAllowed(Terminal):
    """The deployment does not allow replacing this cluster."""


class TargetLocked(Terminal):
    """Another operation is restoring onto the same target."""


class NotOurs(Terminal):
    """A resource has the name this operation needs, and is not this operation's."""


class KeyNotAccessible(Terminal):
    """A KMS key does not exist, is disabled, or may not be used."""


class QuotaExceeded(Terminal):
    """An account limit is reached that does not pass by waiting."""


class CopyFailed(Terminal):
    """The snapshot copy ended in a status it cannot leave."""


class RestoreFailed(Terminal):
    """The cluster or an instance ended in a status it cannot leave."""


class ExportFailed(Terminal):
    """The export of a snapshot ended in a status it cannot leave."""


class CopyTimedOut(Terminal):
    """The copy phase passed its deadline."""


class DeleteTimedOut(Terminal):
    """The delete phase passed its deadline."""


class RestoreTimedOut(Terminal):
    """The restore phase passed its deadline."""


class ExportTimedOut(Terminal):
    """The export phase passed its deadline."""


class ArchiveTimedOut(Terminal):
    """The archive phase passed its deadline."""


class ValidationFailed(Terminal):
    """A user of the restored database can do less than was asked, or more than is allowed."""


class AccessDenied(Terminal):
    """A role lacks a permission."""


class UnexpectedAwsError(Terminal):
    """AWS answered with an error that this pipeline does not know."""


class InternalError(Terminal):
    """A defect of this pipeline."""


class ExecutionTimedOut(Terminal):
    """The whole execution passed the state machine's time-out."""


class ExecutionAborted(Terminal):
    """Somebody stopped the execution."""
