-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Complaints (semantics: complaint; SP4N-LAPOR!, PermenPANRB 62/2018).

INSERT INTO rekap_store.kind (kind, key_fields) VALUES ('complaint', 1);

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
CREATE INDEX complaint_flagged ON rekap_store.complaint (entity_key) WHERE flags IS NOT NULL;

CREATE VIEW rekap.complaint AS
SELECT c.entity_key AS complaint_id, u.unit_code, c.class, c.channel, c.category, c.complaint_state AS state,
	c.received_at, c.verified_at, c.forwarded_at, c.responded_at, c.resolved_at, c.archived_at, c.archive_reason, c.withdrawn_at,
	c.reopened_count, c.rating, c.response_due_on, c.resolution_due_on, t.topic, c.partition, c."offset"
FROM rekap_store.complaint c
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.complaint IS 'Complaints: state and columns as of the last event folded';
COMMENT ON VIEW rekap.complaint IS 'Complaints of the public, each with its milestones and deadlines';
COMMENT ON COLUMN rekap.complaint.complaint_id IS 'The case number';
COMMENT ON COLUMN rekap.complaint.unit_code IS 'The unit that owns the case: of the last forwarding, else of the registration';
COMMENT ON COLUMN rekap.complaint.topic IS 'Kafka topic of the last event folded';
COMMENT ON COLUMN rekap.complaint.partition IS 'Partition of the last event folded';
COMMENT ON COLUMN rekap.complaint."offset" IS 'Offset of the last event folded';
DO $$
DECLARE
	c record;
BEGIN
	FOR c IN
		SELECT * FROM (VALUES
			('class', 'class', 'information_request, complaint, supervisory or aspiration'),
			('channel', 'channel', 'How it came in'),
			('category', 'category', 'Subject, as the sender sorts it; may be null'),
			('complaint_state', 'state', 'pending (no registration yet), received, verified, forwarded, in_progress, reopened, misrouted, resolved, archived or withdrawn'),
			('received_at', 'received_at', 'When it was registered first; null while pending'),
			('verified_at', 'verified_at', 'When it was verified first'),
			('forwarded_at', 'forwarded_at', 'When it was forwarded to the unit that owns it'),
			('responded_at', 'responded_at', 'When it was answered first'),
			('resolved_at', 'resolved_at', 'When it was resolved first since the last reopening; null while it is open'),
			('archived_at', 'archived_at', 'When it was archived first'),
			('archive_reason', 'archive_reason', 'Why it was archived'),
			('withdrawn_at', 'withdrawn_at', 'When it was withdrawn first'),
			('reopened_count', 'reopened_count', 'How often it was reopened'),
			('rating', 'rating', 'The complainant''s rating, 1 to 5'),
			('response_due_on', 'response_due_on', 'Last day on which a first answer is on time; null: no clock, calendar or ruleset'),
			('resolution_due_on', 'resolution_due_on', 'Last day on which a resolution is on time; null: no clock, calendar or ruleset')) AS v (stored, shown, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN rekap_store.complaint.%I IS %L', c.stored, c.comment);
		EXECUTE format('COMMENT ON COLUMN rekap.complaint.%I IS %L', c.shown, c.comment);
	END LOOP;
END $$;
