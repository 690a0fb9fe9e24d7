-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Training of staff (a sample family).

CREATE TABLE rekap_store.training (
	year integer NOT NULL,
	staff bigint NOT NULL,
	trained bigint NOT NULL,
	revision bigint NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.training AS
SELECT u.unit_code, e.year, e.staff, e.trained, e.revision, t.topic, e.partition, e."offset"
FROM rekap_store.training e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.training IS 'Training of staff as of the last event folded';
COMMENT ON VIEW rekap.training IS 'Training of staff: counts of a unit and year';
COMMENT ON COLUMN rekap_store.training.year IS 'The year';
COMMENT ON COLUMN rekap_store.training.staff IS 'How many there were';
COMMENT ON COLUMN rekap_store.training.trained IS 'How many of them were trained';
COMMENT ON COLUMN rekap_store.training.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('training', 2);
