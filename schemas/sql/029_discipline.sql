-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Staff discipline (semantics: discipline; PP 94/2021).

CREATE TABLE rekap_store.discipline (
	year integer NOT NULL,
	violations bigint NOT NULL,
	sanctioned bigint NOT NULL,
	revision bigint NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.discipline AS
SELECT u.unit_code, e.year, e.violations, e.sanctioned, e.revision, t.topic, e.partition, e."offset"
FROM rekap_store.discipline e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.discipline IS 'Staff discipline as of the last event folded';
COMMENT ON VIEW rekap.discipline IS 'Violations of staff discipline: counts of a unit and year';
COMMENT ON COLUMN rekap_store.discipline.year IS 'The year';
COMMENT ON COLUMN rekap_store.discipline.violations IS 'How many there were';
COMMENT ON COLUMN rekap_store.discipline.sanctioned IS 'How many were sanctioned';
COMMENT ON COLUMN rekap_store.discipline.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('discipline', 2);
