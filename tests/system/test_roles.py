#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Who may what: every role on every object of the catalogue, and a login bound to a unit, who sees its subtree and nothing else, whatever it tries."""
import os
import re

import psycopg

from checks import check, finish, same
import events
import harness

DENIED = "42501"
AUDITED = {"rekap.reject_body", "rekap.batch", "rekap.unit_access"}
PERIODIC = {"rekap.indicator_value", "rekap.survey_sample"}
WRITTEN_ONCE = {"rekap.batch", "rekap.reject", "rekap.reject_body"}
SELF = {"rekap_store.unbound()", "rekap_store.units_seen()", "rekap_store.rows_seen(name)"}
SCHEMAS = "('rekap'::regnamespace, 'rekap_store'::regnamespace)"
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
LOGINS = {"reader": "IN ROLE rekap_reader", "auditor": "IN ROLE rekap_auditor", "writer": "IN ROLE rekap_writer", "nobody": "", "dinkes": "IN ROLE rekap_reader", "inspector": "IN ROLE rekap_auditor"}


class Site:
	"""A database full of figures, and logins of every kind."""

	def __init__(self, daemon):
		self.daemon = daemon
		self.root = daemon.fixtures.connect(daemon.name)
		self.names = {kind: f"rekapd_roles_{os.getpid()}_{kind}" for kind in LOGINS}
		for kind, member in LOGINS.items():
			self.root.execute(f"CREATE ROLE {self.names[kind]} LOGIN {member}")

	def close(self):
		self.root.execute("DELETE FROM rekap.unit_access")
		for name in self.names.values():
			self.root.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
		self.root.close()

	def connect(self, kind):
		conninfo = self.daemon.fixtures.superuser.replace("user=postgres", f"user={self.names[kind]}")
		return psycopg.connect(f"{conninfo} dbname={self.daemon.name}", autocommit=True)

	def bind(self, kind, unit):
		self.root.execute("INSERT INTO rekap.unit_access VALUES (%s, %s) ON CONFLICT (login) DO UPDATE SET unit_code = excluded.unit_code", (self.names[kind], unit))

	def relations(self):
		"""[(name, kind, columns)] of both schemas."""
		return self.root.execute(f"""SELECT relnamespace::regnamespace || '.' || quote_ident(relname), relkind::text,
			ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
			FROM pg_class c WHERE relnamespace IN {SCHEMAS} AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1""").fetchall()


def state(connection, statement):
	"""The SQLSTATE of an attempt, '' if it was let through; nothing of it stays."""
	try:
		with connection.transaction(force_rollback=True):
			connection.execute(statement)
	except psycopg.Error as refused:
		return refused.sqlstate
	return ""


# --- the matrix ----------------------------------------------------------------------------------------------------------------


def wanted(role, name, kind):
	"""What the contract grants a role on a table or view."""
	shown = name.startswith("rekap.")
	if role == "rekap_writer":
		if name == "rekap.unit_access":
			return set()
		table = kind in "rp" and name != "rekap_store.migration"
		return {"SELECT"} | ({"INSERT"} if table else set()) | ({"UPDATE"} if table and name not in WRITTEN_ONCE else set())
	if role in ("rekap_reader", "rekap_auditor"):
		allowed = shown and (name not in AUDITED or role == "rekap_auditor") or name == "rekap_store.migration"
		return {"SELECT"} if allowed else set()
	return set()


def wanted_functions(role, name, definer, procedure):
	if procedure or role == "public":
		return name in SELF
	if name == "rekap.purge_bodies(bigint[])":
		return role == "rekap_auditor"
	return role == "rekap_writer" or name in SELF or not definer


def test_grants(site):
	relations = site.relations()
	check("the catalogue is found", len(relations) > 50, len(relations))
	wrong = []
	for role in ("rekap_writer", "rekap_reader", "rekap_auditor", site.names["nobody"]):
		for name, kind, _ in relations:
			got = {privilege for privilege in PRIVILEGES if site.root.execute("SELECT has_table_privilege(%s, %s, %s)", (role, name, privilege)).fetchone()[0]}
			if got != wanted(role, name, kind):
				wrong.append(f"{role} {name}: {sorted(got)}")
	same("each role has on each table and view what it must, and no more", wrong, [])
	columns = site.root.execute("SELECT array_agg(column_name::text ORDER BY 1) FROM information_schema.column_privileges WHERE grantee = 'rekap_writer' AND table_schema || '.' || table_name = 'rekap.reject' AND privilege_type = 'UPDATE'").fetchone()[0]
	same("of a reject, the daemon changes what a replay finds out", columns, ["detail", "event_id", "event_type", "reason", "status"])
	routines = site.root.execute(f"SELECT oid::regprocedure::text, prosecdef, prokind = 'p' FROM pg_proc WHERE pronamespace IN {SCHEMAS}").fetchall()
	wrong = [(role, name) for name, definer, procedure in routines for role in ("rekap_writer", "rekap_reader", "rekap_auditor", "public")
		if site.root.execute("SELECT has_function_privilege(%s, %s, 'EXECUTE')", (role, name)).fetchone()[0] != wanted_functions(role, name, definer, procedure)]
	same(f"and on each of {len(routines)} functions", wrong, [])
	sequences = [name for name, in site.root.execute(f"SELECT oid::regclass::text FROM pg_class WHERE relnamespace IN {SCHEMAS} AND relkind = 'S'")]
	wrong = [(role, name) for name in sequences for role in ("rekap_writer", "rekap_reader", "rekap_auditor") for privilege in ("USAGE", "UPDATE")
		if site.root.execute("SELECT has_sequence_privilege(%s, %s, %s)", (role, name, privilege)).fetchone()[0] != (role == "rekap_writer" and privilege == "USAGE")]
	same(f"and on each of {len(sequences)} sequences", wrong, [])


def attempts(name, kind, columns):
	"""Statements by which history could be lost, or the schema changed."""
	what = {"v": "VIEW", "m": "MATERIALIZED VIEW"}.get(kind, "TABLE")
	yield f"DELETE FROM {name}"
	yield f"DROP {what} {name} CASCADE"
	yield f"ALTER {what} {name} RENAME TO gone"
	yield f"COMMENT ON {what} {name} IS ''"
	if kind in "rp":
		yield f"TRUNCATE {name} CASCADE"
		yield f"ALTER TABLE {name} ADD COLUMN more integer"
		yield f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"
		yield f'CREATE INDEX ON {name} ("{columns[0]}")'
		yield f"CREATE RULE gone AS ON INSERT TO {name} DO INSTEAD NOTHING"
		yield f"CREATE TRIGGER gone BEFORE INSERT ON {name} EXECUTE FUNCTION suppress_redundant_updates_trigger()"


DDL = ("CREATE TABLE rekap.x (a integer)", "CREATE TABLE rekap_store.x (a integer)", "CREATE VIEW rekap.x AS SELECT 1", "CREATE FUNCTION rekap.x() RETURNS integer LANGUAGE sql RETURN 1", "CREATE SCHEMA x",
	"DROP SCHEMA rekap CASCADE", "CREATE ROLE x", "SET ROLE rekap_owner", "CREATE TABLE public.x (a integer)", "CALL rekap_store.finish_migration()", "CALL rekap_store.finish_access()", "ALTER ROLE rekap_reader SUPERUSER",
	"GRANT rekap_owner TO CURRENT_USER", "COPY rekap.unit_access TO '/tmp/x'", "SET SESSION AUTHORIZATION postgres", "DROP FUNCTION rekap_store.basis_changed()")


def test_attempts(site):
	for kind in ("writer", "reader", "auditor", "nobody"):
		with site.connect(kind) as connection:
			# 55000: a view of several tables, from which nobody deletes.
			refused = [(statement, got) for name, relkind, columns in site.relations() for statement in attempts(name, relkind, columns)
				if (got := state(connection, statement)) != DENIED and (got, relkind, statement[:6]) != ("55000", "v", "DELETE")]
			same(f"{kind}: can neither drop, alter nor empty anything", refused, [])
			# On PostgreSQL 14 everybody may create in public.
			refused = [(statement, got) for statement in DDL if (got := state(connection, statement)) != DENIED and not (" public." in statement and site.root.info.server_version < 150000)]
			same(f"{kind}: no DDL", refused, [])
			same(f"{kind}: temporary tables are allowed", state(connection, "CREATE TEMP TABLE x AS SELECT 1"), "")
	cases = [
		("writer", "UPDATE rekap.reject_body SET value = NULL", DENIED), ("writer", "UPDATE rekap.batch SET events = 0", DENIED), ("writer", 'UPDATE rekap.reject SET "offset" = 0', DENIED),
		("writer", "SELECT rekap.purge_bodies('{1}')", DENIED), ("writer", f"INSERT INTO rekap.unit_access SELECT '{site.names['reader']}', unit_code FROM rekap.unit", DENIED), ("writer", "SELECT * FROM rekap.unit_access", DENIED),
		("writer", "UPDATE rekap.reject SET status = status", ""), ("reader", "SELECT * FROM rekap.reject_body", DENIED), ("reader", "SELECT rekap.purge_bodies('{1}')", DENIED),
		("reader", "UPDATE rekap.reject SET status = 'purged'", DENIED), ("reader", "SELECT rekap_store.basis_changed()", DENIED), ("auditor", "SELECT value FROM rekap.reject_body", ""), ("auditor", "DELETE FROM rekap.reject_body", DENIED),
		("auditor", "SELECT rekap.purge_bodies('{}')", ""), ("nobody", "SELECT * FROM rekap.indicator_value", DENIED), ("nobody", "SELECT rekap_store.basis_changed()", DENIED),
	]
	for kind, statement, sqlstate in cases:
		with site.connect(kind) as connection:
			same(f"{kind}: {statement[:60]}", state(connection, statement), sqlstate)


# --- a login bound to a unit ---------------------------------------------------------------------------------------------------


def below(units, top):
	"""The unit and all below it, by the register."""
	found = {top}
	while more := {row["unit_code"] for row in units if row["parent_code"] in found} - found:
		found |= more
	return found


def question(name, columns):
	"""All rows; of figures those of the coarser grains, which are enough."""
	return f"SELECT * FROM {name}" + (" WHERE grain IN ('year', 'semester', 'quarter')" if "grain" in columns else "")


def shown(site):
	"""What readers and auditors may query."""
	return [(name, kind, columns) for name, kind, columns in site.relations() if name.startswith("rekap.")]


def compare(site, kind, full, seen, what):
	"""Every object shows the bound login the rows of its units; what is about no unit it sees if it is a view."""
	wrong, empty = [], []
	with site.connect(kind) as bound:
		for name, relkind, columns in shown(site):
			if name in AUDITED and kind != "inspector":
				continue
			rows = full[name]
			at = columns.index("unit_code") if "unit_code" in columns else None
			expected = [row for row in rows if at is not None and row[at] in seen or at is None and relkind == "v"]
			got = bound.execute(question(name, columns)).fetchall()
			if sorted(map(repr, got)) != sorted(map(repr, expected)):
				wrong.append(f"{name}: {len(got)} rows, {len(expected)} expected")
			if not rows or at is not None and (not expected or len(expected) == len(rows)):
				empty.append(name)
	same(f"{what}: sees of every object the rows of its units", wrong, [])
	return empty


def everything(site):
	with site.connect("auditor") as connection:
		return {name: connection.execute(question(name, columns)).fetchall() for name, _, columns in shown(site)}


def test_subtree(site, units, top):
	full, seen = everything(site), below(units, top)
	site.bind("dinkes", top)
	site.bind("inspector", top)
	vacuous = compare(site, "dinkes", full, seen, "a bound reader")
	same("each object has rows to show and rows to withhold", [name for name in vacuous if name != "rekap.unit_access"], [])
	full["rekap.unit_access"] = everything(site)["rekap.unit_access"]
	compare(site, "inspector", full, seen, "a bound auditor")
	with site.connect("dinkes") as bound:
		same("units_seen() tells the subtree", {code for code, in bound.execute("SELECT * FROM rekap_store.units_seen()")}, seen)
	with site.connect("inspector") as bound:
		same("a bound auditor purges nothing", state(bound, "SELECT rekap.purge_bodies(ARRAY(SELECT generate_series(1, 1000)))"), DENIED)
	return full


def leaks(connection, hidden, statement):
	"""What of other units a statement tells, in rows, notices or an error."""
	heard = []
	connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
	try:
		told = [repr(row) for row in connection.execute(statement).fetchall()]
	except psycopg.Error as refused:
		told = [str(refused)]
	return [code for code in hidden if any(code in line for line in told + heard)]


def test_attacks(site, units, top):
	hidden = {row["unit_code"] for row in units} - below(units, top)
	guarded = [name for name, kind, columns in shown(site) if "unit_code" in columns and name not in AUDITED]
	site.root.execute("ANALYZE")
	with site.connect("dinkes") as bound:
		for role in ("rekap_owner", "rekap_writer", "rekap_auditor", site.names["reader"], "postgres"):
			same(f"SET ROLE {role.split('_')[-1]}", state(bound, f"SET ROLE {role}"), DENIED)
		bound.execute("CREATE FUNCTION pg_temp.spy(code text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN RAISE NOTICE 'heard %', code; RETURN true; END $$")
		bound.execute("CREATE FUNCTION pg_temp.spy(code text, other text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN RAISE NOTICE 'heard % %', code, other; RETURN true; END $$")
		bound.execute("CREATE OPERATOR pg_temp.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.spy, RESTRICT = eqsel, JOIN = eqjoinsel)")
		bound.execute("CREATE FUNCTION pg_temp.unbound() RETURNS boolean LANGUAGE sql RETURN true")
		bound.execute("CREATE TEMP TABLE unit_access (login text, unit_code text)")
		bound.execute("SELECT set_config('search_path', 'pg_temp, rekap_store, rekap, pg_catalog', false)")
		found = {}
		for name in guarded:
			some = " AND grain = 'year'" if name in PERIODIC else ""
			statements = [f"SELECT unit_code FROM {name} WHERE pg_temp.spy(unit_code){some}", f"SELECT 1 / (unit_code = 'x')::integer FROM {name} WHERE unit_code::integer > 0{some}",
				f"SELECT unit_code FROM {name} WHERE unit_code OPERATOR(pg_temp.===) 'x'{some}", f"EXPLAIN SELECT FROM {name} v JOIN {name} w ON v.unit_code OPERATOR(pg_temp.===) w.unit_code"]
			found.update({statement: codes for statement in statements if (codes := leaks(bound, hidden, statement))})
		same("functions, operators and errors tell nothing", found, {})
		for role in ("SET ROLE rekap_reader", "SELECT set_config('role', 'rekap_reader', false)"):
			bound.execute(role)
			same(f"nothing more after {role}", [name for name in guarded if leaks(bound, hidden, f"SELECT DISTINCT unit_code FROM {name}" + (" WHERE grain = 'year'" if name in PERIODIC else ""))], [])
		bound.execute("RESET ROLE")
		same("statistics tell nothing", bound.execute("SELECT count(*) FROM pg_stats WHERE schemaname IN ('rekap', 'rekap_store') AND tablename <> 'migration'").fetchone(), (0,))
		bound.execute("SET row_security = off")
		same("row_security = off is refused", state(bound, "SELECT * FROM rekap.reject"), DENIED)
		bound.execute("RESET row_security")
		for name, _, _ in site.relations():
			if name.startswith("rekap_store.") and name != "rekap_store.migration":
				if state(bound, f"SELECT FROM {name}") != DENIED:
					check(f"{name} is out of reach", False)
		for name in ("reject_body", "batch", "unit_access"):
			same(f"rows_seen gives no way to {name}", state(bound, f"SELECT * FROM rekap_store.rows_seen('{name}') AS r (a bigint)"), DENIED)
		test_plans(site, bound, top, units)


def nodes(plan):
	yield plan
	for child in plan.get("Plans", ()):
		yield from nodes(child)


def test_plans(site, bound, top, units):
	"""No plan counts rows of others: a withheld case cannot be told from none, whatever is asked of it."""
	codes = tuple(below(units, top))
	hidden = site.root.execute("SELECT complaint_id FROM rekap.complaint WHERE unit_code <> ALL (%s) ORDER BY 1 LIMIT 1", (list(codes),)).fetchone()[0]
	counted = []
	for case in (hidden, "there is no such case"):
		plan = bound.execute("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM rekap.complaint WHERE complaint_id = '" + case.replace("'", "''") + "'").fetchone()[0][0]["Plan"]
		counted.append([(node["Node Type"], node["Actual Rows"], node.get("Rows Removed by Filter")) for node in nodes(plan)])
	same("a plan tells a withheld case from none", counted[0], counted[1])


def test_changes(site, daemon, units, top):
	"""Bindings and the register hold as of now."""
	child = next(row["unit_code"] for row in units if row["parent_code"] == top)
	moved = [dict(row, parent_code=events.unit_code(3)) if row["unit_code"] == child else row for row in units]
	with site.connect("dinkes") as bound:
		daemon.load_units(moved)
		same("a unit that moved away is withheld at once", {code for code, in bound.execute("SELECT unit_code FROM rekap.unit")}, below(moved, top))
		compare(site, "dinkes", everything(site), below(moved, top), "after the move")
		daemon.load_units(units)
		site.bind("dinkes", child)
		same("another binding holds at once", {code for code, in bound.execute("SELECT unit_code FROM rekap.unit")}, below(units, child))
		site.root.execute("DELETE FROM rekap.unit_access WHERE login = %s", (site.names["dinkes"],))
		same("without a binding all is seen", bound.execute("SELECT count(*) FROM rekap.unit").fetchone(), (len(units) + 1,))
	for login, unit, sqlstate in (("no such login", top, "42704"), (site.names["writer"], top, "0P000"), ("postgres", top, "0P000"), (site.names["reader"], "region", "23503")):
		same(f"no binding of {login.split('_')[-1]} to {unit}", state(site.root, f"INSERT INTO rekap.unit_access VALUES ('{login}', '{unit}')"), sqlstate)


def test_later_objects(site, daemon, units, top):
	"""What a later migration adds or replaces is guarded by the next finish."""
	site.root.execute("SET ROLE rekap_owner")
	text = site.root.execute("SELECT pg_get_viewdef('rekap.complaint'::regclass)").fetchone()[0]
	site.root.execute("CREATE OR REPLACE VIEW rekap.complaint AS " + re.sub(r"WHERE \( SELECT.*", "", re.sub(r"UNION ALL.*", "", text, flags=re.S), flags=re.S))
	site.root.execute("CREATE VIEW rekap.later AS SELECT unit_code, valid_from FROM rekap_store.unit")
	site.root.execute("CREATE TABLE rekap.later_table AS SELECT unit_code, 1 AS figure FROM rekap_store.unit")
	site.root.execute("RESET ROLE")
	daemon.migrate()
	site.bind("dinkes", top)
	compare(site, "dinkes", everything(site), below(units, top), "objects of a later migration")
	with site.connect("dinkes") as bound:
		same("also the new ones", [bound.execute(f"SELECT count(*) FROM rekap.{name}").fetchone()[0] for name in ("later", "later_table")], [len(below(units, top))] * 2)
	site.root.execute("SET ROLE rekap_owner; DROP VIEW rekap.later; DROP TABLE rekap.later_table; RESET ROLE")


def evaluation(unit):
	"""An SPBE index, which the stream has none of."""
	data = {"unit": unit, "year": 2024, "ruleset": "spbe-2020", "item": "INDEX.VALUE", "assessor": "tpn", "numerator": "3", "denominator": "5", "revision": 1}
	return events.Fact("assessment.answered", events.us("2024-06-01T08:00:00"), f"spbe-{unit}", "/contoh/spbe", data)


def main():
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=2)
	topic.produce(events.stream(seed=11, complaints=120, others=700) + [events.record(evaluation(unit)) for unit in (events.unit_code(2), events.unit_code(3))])
	daemon = harness.Daemon(fixtures, topic, threshold=2)
	daemon.drain()
	units, top = daemon.units, events.unit_code(2)
	site = Site(daemon)
	try:
		test_grants(site)
		test_attempts(site)
		test_subtree(site, units, top)
		test_attacks(site, units, top)
		test_changes(site, daemon, units, top)
		test_later_objects(site, daemon, units, top)
	finally:
		site.close()
	finish()


if __name__ == "__main__":
	main()
