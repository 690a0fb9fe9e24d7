# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""One line for each check, and an exit status of 1 when any failed."""
import sys

_failed = []


def check(what, good, why=""):
	"""Prints the outcome of one check; returns whether it is good."""
	print(f"{'ok  ' if good else 'FAIL'}  {what}" + (f": {why}" if why and not good else ""), flush=True)
	if not good:
		_failed.append(what)
	return good


def same(what, got, want):
	return check(what, want == got, f"got {got!r}, not {want!r}")


def failed():
	return bool(_failed)


def skip(why):
	"""Ends a test that cannot run here."""
	print(f"skipped: {why}", flush=True)
	sys.exit(0)


def finish():
	print(f"{len(_failed)} checks failed" if _failed else "all checks passed", flush=True)
	sys.exit(1 if _failed else 0)
