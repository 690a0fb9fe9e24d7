#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Three instances of one consumer group join and leave while the stream is produced."""
import signal
import time

from checks import check, finish
import events
import harness


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=8)
	daemon = harness.Daemon(fixtures, topic, batch_events=200)
	producing = harness.Producing(topic, events.stream(seed=3, complaints=900, partitions=8), seconds=25)
	running = []

	def moves(what):
		before = sum(daemon.progress().values())
		harness.wait_until(f"progress after {what}", lambda: sum(daemon.progress().values()) > before or daemon.is_drained())
		check(f"{what}, and the others go on", all(process.poll() is None for process in running), daemon.log_tail())

	for what in ("one joins", "one joins", "one joins", "the first leaves", "one joins", "the first leaves", "the first leaves", "one joins", "one joins"):
		if what == "one joins":
			running.append(daemon.start())
		else:
			daemon.stop(running.pop(0))
		moves(what)
	# A zombie: it sleeps until the group has forgotten it, then wakes up with work that others have done.
	for _ in range(3):
		sleeper = running[0]
		before = sum(daemon.progress().values())
		harness.wait_until("progress", lambda: sum(daemon.progress().values()) > before or daemon.is_drained(), pause=0.002)
		sleeper.send_signal(signal.SIGSTOP)
		moves("one sleeps")
		time.sleep(2)
		sleeper.send_signal(signal.SIGCONT)
		moves("it wakes up")
		running.append(running.pop(0))
	producing.finish()
	harness.wait_until("the end of the topic", daemon.is_drained)
	for process in running:
		daemon.stop(process)
	daemon.compare_quickly()

	again = harness.Daemon(fixtures, topic)
	for process in [again.start("--until-drained") for _ in range(3)]:
		again.end(process, 120)
	again.compare_quickly(what="three that drain it together")
	finish()


if __name__ == "__main__":
	main()
