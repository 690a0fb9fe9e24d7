-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Who sees what: a login bound to a unit sees that unit and those below it, through every object of schema rekap; the daemon adds to history and changes none
-- of it; bodies of rejected records are removed by auditors.
--
-- What is withheld is decided by session_user, which SET ROLE does not change. Tables have row-level security. Views cannot: complementary suppression looks at
-- the units beside and above, so that a figure must be worked out from all rows before it is withheld. finish_access() gives each view its guard, after each
-- migration.

CREATE TABLE rekap.unit_access (
	login text PRIMARY KEY,
	unit_code text COLLATE "C" NOT NULL REFERENCES rekap_store.unit (unit_code)
);
COMMENT ON TABLE rekap.unit_access
	IS 'Logins bound to a unit: they see it and the units below it, as the register has them today; a login without a row sees all that its roles grant';
COMMENT ON COLUMN rekap.unit_access.login IS 'Name of the login, a member of rekap_reader; renaming it takes a change here';
COMMENT ON COLUMN rekap.unit_access.unit_code IS 'The unit';

-- A name that is misspelt would bind nobody, and a login that reads tables would see around the views.
CREATE FUNCTION rekap_store.check_unit_access() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = NEW.login) THEN
		RAISE undefined_object USING MESSAGE = format('there is no login %I', NEW.login);
	ELSIF pg_has_role(NEW.login, 'rekap_writer', 'MEMBER') OR pg_has_role(NEW.login, 'rekap_owner', 'MEMBER') THEN
		RAISE invalid_role_specification USING MESSAGE = format('%I cannot be bound to a unit: rekap_writer and rekap_owner read tables', NEW.login);
	END IF;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION rekap_store.check_unit_access() IS 'Refuses logins that a row of rekap.unit_access would not bind';
CREATE TRIGGER check_login BEFORE INSERT OR UPDATE ON rekap.unit_access FOR EACH ROW EXECUTE FUNCTION rekap_store.check_unit_access();

CREATE FUNCTION rekap_store.unbound() RETURNS boolean
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
SELECT NOT EXISTS (SELECT FROM rekap.unit_access WHERE login = session_user)
$$;
COMMENT ON FUNCTION rekap_store.unbound() IS 'Whether this login sees all units';

CREATE FUNCTION rekap_store.units_seen() RETURNS SETOF text
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
SELECT below.unit_code
FROM rekap.unit_access b
JOIN rekap_store.unit_place p USING (unit_code)
JOIN rekap_store.unit_above a ON a.above_id = p.unit_id
JOIN rekap_store.unit_place below ON below.unit_id = a.unit_id
WHERE b.login = session_user
$$;
COMMENT ON FUNCTION rekap_store.units_seen() IS 'The units that this login sees, if it is bound to one';

-- Runs as rekap_owner, to whom the view's own guard is open. What is withheld leaves no trace in the caller's plan: neither in its row counts nor by a function
-- in its WHERE.
CREATE FUNCTION rekap_store.rows_seen(relation name) RETURNS SETOF record
	LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT has_table_privilege(session_user, format('rekap.%I', relation), 'SELECT') THEN
		RAISE insufficient_privilege USING MESSAGE = format('permission denied for %I', relation);
	END IF;
	RETURN QUERY EXECUTE format('SELECT * FROM rekap.%I WHERE unit_code IN (SELECT rekap_store.units_seen())', relation);
END $$;
COMMENT ON FUNCTION rekap_store.rows_seen(name) IS 'The rows of a view of schema rekap that a bound login sees';

-- Bodies are history, which the daemon may not delete, and personal data, which must go one day: so a duty of their own. The reject stays, and so its offset
-- cannot be rejected a second time. In order, as a replay locks them: whoever comes second finds a reject that is no longer open.
CREATE FUNCTION rekap.purge_bodies(reject_ids bigint[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	purged bigint;
BEGIN
	IF NOT rekap_store.unbound() THEN
		RAISE insufficient_privilege USING MESSAGE = 'a login bound to a unit sees no rejects';
	END IF;
	PERFORM FROM rekap.reject WHERE reject_id = ANY (reject_ids) AND status <> 'purged' ORDER BY reject_id FOR UPDATE;
	UPDATE rekap.reject SET status = 'purged' WHERE reject_id = ANY (reject_ids) AND status <> 'purged';
	GET DIAGNOSTICS purged = ROW_COUNT;
	DELETE FROM rekap.reject_body WHERE reject_id = ANY (reject_ids);
	RETURN purged;
END $$;
COMMENT ON FUNCTION rekap.purge_bodies(bigint[])
	IS 'Removes the bodies of these rejects for good; they stay as purged. For auditors; returns how many there were';

-- A view with a unit_code is guarded once it is a security barrier: replacing it in a later migration takes that away, and the next finish_access() guards the
-- new text. Figures of all periods take seconds to work out, so that what a question asks for must reach them: their guard is a condition, and how many rows it
-- withheld can be read from a plan. All other views hand a bound login the rows of rows_seen().
CREATE PROCEDURE rekap_store.guard_views() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v record;
	open CONSTANT text := '(SELECT current_user = ''rekap_owner'' OR rekap_store.unbound())';
BEGIN
	FOR v IN
		SELECT c.relname, rtrim(pg_get_viewdef(c.oid), ';') AS query, string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
			|| coalesce(' COLLATE ' || nullif(a.attcollation, 0)::regcollation, ''), ', ' ORDER BY a.attnum) AS columns
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = 'rekap'::regnamespace AND c.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_barrier=true}', false)
		GROUP BY c.oid
		HAVING bool_or(a.attname = 'unit_code')
		ORDER BY c.oid
	LOOP
		EXECUTE format('CREATE OR REPLACE VIEW rekap.%I WITH (security_barrier = true) AS SELECT * FROM (%s) AS v WHERE %s', v.relname, v.query, open)
			|| CASE v.relname
			WHEN 'indicator_value' THEN ' OR unit_code IN (SELECT rekap_store.units_seen())'
			ELSE format(' UNION ALL SELECT * FROM rekap_store.rows_seen(%L) AS s (%s) WHERE NOT %s', v.relname, v.columns, open)
			END;
	END LOOP;
END $$;
COMMENT ON PROCEDURE rekap_store.guard_views() IS 'Makes each view of schema rekap that tells of units withhold them from logins bound to another';

CREATE PROCEDURE rekap_store.guard_tables() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT c.relname, bool_or(a.attname = 'unit_code') AS of_units
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = 'rekap'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
		GROUP BY c.oid
	LOOP
		EXECUTE format('ALTER TABLE rekap.%I ENABLE ROW LEVEL SECURITY', t.relname);
		EXECUTE format('CREATE POLICY writer ON rekap.%I TO rekap_writer USING (true) WITH CHECK (true)', t.relname);
		EXECUTE format('CREATE POLICY units_seen ON rekap.%I FOR SELECT USING ((SELECT rekap_store.unbound())%s)', t.relname,
			CASE WHEN t.of_units THEN ' OR unit_code IN (SELECT rekap_store.units_seen())' END);
	END LOOP;
END $$;
COMMENT ON PROCEDURE rekap_store.guard_tables()
	IS 'Gives each table of schema rekap row-level security: bound logins see rows of their units, and nothing of tables that tell of none';

CREATE PROCEDURE rekap_store.finish_access() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	CALL rekap_store.guard_views();
	CALL rekap_store.guard_tables();
	-- What any login may ask about itself.
	GRANT EXECUTE ON FUNCTION rekap_store.unbound(), rekap_store.units_seen(), rekap_store.rows_seen(name) TO PUBLIC;
	GRANT SELECT ON rekap_store.migration TO rekap_reader;
	-- The daemon writes history once. Of a reject it changes what a replay finds out.
	REVOKE UPDATE ON rekap.batch, rekap.reject, rekap.reject_body FROM rekap_writer;
	GRANT UPDATE (reason, detail, event_type, event_id, status) ON rekap.reject TO rekap_writer;
	REVOKE ALL ON rekap.unit_access FROM rekap_writer, rekap_reader;
	GRANT SELECT ON rekap.unit_access TO rekap_auditor;
	REVOKE ALL ON FUNCTION rekap.purge_bodies(bigint[]) FROM rekap_writer;
	GRANT EXECUTE ON FUNCTION rekap.purge_bodies(bigint[]) TO rekap_auditor;
END $$;
COMMENT ON PROCEDURE rekap_store.finish_access() IS 'Guards every object of schema rekap, and narrows what finish_migration granted by rule; runs after it';
