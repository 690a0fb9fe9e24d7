#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Three instances of one consumer group join and leave while the stream is produced."""
from checks import check, finish
import events
import harness


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=8)
	daemon = harness.Daemon(fixtures, topic, batch_events=200)
	producing = harness.Producing(topic, events.stream(seed=3, complaints=700, partitions=8), seconds=20)
	running = []

	def moves(what):
		before = sum(daemon.progress().values())
		harness.wait_until(f"progress after {what}", lambda: sum(daemon.progress().values()) > before or daemon.is_drained(), 30)
		check(f"{what}, and the others go on", all(process.poll() is None for process in running), daemon.log_tail())

	for what in ("one joins", "one joins", "one joins", "the first leaves", "one joins", "the first leaves", "the first leaves", "one joins"):
		if what == "one joins":
			running.append(daemon.start())
		else:
			daemon.stop(running.pop(0))
		moves(what)
	producing.finish()
	harness.wait_until("the end of the topic", daemon.is_drained, 60)
	for process in running:
		daemon.stop(process)
	daemon.compare()
	finish()


if __name__ == "__main__":
	main()
