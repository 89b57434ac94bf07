"""What RDS accepts as identifiers."""

import re

from hypothesis import given
from hypothesis import strategies as st
from moto.core.exceptions import ServiceException

from local.aurora.rules.parameters import legal_identifier


@given(st.text(alphabet="aZ9-_:é", max_size=66))
def test_identifiers_follow_the_rule_and_nothing_else(text: str) -> None:
    is_legal = (
        1 <= len(text) <= 63
        and re.fullmatch("[a-zA-Z0-9-]*", text) is not None
        and text[0].isalpha()
        and not text.endswith("-")
        and "--" not in text
    )

    try:
        accepted = legal_identifier(text, "Identifier") == text.lower()
    except ServiceException:
        accepted = False

    assert accepted == is_legal
