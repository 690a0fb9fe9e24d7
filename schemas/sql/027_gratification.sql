-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Gratification reports (semantics: gratification; Peraturan KPK 2/2019).

CREATE TABLE rekap_store.gratification (
	received_on date NOT NULL,
	kind text NOT NULL,
	reported_at timestamptz NOT NULL,
	due_on date,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.gratification AS
SELECT e.entity_key AS report_id, u.unit_code, e.received_on, e.kind, e.reported_at, e.due_on, t.topic, e.partition, e."offset"
FROM rekap_store.gratification e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.gratification IS 'Gratification reports as of the last event folded';
COMMENT ON VIEW rekap.gratification IS 'Gifts that officials reported';
COMMENT ON COLUMN rekap.gratification.report_id IS 'Number of the report';
COMMENT ON COLUMN rekap_store.gratification.received_on IS 'Day on which the gift was received';
COMMENT ON COLUMN rekap_store.gratification.kind IS 'accepted or refused';
COMMENT ON COLUMN rekap_store.gratification.reported_at IS 'When it was reported';
COMMENT ON COLUMN rekap_store.gratification.due_on IS 'Last day on which a report is on time; null: no calendar or ruleset';
CALL rekap_store.finish_kind('gratification', 1);
