"""How work grows with what it is given, counted in calls: the same on every machine, however busy it is."""

import sys


def calls(work):
    """How many functions, of Python and of C, are called while `work` runs in this thread."""
    count = 0

    def note(_frame, event, _arg):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
