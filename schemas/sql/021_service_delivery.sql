-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Service deliveries (semantics: service_delivery; UU 25/2009).

CREATE TABLE rekap_store.service_delivery (
	service text NOT NULL,
	requested_at timestamptz NOT NULL,
	completed_at timestamptz NOT NULL,
	promised_days integer NOT NULL,
	due_on date,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.service_delivery AS
SELECT e.entity_key AS service_id, u.unit_code, e.service, e.requested_at, e.completed_at, e.promised_days, e.due_on, t.topic, e.partition, e."offset"
FROM rekap_store.service_delivery e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.service_delivery IS 'Services delivered as of the last event folded';
COMMENT ON VIEW rekap.service_delivery IS 'Public services that were delivered, each with the day it was promised for';
COMMENT ON COLUMN rekap.service_delivery.service_id IS 'Number of the delivery';
COMMENT ON COLUMN rekap_store.service_delivery.service IS 'The service';
COMMENT ON COLUMN rekap_store.service_delivery.requested_at IS 'When it was asked for';
COMMENT ON COLUMN rekap_store.service_delivery.completed_at IS 'When it was done';
COMMENT ON COLUMN rekap_store.service_delivery.promised_days IS 'Working days that the service standard allows';
COMMENT ON COLUMN rekap_store.service_delivery.due_on IS 'Last day on which it is on time; null: the calendar does not reach';
CALL rekap_store.finish_kind('service_delivery', 1);
