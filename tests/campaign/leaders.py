# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Moves the leaders of a topic's partitions to other brokers, in Kafka's own words: no client library at hand can, and Kafka's tool takes seconds to start."""
import socket
import struct

import harness

ELECT_LEADERS, ALTER_REASSIGNMENTS = 43, 45


def short(text):
	return struct.pack(">h", len(text)) + text.encode()


def compact(items):
	"""An array or a string of the newer encoding; lengths stay below 127."""
	return bytes([len(items) + 1]) + (items.encode() if isinstance(items, str) else b"".join(items))


def ask(address, key, version, body, tagged):
	"""The response to a request, behind its header. `tagged`: the newer encoding, where an empty list of tags ends each structure."""
	host, port = address.rsplit(":", 1)
	message = struct.pack(">hhi", key, version, 1) + short("campaign") + (b"\0" if tagged else b"") + body
	with socket.create_connection((host, int(port)), timeout=20) as connection:
		connection.sendall(struct.pack(">i", len(message)) + message)
		answer = connection.makefile("rb")
		return answer.read(struct.unpack(">i", answer.read(4))[0])[5 if tagged else 4:]


def reorder(address, topic, orders):
	"""Gives each partition its replicas in another order; the first one is to lead."""
	partitions = [struct.pack(">i", number) + compact([struct.pack(">i", broker) for broker in order]) + b"\0" for number, order in orders.items()]
	answer = ask(address, ALTER_REASSIGNMENTS, 0, struct.pack(">i", 15000) + compact([compact(topic) + compact(partitions) + b"\0"]) + b"\0", tagged=True)
	return struct.unpack_from(">h", answer, 4)[0]


def elect(address, topic, partitions):
	"""Makes the first replica of each partition its leader; the error codes."""
	body = struct.pack(">i", 1) + short(topic) + struct.pack(">i", len(partitions)) + b"".join(struct.pack(">i", number) for number in partitions) + struct.pack(">i", 15000)
	answer = ask(address, ELECT_LEADERS, 0, body, tagged=False)
	at, codes = 4 + 4 + 2 + len(topic) + 4, []
	for _ in partitions:
		codes.append(struct.unpack_from(">h", answer, at + 4)[0])
		size = struct.unpack_from(">h", answer, at + 6)[0]
		at += 8 + max(size, 0)
	return codes


def leading(admin, topic):
	"""{partition: (leader, replicas)}"""
	return {number: (partition.leader, partition.replicas) for number, partition in admin.list_topics(topic, timeout=10).topics[topic].partitions.items()}


def move(admin, topic, rng):
	"""Every partition gets another leader."""
	before, orders = leading(admin, topic), {}
	address = next(f"{broker.host}:{broker.port}" for broker in admin.list_topics(topic, timeout=10).brokers.values())
	for number, (leader, replicas) in before.items():
		others = [broker for broker in replicas if broker != leader]
		rng.shuffle(others)
		orders[number] = others + [leader]
	if reorder(address, topic, orders):
		raise RuntimeError("Kafka did not take the new order of replicas")
	harness.wait_until("the new order", lambda: all(replicas == orders[number] for number, (_, replicas) in leading(admin, topic).items()))
	harness.wait_until("new leaders", lambda: elect(address, topic, sorted(orders)) and all(leader != before[number][0] for number, (leader, _) in leading(admin, topic).items()))
