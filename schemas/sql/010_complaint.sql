-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Complaints (semantics: complaint; SP4N-LAPOR!, PermenPANRB 62/2018).

CREATE TABLE rekap_store.complaint (
	class text,
	channel text,
	category text,
	complaint_state text NOT NULL,
	received_at timestamptz,
	verified_at timestamptz,
	forwarded_at timestamptz,
	responded_at timestamptz,
	resolved_at timestamptz,
	archived_at timestamptz,
	archive_reason text,
	withdrawn_at timestamptz,
	reopened_count integer NOT NULL,
	rating integer,
	response_due_on date,
	resolution_due_on date,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.complaint AS
SELECT c.entity_key AS complaint_id, u.unit_code, c.class, c.channel, c.category, c.complaint_state AS state,
	c.received_at, c.verified_at, c.forwarded_at, c.responded_at, c.resolved_at, c.archived_at, c.archive_reason, c.withdrawn_at,
	c.reopened_count, c.rating, c.response_due_on, c.resolution_due_on, t.topic, c.partition, c."offset"
FROM rekap_store.complaint c
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);
