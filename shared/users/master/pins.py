"""What every session of ours pins, so that nothing a role or a database sets can reach it.

A setting in the start-up packet wins over those of `ALTER ROLE` and `ALTER DATABASE`; what matters
before the first statement is pinned there. The first statement puts everything else that came from
a role or a database back to PostgreSQL's own default. (PostgreSQL documentation, 20.1.3)
"""

# Names are resolved in pg_catalog; then come temporary relations, but never temporary functions.
SEARCH_PATH = "pg_catalog, pg_temp"

# Not pinned in a user's own session: whether its transactions are read-only, and whether it can log
# in with the libraries that are to be loaded, is part of the proof.
READ_ONLY = "default_transaction_read_only"
LIBRARIES = "local_preload_libraries"

_ALWAYS = {
    "search_path": SEARCH_PATH,
    "role": "none",
    "statement_timeout": "60000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    READ_ONLY: "off",
    "standard_conforming_strings": "on",
    # If it is not ISO, the driver changes it, and the setting no longer counts as inherited.
    "DateStyle": "ISO,MDY",
    # Its default is chosen when the server starts, and the catalog does not show it.
    "timezone_abbreviations": "Default",
    LIBRARIES: "",
}
# A server refuses a setting that it does not know; each of these is new in that version.
_SINCE = {14: {"idle_session_timeout": "0"}, 17: {"transaction_timeout": "0"}}

# Settings of a role or database still in force. Transaction-level ones ended with the session's
# first transaction.
_INHERITED = """
    source IN ('global', 'database', 'user', 'database user')
    AND context IN ('user', 'superuser') AND name <> ALL (%s::pg_catalog.text[])
    AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
"""
INHERITED_SETTINGS = f"""
    SELECT name, context, COALESCE(boot_val, '') FROM pg_catalog.pg_settings WHERE {_INHERITED}
"""
RESET_USER_SETTINGS = f"""
    SELECT pg_catalog.set_config(name, boot_val, false) FROM pg_catalog.pg_settings
    WHERE {_INHERITED} AND context = 'user' AND boot_val IS NOT NULL
"""
RESET_SUPERUSER_SETTING = "SELECT pg_catalog.set_config(%s, %s, false)"


def startup_options(engine_version: str, *keep: str) -> str:
    """libpq's `options` that pin all settings but `keep`.

    `engine_version` is such as `16.4`; with '' only what every version knows is pinned.
    """
    pins = {name: value for name, value in _ALWAYS.items() if name not in keep}
    major = engine_version.split(".")[0]
    for since, more in _SINCE.items():
        if major.isdecimal() and int(major) >= since:
            pins |= more
    escaped = {name: value.replace(" ", r"\ ") for name, value in pins.items()}
    return " ".join(f"-c {name}={value}" for name, value in escaped.items())
