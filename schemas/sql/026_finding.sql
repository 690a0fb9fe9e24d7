-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Audit findings (semantics: finding; Peraturan BPK 2/2017).

CREATE TABLE rekap_store.finding (
	source text,
	report_date date,
	finding_state text NOT NULL,
	status text NOT NULL,
	due_on date,
	done_at timestamptz,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.finding AS
SELECT e.entity_key AS finding_id, u.unit_code, e.source, e.report_date, e.finding_state AS state, e.status, e.due_on, e.done_at, t.topic,
	e.partition, e."offset"
FROM rekap_store.finding e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.finding IS 'Audit findings as of the last event folded';
COMMENT ON VIEW rekap.finding IS 'Audit findings and how far they were followed up';
COMMENT ON COLUMN rekap.finding.finding_id IS 'Number of the finding';
COMMENT ON COLUMN rekap_store.finding.source IS 'bpk, inspectorate or bpkp; null while pending';
COMMENT ON COLUMN rekap_store.finding.report_date IS 'Day of the audit report; null while pending';
COMMENT ON COLUMN rekap_store.finding.finding_state IS 'counted, or pending: only updates have come yet';
COMMENT ON COLUMN rekap_store.finding.status IS 'done, in_progress, not_followed or excused';
COMMENT ON COLUMN rekap_store.finding.due_on IS 'Last day for an answer; null: pending, or no ruleset';
COMMENT ON COLUMN rekap_store.finding.done_at IS 'When it became done; null: it is not';
CALL rekap_store.finish_kind('finding', 1);
