"""Following a document fails where the document is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import check_files_listed, files_touched, follow

PAGE = """# A page

Write `notes/a.txt`:

```text
one

two
```

Add to the end of `notes/a.txt`:

```text
three
```

and change it:

```diff
--- a/notes/a.txt
+++ b/notes/a.txt
@@ -1,3 +1,3 @@
-one
+eins

 two
```

```
export PLACE=$PWD/data
```

Look:

```console
$ cat notes/a.txt
eins
three
$ echo "$PLACE"
…/data
$ echo "✘ wrong" && false
✘ wrong
```
"""
TABLE = "\n## Files you touch\n\n| file | why |\n|---|---|\n| `notes/a.txt` | a reason |\n"


def test_files_are_written_and_patched_and_answers_counted(tmp_path: Path) -> None:
    assert follow(tmp_path, PAGE) == 4
    assert (tmp_path / "notes" / "a.txt").read_text() == "eins\n\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("-one", "-uno", "does not apply"),
        ("\nthree\n$ echo", "\nfour\n$ echo", "no line 'four'"),
        ("&& false", "&& true", "ended with 0"),
        ("$ cat", "$ cat missing", "ended with 1"),
        ("Write `notes/a.txt`:", "Write it:", "no line with a path"),
        ("Add to the end of `", "Write `", "exists"),
    ],
)
def test_a_wrong_page_fails(tmp_path: Path, right: str, wrong: str, reason: str) -> None:
    assert right in PAGE
    with pytest.raises(AssertionError, match=reason):
        follow(tmp_path, PAGE.replace(right, wrong))


def test_the_table_names_the_files_of_the_steps() -> None:
    assert files_touched(PAGE) == {"notes/a.txt"}
    check_files_listed(PAGE + TABLE)
    with pytest.raises(AssertionError, match="only in the table"):
        check_files_listed(PAGE + TABLE + "| `notes/b.txt` | nothing |\n")
    with pytest.raises(AssertionError, match="only in the steps"):
        check_files_listed(PAGE + TABLE.replace("a.txt", "b.txt"))
    with pytest.raises(AssertionError, match="no table"):
        check_files_listed(PAGE)
