"""Write the report of a soak test for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from invariants.soak.readers import Readers
from invariants.soak.sampling import Sampler


def write_report(folder: Path, text: str) -> None:
    """Write the report to its file and print it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(text, encoding="utf-8")
    print(text)


def text_of(
    minutes: float,
    seconds: Sequence[float],
    failed: Sequence[str],
    readers: Readers,
    sampler: Sampler,
    publications: int,
) -> str:
    """Return the report as Markdown.

    Args:
        minutes: the planned duration.
        seconds: the duration of each day, from the trigger of its DAGs to the end of the last run.
        failed: the names of the tasks that failed after all retries.
        readers: the readers with their results.
        sampler: the sampler with its samples.
        publications: the number of recorded publications.
    """
    lines = [
        f"{minutes:.0f} minutes, {len(seconds)} days, {publications} publications; a day took {median(seconds):.0f} s "
        f"(median; {min(seconds):.0f} to {max(seconds):.0f})",
        f"tasks that failed for good: {_counted(failed)}",
        "queries: " + ", ".join(f"{name} {count:,}" for name, count in sorted(readers.reads.items())),
        f"failed reads: {len(readers.failures)}",
        "",
        "| process | memory, MB: second quarter | last quarter | open files and sockets | last quarter | flat |",
        "|---|---:|---:|---:|---:|---|",
        *_rows(sampler),
    ]
    return "\n".join(lines) + "\n"


def _counted(failed: Iterable[str]) -> str:
    return ", ".join(f"{name} × {count}" for name, count in sorted(Counter(failed).items())) or "none"


def _rows(sampler: Sampler) -> Iterable[str]:
    for track in sorted(sampler.lasting(), key=lambda found: (found.name, found.pid)):
        (memory, later), (handles, more) = track.memory, track.handles
        answer = "yes" if track.is_flat else "NO"
        yield f"| {track.name} | {memory:.1f} | {later:.1f} | {handles:.0f} | {more:.0f} | {answer} |"
