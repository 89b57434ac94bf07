"""What the terminal shows, kept as a picture when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

_COLUMNS = 80
_FONT_ASPECT = 0.6

# The font is whatever the reader has; the lengths of the texts hold the columns.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, 'SF Mono', Menlo, Consolas, \
'DejaVu Sans Mono', 'Liberation Mono', monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font: 600 17px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

# Dark on every paper, as terminals are.
_THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (230, 237, 243),
    ],
)


def recorded(file: Path | None) -> Console:
    """A console that can be kept; as wide as the picture if there is a file for one."""
    return Console(record=True, width=_COLUMNS) if file else Console()


def clear(console: Console) -> None:
    """Let the picture begin here."""
    if console.record:
        console.export_text(clear=True)


@contextmanager
def unrecorded(console: Console) -> Iterator[None]:
    """Leave what is shown in the block out of the picture."""
    recording, console.record = console.record, False
    try:
        yield
    finally:
        console.record = recording


def save(console: Console, file: Path, title: str) -> None:
    """Write what was recorded as SVG."""
    console.line()  # The picture ends in the middle of the last line.
    file.write_text(
        console.export_svg(
            title=title,
            theme=_THEME,
            code_format=_FORMAT,
            font_aspect_ratio=_FONT_ASPECT,
            unique_id="screen",
        )
    )
