"""The contract: what the pipeline relies on of AWS, as tests that run against any endpoint.

    facts      the facts, a module per subject: add one there, and nowhere else
    harness    what holds facts against a cloud: words for facts, shared resources, cost, record

Facts and harness use nothing but boto3 and psycopg2, and know no cloud. `make test` holds the facts
against the local cloud (`test_facts.py`), `make contract` against a real account (`__main__.py`).
"""
