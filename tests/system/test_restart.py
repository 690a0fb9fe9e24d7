#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""PostgreSQL and Kafka are restarted, and killed, in the middle: the daemon waits for them, does not end, and loses nothing."""
import time

from checks import check, finish
import events
import harness


def main():
	fixtures = harness.Fixtures(private=True)  # other tests must not lose theirs
	topic = harness.Topic(fixtures, partitions=8)
	daemon = harness.Daemon(fixtures, topic, batch_events=100)
	process = daemon.start()
	records = events.stream(seed=5, complaints=700, partitions=8)
	size = len(records) // 5 + 1

	def restart_postgres():
		fixtures.postgres("restart")

	def kill_postgres():
		fixtures.postgres("kill")
		time.sleep(2)
		fixtures.postgres("start")

	def kill_kafka():
		fixtures.kafka("kill")
		time.sleep(1)
		fixtures.kafka("start")

	def restart_kafka():
		fixtures.kafka("down")
		time.sleep(1)
		fixtures.kafka("start")

	def kill_both():
		fixtures.postgres("kill")
		fixtures.kafka("kill")
		time.sleep(1)
		fixtures.kafka("start")
		time.sleep(1)
		fixtures.postgres("start")

	for number, (what, disturb) in enumerate((("PostgreSQL restarted", restart_postgres), ("PostgreSQL killed", kill_postgres), ("Kafka killed", kill_kafka), ("Kafka restarted", restart_kafka),
			("both killed", kill_both))):
		producing = harness.Producing(topic, records[number * size:(number + 1) * size], seconds=3, bits=30)
		time.sleep(1)
		disturb()
		producing.finish()
		try:
			harness.wait_until("the end of the topic", lambda: daemon.is_drained() or process.poll() is not None, pause=0.2)
		except TimeoutError as late:
			check(f"{what}: the daemon goes on", False, f"{late}; {daemon.log_tail()}")
			break
		if not check(f"{what}: the daemon goes on", process.poll() is None, daemon.log_tail()):
			break
	if process.poll() is None:
		daemon.stop(process)
	daemon.compare_quickly()
	finish()


if __name__ == "__main__":
	main()
