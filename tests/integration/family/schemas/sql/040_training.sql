-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Training of staff (a sample family).

INSERT INTO rekap_store.kind (kind, key_fields) VALUES ('training', 2);

CREATE TABLE rekap_store.training (
	year integer NOT NULL,
	staff bigint NOT NULL,
	trained bigint NOT NULL,
	revision bigint NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);
CREATE INDEX training_flagged ON rekap_store.training (entity_key) WHERE flags IS NOT NULL;

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
CALL rekap_store.describe_kind('training');
