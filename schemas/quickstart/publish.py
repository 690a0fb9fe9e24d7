#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Publishes two events to rekapd in structured mode: the value of the record is the whole CloudEvent.

	apt-get install python3-confluent-kafka
	./publish.py localhost:9092
"""
import decimal
import json
import sys

import confluent_kafka

SOURCE = "/contoh/quickstart-python"  # your system
UNIT = "1.02.0.00.0.00.01.0000"


def money(amount):
	"""A decimal goes as a string: a JSON number may have passed through binary floating point on its way."""
	return format(amount, "f")


def events():
	"""(topic, key, event). A real sender reads them from a table, into which each was written in the same transaction as the fact itself.

	So id and time are made once and stored. The time is when it happened, with its offset; never when it is sent. Nothing tells who a person is.
	"""
	complaint = {"complaint_id": "contoh-python-0001", "unit": UNIT, "class": "complaint", "channel": "web"}
	yield "opd.complaint", complaint["complaint_id"], event("complaint.received", "contoh-python-0001-received", "2024-03-25T08:15:00+07:00", complaint)
	# To correct a report, count its revision up: the highest one stands.
	budget = {"unit": UNIT, "program": "1.02.02", "period": "2024-03", "ceiling": money(decimal.Decimal("1250000000.00")), "realised": money(decimal.Decimal("312500000.50")), "revision": 1}
	# A key of several fields (schemas/asyncapi.yaml): U+001F between them, an absent one empty (here the activity), and of a budget's period the year.
	key = "\x1f".join((budget["unit"], budget["program"], "", budget["period"][:4]))
	yield "opd.budget", key, event("budget.reported", "contoh-python-1.02.02-2024-03-r1", "2024-04-05T16:30:00+07:00", budget)


def event(name, event_id, time, data):
	return {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": f"id.go.opd.{name}.v1", "time": time, "datacontenttype": "application/json", "data": data}


def main():
	if len(sys.argv) != 2:
		sys.exit("Usage: publish.py HOST:PORT[,HOST:PORT]...")
	producer = confluent_kafka.Producer({
		"bootstrap.servers": sys.argv[1],
		"acks": "all",  # delivered means: all replicas in sync have it
		"enable.idempotence": True,  # retries within this run make no duplicates and keep the order
		"message.timeout.ms": 60000,
		"partitioner": "murmur2_random",  # the partition that Java's client chooses for the key, too
	})
	delivered, failed = [], []

	def report(error, message):
		"""Only this tells whether an event has arrived in Kafka: produce() returns before."""
		if error:
			failed.append(message.key())
			print(f"NOT delivered: {message.key().decode()!r} to {message.topic()}: {error}", file=sys.stderr)
		else:
			delivered.append(message.key())  # a real sender marks the row as sent here, and nowhere before
			print(f"delivered: {message.key().decode()!r} to {message.topic()}, partition {message.partition()}, offset {message.offset()}")

	for topic, key, made in events():
		value = json.dumps(made, ensure_ascii=False).encode()
		while True:
			try:
				producer.produce(topic, value, key.encode(), headers={"content-type": "application/cloudevents+json"}, on_delivery=report)
				break
			except BufferError:  # the queue is full
				producer.poll(1)
		producer.poll(0)
	producer.flush()
	if failed:
		# Sent again, with the same id and time, an event counts once, whether or not it had arrived.
		sys.exit(f"{len(failed)} of {len(delivered) + len(failed)} events were not delivered: run this again")


if __name__ == "__main__":
	main()
