// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT
//
// Publishes two events to rekapd in binary mode: the value of the record is the event's data, its attributes are headers.
//
//	java -cp "$JARS/*" Publish.java localhost:9092
//
// $JARS is a folder with kafka-clients, jackson-databind and what these need. Java 17 or later; on Debian, default-jre-headless is enough.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

import static java.nio.charset.StandardCharsets.UTF_8;

public class Publish {
	static final String SOURCE = "/contoh/quickstart-java"; // your system
	static final String UNIT = "1.02.0.00.0.00.01.0000";

	record Event(String topic, String key, String name, String id, String time, Map<String, Object> data) {
	}

	// A real sender reads them from a table, into which each was written in the same transaction as the fact itself. So id and time are made once and stored.
	// The time is when it happened, with its offset; never when it is sent. Nothing tells who a person is.
	static List<Event> events() {
		return List.of(
			new Event("opd.complaint", "contoh-java-0001", "complaint.received", "contoh-java-0001-received", "2024-03-25T09:40:00+07:00",
				Map.of("complaint_id", "contoh-java-0001", "unit", UNIT, "class", "information_request", "channel", "app")),
			// Integers are JSON numbers. A decimal goes as a string: BigDecimal.toPlainString(), never a double.
			new Event("opd.survey", "contoh-java-r-0001", "survey.answered", "contoh-java-r-0001", "2024-03-28T10:05:00+07:00",
				Map.of("response_id", "contoh-java-r-0001", "unit", UNIT, "instrument", "spak", "answers", Map.of("no_extra_fee", 4, "no_favour", 3))));
	}

	static ProducerRecord<String, byte[]> record(Event event) throws Exception {
		var record = new ProducerRecord<>(event.topic(), event.key(), new ObjectMapper().writeValueAsBytes(event.data()));
		Map.of("ce_specversion", "1.0", "ce_id", event.id(), "ce_source", SOURCE, "ce_type", "id.go.opd." + event.name() + ".v1", "ce_time", event.time(),
			"content-type", "application/json").forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
		return record;
	}

	public static void main(String[] args) throws Exception {
		if (args.length != 1) {
			System.err.println("Usage: java -cp JARS Publish.java HOST:PORT[,HOST:PORT]...");
			System.exit(64);
		}
		Map<String, Object> settings = Map.of(
			"bootstrap.servers", args[0],
			"acks", "all", // delivered means: all replicas in sync have it
			"enable.idempotence", true, // retries within this run make no duplicates and keep the order
			"delivery.timeout.ms", 60000);
		int failed = 0;
		var sent = new LinkedHashMap<Event, Future<RecordMetadata>>();
		try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
			for (Event event : events())
				sent.put(event, producer.send(record(event)));
			producer.flush();
		}
		// Only this tells whether an event has arrived in Kafka: send() returns before. A real sender marks the row as sent here, and nowhere before.
		for (var one : sent.entrySet()) {
			try {
				RecordMetadata at = one.getValue().get();
				System.out.printf("delivered: %s to %s, partition %d, offset %d%n", one.getKey().id(), at.topic(), at.partition(), at.offset());
			} catch (ExecutionException e) {
				failed++;
				System.err.printf("NOT delivered: %s to %s: %s%n", one.getKey().id(), one.getKey().topic(), e.getCause());
			}
		}
		if (failed > 0) {
			// Sent again, with the same id and time, an event counts once, whether or not it had arrived.
			System.err.printf("%d of %d events were not delivered: run this again%n", failed, sent.size());
			System.exit(1);
		}
	}
}
