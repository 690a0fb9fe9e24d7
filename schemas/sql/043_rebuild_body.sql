-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- A rebuild from Kafka keeps what a rejected record held until it swaps: of records that are not rejected live yet, whose bodies it will bring. What was purged must
-- not be read there either, however long a rebuild stays half done.

-- Made anew below, without the samples of bodies that the planner's statistics may hold of it.
DROP TABLE IF EXISTS rekap_rebuild.reject_body;

-- As before, and statistics are kept of what they are kept of in the live tables: LIKE does not say that.
CREATE OR REPLACE PROCEDURE rekap_rebuild.finish_migration() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	o record;
	a record;
	renewed boolean := false;
BEGIN
	FOR o IN SELECT * FROM rekap_rebuild.originals() LOOP
		CONTINUE WHEN rekap_rebuild.shape(o.original) = rekap_rebuild.shape(to_regclass(format('rekap_rebuild.%I', o.name)));
		EXECUTE format('DROP TABLE IF EXISTS rekap_rebuild.%I', o.name);
		EXECUTE format('CREATE TABLE rekap_rebuild.%I (LIKE %s INCLUDING ALL)', o.name, o.original);
		EXECUTE format('COMMENT ON TABLE rekap_rebuild.%I IS %L', o.name, format('As %s, computed anew', o.original));
		FOR a IN SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = o.original AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0 LOOP
			EXECUTE format('ALTER TABLE rekap_rebuild.%I ALTER COLUMN %I SET STATISTICS %s', o.name, a.attname, a.attstattarget);
		END LOOP;
		renewed := true;
	END LOOP;
	IF renewed THEN
		PERFORM rekap_rebuild.clear();
	END IF;
	GRANT USAGE ON SCHEMA rekap_rebuild TO rekap_writer;
	GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA rekap_rebuild TO rekap_writer;
	REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA rekap_rebuild FROM PUBLIC;
	GRANT EXECUTE ON FUNCTION rekap_rebuild.clear(), rekap_rebuild.swap(text) TO rekap_writer;
END $$;

-- As before, and out of a rebuild, whose batch at hand is waited for: a later one finds the reject, and keeps no body of it (daemon/store/reject.c). The lock comes
-- before those of rows, as for all who take both.
CREATE OR REPLACE FUNCTION rekap.purge_bodies(reject_ids bigint[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	purged bigint;
BEGIN
	IF NOT rekap_store.unbound() THEN
		RAISE insufficient_privilege USING MESSAGE = 'a login bound to a unit sees no rejects';
	END IF;
	IF (SELECT source = 'kafka' FROM rekap_rebuild.progress) THEN
		PERFORM pg_advisory_xact_lock(7310579610001);
	END IF;
	PERFORM FROM rekap.reject WHERE reject_id = ANY (reject_ids) AND status <> 'purged' ORDER BY reject_id FOR UPDATE;
	UPDATE rekap.reject SET status = 'purged' WHERE reject_id = ANY (reject_ids) AND status <> 'purged';
	GET DIAGNOSTICS purged = ROW_COUNT;
	DELETE FROM rekap.reject_body WHERE reject_id = ANY (reject_ids);
	DELETE FROM rekap_rebuild.reject_body b
	USING rekap_rebuild.reject s
	JOIN rekap.reject t USING (topic, partition, "offset")
	WHERE t.reject_id = ANY (reject_ids) AND b.reject_id = s.reject_id;
	RETURN purged;
END $$;
