-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Declarations (semantics: declaration; Peraturan KPK 2/2020, SE MenPANRB 1/2015, PermenPANRB 49/2011).

CREATE TABLE rekap_store.declaration (
	regime text NOT NULL,
	year integer NOT NULL,
	obliged bigint NOT NULL,
	filed bigint NOT NULL,
	on_time bigint,
	complete bigint,
	revision bigint NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.declaration AS
SELECT u.unit_code, e.regime, e.year, e.obliged, e.filed, e.on_time, e.complete, e.revision, t.topic, e.partition, e."offset"
FROM rekap_store.declaration e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.declaration IS 'Declarations of officials as of the last event folded';
COMMENT ON VIEW rekap.declaration IS 'Who had to declare and did: wealth reports (lhkpn, lhkasn) and integrity pacts (pact), counts of a unit and year';
COMMENT ON COLUMN rekap_store.declaration.regime IS 'lhkpn, lhkasn or pact';
COMMENT ON COLUMN rekap_store.declaration.year IS 'The year declared for';
COMMENT ON COLUMN rekap_store.declaration.obliged IS 'How many had to; of a pact: staff';
COMMENT ON COLUMN rekap_store.declaration.filed IS 'How many did; of a pact: signed';
COMMENT ON COLUMN rekap_store.declaration.on_time IS 'How many in time; may be null';
COMMENT ON COLUMN rekap_store.declaration.complete IS 'How many completely; may be null';
COMMENT ON COLUMN rekap_store.declaration.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('declaration', 3);
