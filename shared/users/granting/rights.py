"""What each template gives on each kind of object, as PostgreSQL names the privileges."""

from collections.abc import Mapping, Sequence

from shared.users.templates import Template

Rights = Mapping[Template, Sequence[str]]

DATABASE: Rights = {
    Template.READ_ONLY: ("CONNECT",),
    Template.READ_WRITE: ("CONNECT", "TEMPORARY"),
    Template.OWNER: ("CONNECT", "TEMPORARY", "CREATE"),
}
SCHEMA: Rights = {
    Template.READ_ONLY: ("USAGE",),
    Template.READ_WRITE: ("USAGE",),
    Template.OWNER: ("USAGE", "CREATE"),
}
SEQUENCE: Rights = {
    Template.READ_ONLY: ("SELECT",),
    Template.READ_WRITE: ("SELECT", "USAGE", "UPDATE"),
    Template.OWNER: ("SELECT", "USAGE", "UPDATE"),
}
_TABLE: Rights = {
    Template.READ_ONLY: ("SELECT",),
    Template.READ_WRITE: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    Template.OWNER: ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
}
_TABLE_SINCE_17: Rights = {**_TABLE, Template.OWNER: (*_TABLE[Template.OWNER], "MAINTAIN")}


def on_tables(major_version: int) -> Rights:
    """On tables and views: an owner maintains them, too, where that is a privilege of its own."""
    return _TABLE if major_version < 17 else _TABLE_SINCE_17
