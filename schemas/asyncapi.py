#!/usr/bin/env python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
#
# Prints schemas/asyncapi.yaml, derived from the event schemas: title is the event type, x-topic the topic, x-key the fields that make the Kafka key
# (x-key-by-year: of the period its year only).
#
#   schemas/asyncapi.py >schemas/asyncapi.yaml
import json
import pathlib
import sys

HEAD = """\
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
#
# Derived by schemas/asyncapi.py; do not edit.
asyncapi: 3.0.0
info:
  title: rekapd events
  version: 1.0.0
  description: >-
    CloudEvents 1.0 over Kafka that OPD systems publish and rekapd folds into accountability indicators. An event may come in structured mode
    (the value is the whole CloudEvent, as described by each message's payload) or in binary mode (the value is the event's data alone, the attributes are
    headers). The key is recommended: a wrong or missing one may cost speed, never correctness. A null value (tombstone) is counted and ignored.
  license:
    name: MIT
defaultContentType: application/cloudevents+json
"""

HEADERS = """\
    headers:
      description: Header names and content types are case-insensitive. Structured mode needs none.
      anyOf:
        - title: structured mode
          type: object
          properties:
            content-type:
              type: string
              examples: [application/cloudevents+json]
        - title: binary mode
          type: object
          required: [ce_specversion, ce_type, ce_id, ce_source, ce_time]
          properties:
            content-type:
              type: string
              description: Of the data; application/json or absent.
              examples: [application/json]
            ce_specversion:
              type: string
              const: '1.0'
            ce_type:
              type: string
            ce_id:
              type: string
            ce_source:
              type: string
            ce_time:
              type: string
              format: date-time
"""


def text(string):
	"""A YAML scalar: JSON strings are YAML."""
	return json.dumps(string, ensure_ascii=False)


def key(schema):
	"""What makes the Kafka key, in words."""
	fields = ["the year of " + name if name == "period" and schema.get("x-key-by-year") else name for name in schema["x-key"]]
	if len(fields) == 1:
		return f"{fields[0]} of the data (recommended)"
	# as `rekapd publish` makes it
	empty = [name for name in schema["x-key"] if name not in schema["required"]]
	absent = f"; an absent {' or '.join(empty)} is empty" if empty else ""
	return f"{', '.join(fields[:-1])} and {fields[-1]} of the data, in this order, U+001F between them{absent} (recommended)"


def main():
	here = pathlib.Path(__file__).resolve().parent
	topics = {}
	for path in sorted(here.glob("events/*/*.schema.json")):
		schema = json.loads(path.read_text(encoding="utf-8"))
		topics.setdefault(schema["x-topic"], []).append((path.relative_to(here).as_posix(), schema))

	out = [HEAD, "channels:\n"]
	for topic, messages in sorted(topics.items()):
		name = topic.removeprefix("opd.")
		out.append(f"  {name}:\n    address: {topic}\n    messages:\n")
		for _, schema in messages:
			event = schema["title"].removeprefix("id.go.opd.").removesuffix(".v1")
			out.append(f"      {event}:\n        $ref: '#/components/messages/{event}'\n")
		out.append("    bindings:\n      kafka:\n")
		out.append(f"        topic: {topic}\n        bindingVersion: 0.5.0\n")
	out.append("operations:\n")
	for topic in sorted(topics):
		name = topic.removeprefix("opd.")
		out.append(f"  fold.{name}:\n    action: receive\n    channel:\n      $ref: '#/channels/{name}'\n")
	out.append("components:\n  schemas:\n")
	out.append("    envelope:\n      $ref: './events/cloudevent.schema.json'\n")
	out.append(HEADERS)
	out.append("  messages:\n")
	for _, messages in sorted(topics.items()):
		for path, schema in messages:
			kind = schema["title"]
			event = kind.removeprefix("id.go.opd.").removesuffix(".v1")
			out.append(f"    {event}:\n      name: {kind}\n      title: {event}\n")
			out.append(f"      summary: {text(schema['description'].split('. ')[0] + '.')}\n")
			out.append("      contentType: application/cloudevents+json\n")
			out.append("      headers:\n        $ref: '#/components/schemas/headers'\n")
			out.append("      payload:\n        allOf:\n          - $ref: '#/components/schemas/envelope'\n")
			out.append(f"          - type: object\n            properties:\n              type:\n                const: {kind}\n")
			out.append(f"              data:\n                $ref: './{path}'\n")
			out.append("      bindings:\n        kafka:\n          key:\n            type: string\n")
			out.append(f"            description: {text(key(schema))}\n          bindingVersion: 0.5.0\n")
	sys.stdout.write("".join(out))


if __name__ == "__main__":
	main()
