"""A self-contained HTML page: text, tables and pictures in one file that opens without a network.

All text is escaped.
"""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from capnode.whole_file import write_whole

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.lead { font-size: 1.05rem; border-left: 4px solid #0072B2; padding: .2rem 1rem; background: #f4f8fb; }
.warning { border-left: 4px solid #D55E00; padding: .2rem 1rem; background: #fdf5f0; }
table { border-collapse: collapse; margin: .6rem 0; } caption { text-align: left; color: #555; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #e6e6e6; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figcaption { color: #555; font-size: .92rem; } img { max-width: 100%; height: auto; }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
"""


class Page:
    """Sections one after another; `write` puts the file in place whole."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._parts: list[str] = []

    def heading(self, text: str) -> None:
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def paragraph(self, text: str, kind: str = "") -> None:
        """`kind`: "lead" for a statement, "warning" for what is missing."""
        mark = f' class="{html.escape(kind)}"' if kind else ""
        self._parts.append(f"<p{mark}>{html.escape(text)}</p>")

    def table(self, rows: Iterable[Sequence[Any]], head: Sequence[str] = (), caption: str = "") -> None:
        """Numbers stand to the right."""
        lines = ["<table>"]
        if caption:
            lines.append(f"<caption>{html.escape(caption)}</caption>")
        if head:
            lines.append("<tr>" + "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head) + "</tr>")
        for row in rows:
            cells = []
            for k, value in enumerate(row):
                number = isinstance(value, int | float)
                text = html.escape(f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else str(value))
                if k == 0 and not head:
                    cells.append(f'<th scope="row">{text}</th>')
                else:
                    cells.append(f'<td class="number">{text}</td>' if number else f"<td>{text}</td>")
            lines.append("<tr>" + "".join(cells) + "</tr>")
        self._parts.append("\n".join([*lines, "</table>"]))

    def picture(self, figure: Any, caption: str) -> None:
        """A matplotlib figure, embedded as PNG."""
        from capnode.plot import png_bytes

        data = base64.b64encode(png_bytes(figure)).decode("ascii")
        self._parts.append(
            f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        )

    def files(self, names: Iterable[tuple[str, str]]) -> None:
        """Files beside the page: (name, what it is)."""
        rows = "".join(
            f'<tr><td><a href="{html.escape(name)}">{html.escape(name)}</a></td><td>{html.escape(what)}</td></tr>'
            for name, what in names
        )
        self._parts.append(f"<table>{rows}</table>")

    def details(self, summary: str, text: str) -> None:
        """Long text behind a line that opens it."""
        self._parts.append(
            f"<details><summary>{html.escape(summary)}</summary><pre>{html.escape(text)}</pre></details>"
        )

    def html(self) -> str:
        out = io.StringIO()
        title = html.escape(self.title)
        out.write('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
        out.write('<meta name="viewport" content="width=device-width, initial-scale=1">\n')
        out.write(f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n")
        out.write("\n".join(self._parts))
        out.write("\n</body>\n</html>\n")
        return out.getvalue()

    def write(self, path: str | os.PathLike[str]) -> Path:
        return write_whole(path, self.html().encode())
