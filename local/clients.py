"""The clients of the clouds of this process."""

import functools

import boto3
import botocore.session


@functools.cache
def session() -> boto3.Session:
    """The session that makes all clients: each new one reads the descriptions of all services.

    It ignores the profile that the developer's shell may name.
    """
    return boto3.Session(botocore_session=botocore.session.Session({"profile": (None,) * 4}))
