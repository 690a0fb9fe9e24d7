#!/bin/bash
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
#
# Publishes files of complaint events, one JSON object a line, to rekapd in structured mode.
#
#	apt-get install kcat jq
#	./publish.sh localhost:9092 events.ndjson
#
# For another topic change these two; for opd.budget: key='.data | [.unit, .program, .activity // "", .period[:4]] | join("\u001f")'
topic=opd.complaint
key=.data.complaint_id

set -euo pipefail
[ $# -ge 2 ] || { echo 'Usage: publish.sh HOST:PORT[,HOST:PORT]... FILE...' >&2; exit 64; }
brokers=$1
files=("${@:2}")

# kcat sends whatever it is given; this stops at a file that rekapd would not take.
rekapd validate "${files[@]}"

# Each line goes out as it stands, behind its key and a tab. Only the key comes from jq, which would round large numbers.
# Where kcat cannot deliver, it says so and exits 1: run this again. An event that had arrived already counts once.
lines() { sed '/^[[:space:]]*$/d' "${files[@]}"; }
lines | jq -r "$key" | paste - <(lines) |
	kcat -P -b "$brokers" -t "$topic" -K '\t' -H content-type=application/cloudevents+json \
		-X acks=all -X enable.idempotence=true -X message.timeout.ms=60000 -X topic.partitioner=murmur2_random
echo "$(lines | wc -l) events delivered to $topic"
