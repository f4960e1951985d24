"""A plot of wall times as SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Result

_COLOURS = ("#0f766e", "#64748b", "#94a3b8", "#b45309", "#d97706")
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 760, 360, 60, 70, 60


def render(results: Sequence[Result]) -> str:
    """Wall time of `plan` and of each baseline, in groups by parallelism; a line marks the floor of each group."""
    series = ("plan", *results[0].case.baselines)
    groups = [(result, (result.usage.wall, *(usage.wall for usage in result.baselines.values()))) for result in results]
    top = max(max(times) for _, times in groups) * 1.1
    scale = (_HEIGHT - _TOP - _BOTTOM) / top
    base = _HEIGHT - _BOTTOM
    case = results[0].case
    title = f"Seconds to read {case.size:,} environments, {case.delay * 1000:g} ms per response"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#0f172a">{escape(title)}</text>',
    ]
    for index, name in enumerate(series):
        left = _LEFT + index * 110
        parts.append(f'<rect x="{left}" y="38" width="12" height="12" fill="{_COLOURS[index]}"/>')
        parts.append(f'<text x="{left + 18}" y="48" fill="#334155">{escape(name)}</text>')
    room = (_WIDTH - _LEFT - 20) / len(groups)
    bar = room * 0.8 / len(series)
    for number, (result, times) in enumerate(groups):
        start = _LEFT + number * room + room * 0.1
        for index, time in enumerate(times):
            x, height = start + index * bar, time * scale
            parts.append(
                f'<rect x="{x:.1f}" y="{base - height:.1f}" width="{bar - 3:.1f}" height="{height:.1f}" '
                f'fill="{_COLOURS[index]}"/>'
            )
            parts.append(
                f'<text x="{x + (bar - 3) / 2:.1f}" y="{base - height - 4:.1f}" text-anchor="middle" font-size="10" '
                f'fill="#334155">{time:.2f}</text>'
            )
        floor = base - result.case.floor * scale
        parts.append(
            f'<path d="M{start - 6:.1f} {floor:.1f}h{bar * len(series) + 9:.1f}" stroke="#dc2626" '
            f'stroke-width="1.5" stroke-dasharray="5 3"/>'
        )
        parts.append(
            f'<text x="{start + bar * len(series) / 2:.1f}" y="{base + 20}" text-anchor="middle" '
            f'fill="#0f172a">P = {result.case.parallel} (floor {result.case.floor:.2f} s)</text>'
        )
    parts.append(f'<path d="M{_LEFT} {base}H{_WIDTH - 20}" stroke="#0f172a"/>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 12}" fill="#dc2626">- - floor: the responses alone</text>')
    return "\n".join([*parts, "</svg>", ""])
