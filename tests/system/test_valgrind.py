#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The daemon under valgrind from its start to SIGTERM: a mixed stream, another one joins the group and leaves. Nothing is lost of its memory, nothing is read that was not written."""
import pathlib
import re
import shutil

from checks import check, finish, skip
import events
import harness

# What the libraries keep until the process ends can be reached and is theirs; what nothing points to any more is a leak, whoever made it. None is suppressed.
VALGRIND = ("valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99", "--num-callers=30")


def summary(log):
	"""{kind of leak: bytes}; none where all memory was given back."""
	return {kind: int(size.replace(",", "")) for kind, size in re.findall(r"(\w+) lost: ([\d,]+) bytes", log)}


def main():
	if not shutil.which("valgrind"):
		skip("valgrind is not installed")
	if b"__asan_init" in pathlib.Path(harness.program()).read_bytes():
		skip("a program with sanitizers has an allocator of its own")
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=4)
	topic.produce(events.stream(seed=11, complaints=40, partitions=4))
	# Slow as it is here, it need not answer at once.
	daemon = harness.Daemon(fixtures, topic, kafka={"session.timeout.ms": 30000, "heartbeat.interval.ms": 1000}, batch_events=100)
	log = daemon.folder / "valgrind"
	watched = daemon.start(under=(*VALGRIND, f"--log-file={log}"))
	harness.wait_until("progress", lambda: sum(daemon.progress().values()) or watched.poll() is not None)
	other = daemon.start()
	harness.wait_until("a rebalance", lambda: "partitions revoked" in daemon.log.read_text(encoding="utf-8", errors="replace") or watched.poll() is not None)
	topic.produce(events.stream(seed=12, complaints=10, partitions=4))
	harness.wait_until("the end of the topic", lambda: daemon.is_drained() or watched.poll() is not None)
	daemon.stop(other)
	topic.produce(events.stream(seed=13, complaints=10, partitions=4))
	harness.wait_until("the end of what it reads alone again", lambda: daemon.is_drained() or watched.poll() is not None)
	check("alive until it is told to end", watched.poll() is None, daemon.log_tail())
	watched.terminate()
	status = watched.wait(120)
	told = log.read_text(encoding="utf-8", errors="replace")
	check("it ends well", status == 0, f"exit {status}; {told[-6000:]}")
	check("no error", "ERROR SUMMARY: 0 errors" in told, told[-6000:])
	lost = {kind: size for kind, size in summary(told).items() if kind in ("definitely", "indirectly")}
	check("no leak", not any(lost.values()), lost)
	daemon.compare(tables=("complaint", "measure_day"))
	finish()


if __name__ == "__main__":
	main()
