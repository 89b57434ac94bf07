"""What is written straight as XML is what the emulator's own writer makes of it."""

from typing import Any

import pytest
import xmltodict  # type: ignore[import-untyped]  # it comes with the emulator

from local.emulator.xml_answers import written


@pytest.mark.parametrize(
    "document",
    [
        {"Answer": {}},
        {"Answer": {"Empty": "", "None": None, "Nothing": [], "Deep": {"Empty": {}}}},
        {"Answer": {"Yes": True, "Number": 5, "Part": 0.5, "Text": "a < b & \"c\" > 'd' é"}},
        {"Answer": {"@xmlns": 'http://a/?b&"c"', "One": {"@type": "x", "#text": "text"}}},
        {"Answer": {"Many": [{"Name": "a"}, {"Name": ["b", "c"]}, "d", None]}},
        {"Answer": {"Text": "behind a child", "Lines": "one\ntwo\r\n\tthree"}},
    ],
)
def test_a_document_is_written_as_by_the_emulators_own_writer(document: Any) -> None:
    own = xmltodict.unparse(document, full_document=False, short_empty_elements=True)

    assert written(document) == own
