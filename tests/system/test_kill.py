#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The daemon is killed (SIGKILL) at twenty random moments, and started again each time. Nothing is lost, nothing counts twice."""
import random
import sys
import time

from checks import check, finish
import events
import harness

KILLS = 20


def main():
	seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10 ** 6)
	print(f"test_kill.py {seed} repeats these moments")
	rng = random.Random(seed)
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=8)
	# Small batches: many commits to be killed in.
	daemon = harness.Daemon(fixtures, topic, batch_events=30)
	records = events.stream(seed=4, complaints=500, partitions=8)
	size = len(records) // KILLS + 1
	working, survivor = 0, None
	for number in range(KILLS):
		if number == KILLS - 5:
			survivor = daemon.start()  # from here on another instance takes over
		topic.produce(records[number * size:(number + 1) * size])
		before = sum(daemon.progress().values())
		process = daemon.start()
		if number % 4 == 0:
			time.sleep(rng.uniform(0, 2.5))  # wherever it is: starting, joining, idle
		else:
			harness.wait_until("progress", lambda: sum(daemon.progress().values()) > before or process.poll() is not None, pause=0.002)
			time.sleep(rng.choice((0, rng.uniform(0, 0.01), rng.uniform(0, 0.1))))
		if not check(f"alive when killed ({number + 1})", process.poll() is None, daemon.log_tail()):
			break
		process.kill()
		process.wait()
		working += not daemon.is_drained()
		if survivor:
			check(f"the other instance goes on ({number + 1})", survivor.poll() is None, daemon.log_tail())
	check(f"{working} of {KILLS} were killed at work", working > KILLS // 4)
	if survivor:
		daemon.stop(survivor)
	daemon.drain()
	daemon.compare()
	finish()


if __name__ == "__main__":
	main()
