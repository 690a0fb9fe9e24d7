// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Migrations, and what they leave behind: owners, comments, grants. */
#include <sys/wait.h>

#include "tests/integration/store/support.h"

static char database[64];
static PGconn *admin;

static void run_on_cluster(const char *format, const char *name)
{
	char sql[256];
	snprintf(sql, sizeof sql, "%s %s", format, name);
	PGconn *c = site_connect("postgres");
	run_sql(c, sql);
	PQfinish(c);
}

static void setup(void)
{
	snprintf(database, sizeof database, "rekapd_migrate_%d", (int)getpid());
	run_on_cluster("CREATE DATABASE", database);
	admin = site_connect(database);
}

static void teardown(void)
{
	PQfinish(admin);
	run_on_cluster("DROP DATABASE", database);
}

static struct store *open_store(const char *user)
{
	char conninfo[128];
	struct store *s;
	snprintf(conninfo, sizeof conninfo, "dbname=%s user=%s", database, user);
	ck_assert_int_eq(store_new(conninfo, "test", &s, NULL), 0);
	return s;
}

static void ck_migrate(int expected, int expected_applied, const char *message)
{
	struct error err = {""};
	int applied = -1;
	struct store *s = open_store("postgres");
	int r = store_migrate(s, NULL, NULL, &applied, &err);
	ck_assert_msg(r == expected, "%d: %s", r, err.text);
	ck_assert_msg(strstr(err.text, message) != NULL, "%s", err.text);
	if (!r && expected_applied >= 0)
		ck_assert_int_eq(applied, expected_applied);
	store_free(s);
}

static void ck_connect(int expected, const char *message)
{
	struct error err = {""};
	struct store *s = open_store("postgres");
	int r = store_connect(s, &err);
	ck_assert_msg(r == expected, "%d: %s", r, err.text);
	ck_assert_msg(strstr(err.text, message) != NULL, "%s", err.text);
	store_free(s);
}

static void ck_query(const char *sql, const char *expected)
{
	char *got = ask_rows(admin, sql);
	ck_assert_str_eq(got, expected);
	free(got);
}

struct lines {
	int n;
	char last[256];
};

static void note_line(void *arg, const char *line)
{
	struct lines *l = arg;
	l->n++;
	snprintf(l->last, sizeof l->last, "%s", line);
}

START_TEST(applies_once)
{
	ck_connect(-EPROTO, "run `rekapd migrate`");
	ck_migrate(0, -1, "");
	ck_connect(0, "");
	ck_migrate(0, 0, "");
	ck_query("SELECT count(*) > 2 AND bool_and(length(checksum) = 64) FROM rekap_store.migration", "t");
}
END_TEST

START_TEST(tells_its_status)
{
	struct lines pending = {0}, applied = {0};
	struct store *s = open_store("postgres");
	ck_assert_int_eq(store_migration_status(s, note_line, &pending, NULL), STORE_BEHIND);
	ck_assert_ptr_nonnull(strstr(pending.last, "pending"));
	ck_migrate(0, -1, "");
	ck_assert_int_eq(store_migration_status(s, note_line, &applied, NULL), 0);
	ck_assert_ptr_nonnull(strstr(applied.last, "applied 20"));
	ck_assert_int_eq(pending.n, applied.n);
	store_free(s);
}
END_TEST

START_TEST(several_at_once_apply_once)
{
	pid_t children[6];
	for (size_t i = 0; i < 6; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		struct error err = {""};
		int applied;
		int r = store_migrate(open_store("postgres"), NULL, NULL, &applied, &err);
		if (r)
			fprintf(stderr, "%s\n", err.text);
		_exit(r ? 1 : 0);
	}
	for (size_t i = 0; i < 6; i++) {
		int status;
		waitpid(children[i], &status, 0);
		ck_assert_int_eq(status, 0);
	}
	ck_connect(0, "");
}
END_TEST

START_TEST(refuses_what_does_not_belong)
{
	ck_migrate(0, -1, "");
	run_sql(admin, "UPDATE rekap_store.migration SET checksum = 'another' WHERE number = 1");
	ck_connect(-EPROTO, "001_core was applied with another text");
	ck_migrate(-EPROTO, -1, "001_core was applied with another text");
	run_sql(admin, "DELETE FROM rekap_store.migration WHERE number = 1");
	ck_connect(-EPROTO, "001_core is missing in the database");
	ck_migrate(-EPROTO, -1, "001_core is missing in the database");
}
END_TEST

START_TEST(refuses_a_newer_database)
{
	ck_migrate(0, -1, "");
	run_sql(admin, "INSERT INTO rekap_store.migration (number, name, checksum) VALUES (9000, 'tomorrow', 'x')");
	ck_connect(-EPROTO, "9000_tomorrow, which this program does not know: the database is newer");
	ck_migrate(-EPROTO, -1, "the database is newer");
	struct store *s = open_store("postgres");
	struct lines lines = {0};
	ck_assert_int_eq(store_migration_status(s, note_line, &lines, NULL), STORE_BEHIND);
	ck_assert_ptr_nonnull(strstr(lines.last, "unknown to this program"));
	store_free(s);
}
END_TEST

START_TEST(a_failure_leaves_nothing)
{
	run_sql(admin, "CREATE SCHEMA rekap");
	ck_migrate(-EIO, -1, "migration 001_core: PostgreSQL: SQLSTATE 42P06");
	ck_query("SELECT count(*) FROM rekap_store.migration", "0");
	run_sql(admin, "DROP SCHEMA rekap");
	ck_migrate(0, -1, "");
}
END_TEST

/*
 * A login that may make roles and schemas is enough: no superuser. The cluster has the roles already, from other tests: from PostgreSQL 16 on that takes the right to pass
 * them on, which making them would have given.
 */
START_TEST(needs_no_superuser)
{
	struct error err = {""};
	char sql[256];
	int applied;
	run_sql(admin, "DO $$ BEGIN CREATE ROLE rekapd_test_admin LOGIN CREATEROLE; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$");
	run_sql(admin, "DO $$ BEGIN EXECUTE 'GRANT rekap_owner TO rekapd_test_admin WITH ADMIN ' || "
		       "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'OPTION' ELSE 'TRUE, SET FALSE, INHERIT FALSE' END; END $$");
	snprintf(sql, sizeof sql, "ALTER DATABASE %s OWNER TO rekapd_test_admin", database);
	run_sql(admin, sql);
	struct store *s = open_store("rekapd_test_admin");
	int r = store_migrate(s, NULL, NULL, &applied, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_int_eq(store_migrate(s, NULL, NULL, &applied, &err), 0);
	store_free(s);
}
END_TEST

START_TEST(refuses_another_encoding)
{
	char ascii[80];
	snprintf(ascii, sizeof ascii, "%s_ascii", database);
	run_on_cluster("CREATE DATABASE", strcat(ascii, " TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"));
	*strchr(ascii, ' ') = 0;
	struct error err = {""};
	char conninfo[128];
	struct store *s;
	snprintf(conninfo, sizeof conninfo, "dbname=%s", ascii);
	ck_assert_int_eq(store_new(conninfo, "test", &s, NULL), 0);
	ck_assert_int_eq(store_connect(s, &err), -EPROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "SQL_ASCII"));
	store_free(s);
	run_on_cluster("DROP DATABASE", ascii);
}
END_TEST

START_TEST(every_object_has_owner_and_comment)
{
	ck_migrate(0, -1, "");
	ck_query("SELECT string_agg(c.oid::regclass || '.' || coalesce(a.attname, ''), ', ') FROM pg_class c "
		 "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
		 "WHERE c.relnamespace IN ('rekap'::regnamespace, 'rekap_store'::regnamespace, 'rekap_rebuild'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm') "
		 "AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)",
		 "");
	ck_query("SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p WHERE pronamespace IN ('rekap'::regnamespace, 'rekap_store'::regnamespace, 'rekap_rebuild'::regnamespace) "
		 "AND obj_description(p.oid, 'pg_proc') IS NULL",
		 "");
	ck_query("SELECT obj_description(oid, 'pg_namespace') IS NOT NULL, nspowner::regrole FROM pg_namespace WHERE nspname LIKE 'rekap%'",
		 "t|rekap_owner\nt|rekap_owner\nt|rekap_owner");
	ck_query("SELECT count(*) FROM pg_class WHERE relnamespace IN ('rekap'::regnamespace, 'rekap_store'::regnamespace, 'rekap_rebuild'::regnamespace) AND relowner <> "
		 "'rekap_owner'::regrole",
		 "0");
	ck_query("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'rekap\\_%' AND NOT rolcanlogin AND shobj_description(oid, 'pg_authid') IS NOT NULL", "4");
}
END_TEST

/* Runs the statement as a role; "" or the SQLSTATE. */
static const char *state_as(const char *role, const char *sql)
{
	static char sqlstate[6];
	char set[64];
	snprintf(set, sizeof set, "SET ROLE %s", role);
	run_sql(admin, set);
	PGresult *r = PQexec(admin, sql);
	const char *s = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	snprintf(sqlstate, sizeof sqlstate, "%s", s ? s : "");
	PQclear(r);
	run_sql(admin, "RESET ROLE");
	return sqlstate;
}

START_TEST(roles_may_what_they_must)
{
	static const struct {
		const char *role, *sql, *sqlstate;
	} cases[] = {
		{"rekap_writer", "CREATE TABLE rekap.x (a int)", "42501"},
		{"rekap_writer", "CREATE TABLE rekap_store.x (a int)", "42501"},
		{"rekap_writer", "ALTER TABLE rekap.batch ADD COLUMN a int", "42501"},
		{"rekap_writer", "DROP TABLE rekap.batch", "42501"},
		{"rekap_writer", "TRUNCATE rekap.batch", "42501"},
		{"rekap_writer", "DELETE FROM rekap.batch", "42501"},
		{"rekap_writer", "DELETE FROM rekap_store.complaint", "42501"},
		{"rekap_writer", "DELETE FROM rekap_store.measure_month", "42501"},
		{"rekap_writer", "UPDATE rekap_store.migration SET name = ''", "42501"},
		{"rekap_writer", "CALL rekap_store.finish_migration()", "42501"},
		{"rekap_writer", "CREATE TABLE rekap_rebuild.x (a int)", "42501"},
		{"rekap_writer", "CALL rekap_rebuild.finish_migration()", "42501"},
		{"rekap_writer", "SELECT rekap_rebuild.swap_entities(1)", "42501"},
		{"rekap_writer", "SELECT rekap_rebuild.swap('x')", "P0001"}, /* nothing is being rebuilt */
		{"rekap_reader", "SELECT * FROM rekap_rebuild.progress", "42501"},
		{"rekap_writer", "UPDATE rekap_store.complaint SET version = 1", ""},
		{"rekap_writer", "SELECT * FROM rekap.measure_day, rekap.data_quality, rekap.complaint, rekap.indicator_value", ""},
		{"rekap_reader", "SELECT * FROM rekap.unit, rekap.measure_day, rekap.complaint, rekap.reject, rekap.ingest_offset", ""},
		{"rekap_reader", "SELECT * FROM rekap.indicator, rekap.indicator_value, rekap.data_quality", ""},
		{"rekap_reader", "SELECT * FROM rekap.reject_body", "42501"},
		{"rekap_reader", "SELECT * FROM rekap.batch", "42501"},
		{"rekap_reader", "SELECT * FROM rekap_store.complaint", "42501"},
		{"rekap_reader", "SELECT rekap_store.basis_changed()", "42501"},
		{"rekap_reader", "UPDATE rekap.ingest_offset SET epoch = 0", "42501"},
		{"rekap_reader", "UPDATE rekap.reject SET status = 'purged'", "42501"},
		{"rekap_auditor", "SELECT * FROM rekap.reject_body, rekap.batch, rekap.complaint, rekap.measure_day", ""},
		{"rekap_auditor", "UPDATE rekap.reject_body SET value = NULL", "42501"},
	};
	ck_migrate(0, -1, "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = state_as(cases[i].role, cases[i].sql);
		ck_assert_msg(!strcmp(got, cases[i].sqlstate), "%s: %s: %s", cases[i].role, cases[i].sql, got);
	}
	ck_query("SELECT string_agg(table_name || ' ' || privilege_type, ', ') FROM information_schema.role_table_grants "
		 "WHERE grantee LIKE 'rekap%' AND grantee <> 'rekap_owner' AND privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE')",
		 "");
}
END_TEST

START_TEST(says_what_a_login_lacks)
{
	struct error err = {""};
	char sql[256];
	ck_migrate(0, -1, "");
	run_sql(admin, "DO $$ BEGIN CREATE ROLE rekapd_test_nobody LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$");
	struct store *s = open_store("rekapd_test_nobody");
	ck_assert_int_eq(store_connect(s, &err), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.text, "no member of rekap_writer"));
	store_free(s);
	snprintf(sql, sizeof sql, "REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC", database);
	run_sql(admin, sql);
	s = open_store(WRITER);
	ck_assert_int_eq(store_connect(s, &err), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.text, "GRANT TEMPORARY ON DATABASE"));
	store_free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("migrate");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, applies_once);
	tcase_add_test(tc, tells_its_status);
	tcase_add_test(tc, several_at_once_apply_once);
	tcase_add_test(tc, refuses_what_does_not_belong);
	tcase_add_test(tc, refuses_a_newer_database);
	tcase_add_test(tc, a_failure_leaves_nothing);
	tcase_add_test(tc, needs_no_superuser);
	tcase_add_test(tc, refuses_another_encoding);
	tcase_add_test(tc, every_object_has_owner_and_comment);
	tcase_add_test(tc, roles_may_what_they_must);
	tcase_add_test(tc, says_what_a_login_lacks);
	return run_case(tc);
}
