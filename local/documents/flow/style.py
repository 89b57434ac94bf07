"""The colours on light paper and on dark, and the kinds of text."""

from dataclasses import dataclass

from local.documents.flow.graph import Stage
from local.documents.flow.placing import HEADING, SMALL, TEXT, TITLE

FONTS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class _Palette:
    """The colours for one kind of paper."""

    paper: str
    border: str
    ink: str
    quiet: str
    card: str
    line: str
    failure: tuple[str, str]
    stages: dict[Stage, tuple[str, str]]
    """A strong colour and a tint of it, as of `failure`."""

    def rules(self) -> str:
        """The style sheet's colours."""
        strong, tint = self.failure
        rules = [
            f".paper{{fill:{self.paper};stroke:{self.border}}}",
            f".title,.choice-title,.heading{{fill:{self.ink}}}",
            f".text,.reason{{fill:{self.quiet}}}.reason{{stroke:{self.paper}}}",
            f".line{{stroke:{self.line}}}.line-head{{fill:{self.line}}}",
            f".card,.wait{{fill:{self.card}}}",
            f".sign *{{stroke:{self.quiet}}}.choice{{fill:{self.paper}}}",
            f".failure{{fill:{tint};stroke:{strong}}}",
            f".failing{{stroke:{strong}}}.failing-head{{fill:{strong}}}",
        ]
        for stage, (strong, tint) in self.stages.items():
            outlined = ",".join(
                f".{stage} .{kind}" for kind in ("band", "card", "choice", "wait", "hands")
            )
            rules += [
                f".{stage} .band,.{stage} .choice{{fill:{tint}}}{outlined}{{stroke:{strong}}}",
                f".{stage} .strip,.{stage} .end{{fill:{strong}}}",
            ]
        return "\n".join(rules)


_LIGHT = _Palette(
    paper="#ffffff",
    border="#d1d9e0",
    ink="#1f2328",
    quiet="#59636e",
    card="#ffffff",
    line="#6e7781",
    failure=("#cf222e", "#fff0ef"),
    stages={
        Stage.CHOOSE: ("#0969da", "#eef6ff"),
        Stage.COPY: ("#0f7b8a", "#e9f8f9"),
        Stage.RESTORE: ("#4a57c8", "#f0f1ff"),
        Stage.USERS: ("#8250df", "#f7f1ff"),
        Stage.REPLACE: ("#bc4c00", "#fff3ea"),
        Stage.ARCHIVE: ("#8a6100", "#fff8e0"),
        Stage.CLOSE: ("#1a7f37", "#ebf9ef"),
    },
)
_DARK = _Palette(
    paper="#0d1117",
    border="#3d444d",
    ink="#f0f6fc",
    quiet="#a3acb7",
    card="#0d1117",
    line="#8b949e",
    failure=("#f85149", "#2a1214"),
    stages={
        Stage.CHOOSE: ("#2f74e0", "#101e33"),
        Stage.COPY: ("#1b8a94", "#0c2428"),
        Stage.RESTORE: ("#6470dc", "#191c3a"),
        Stage.USERS: ("#8957e5", "#1f1733"),
        Stage.REPLACE: ("#c4581c", "#2b1a0f"),
        Stage.ARCHIVE: ("#997014", "#262009"),
        Stage.CLOSE: ("#2a8c41", "#0f2516"),
    },
)


def sheet() -> str:
    """The style sheet of the picture."""
    dark = f"@media (prefers-color-scheme:dark){{\n{_DARK.rules()}\n}}"
    return "\n".join(("", _SHAPES, _LIGHT.rules(), dark, ""))


_SHAPES = f"""\
.heading{{font-size:{HEADING}px;font-weight:600}}
.title{{font-size:{TITLE}px;font-weight:600}}
.text{{font-size:{TEXT}px}}
.choice-title,.end-title{{font-size:{TITLE}px;text-anchor:middle}}
.end-title{{font-weight:600;fill:#fff}}
.reason{{font-size:{SMALL}px;text-anchor:middle;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}
.stage{{font-size:10.5px;font-weight:700;letter-spacing:1px;text-anchor:middle;fill:#fff}}
.line,.failing{{fill:none;stroke-width:1.4}}
.failing,.failure{{stroke-dasharray:4 3}}
.hands{{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}}"""
