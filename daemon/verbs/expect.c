// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/verbs/expect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/decode/json.h"

#define FIELDS_OF_A_ROW TABLE_COLUMNS_MAX
#define LINES_MAX 40 /* of differences of one case */

/* --- arrays and objects ---------------------------------------------------------------------------------------------------------------------- */

static int put_value(const struct expectation *e, struct buffer *b, const struct json *j);

static int by_text(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static int put_elements(const struct expectation *e, struct buffer *b, const struct json *array)
{
	int r = 0;
	for (size_t i = 0; i < json_size(array) && r >= 0; i++) {
		buffer_puts(b, i ? "," : "");
		r = put_value(e, b, json_at(array, i));
	}
	return r;
}

static int put_members(const struct expectation *e, struct buffer *b, const struct json *object)
{
	struct text *keys = arena_alloc(e->arena, (json_size(object) + 1) * sizeof *keys);
	const struct json *value;
	void *it = NULL;
	size_t n = 0;
	int r = keys ? 0 : -ENOMEM;
	while (keys && json_next(object, &it, &keys[n], &value))
		n++;
	if (n)
		qsort(keys, n, sizeof *keys, by_text);
	for (size_t i = 0; i < n && r >= 0; i++) {
		buffer_puts(b, i ? "," : "");
		buffer_json(b, keys[i]);
		buffer_putc(b, ':');
		r = put_value(e, b, json_get(object, keys[i].p));
	}
	return r;
}

static int put_value(const struct expectation *e, struct buffer *b, const struct json *j)
{
	bool array = json_kind(j) == NODE_ARRAY;
	int r;
	switch (json_kind(j)) {
	case NODE_ARRAY:
	case NODE_OBJECT:
		buffer_putc(b, array ? '[' : '{');
		r = array ? put_elements(e, b, j) : put_members(e, b, j);
		buffer_putc(b, array ? ']' : '}');
		return r;
	case NODE_STRING:
		buffer_json(b, json_text(j));
		return 0;
	case NODE_INTEGER:
		buffer_printf(b, "%" PRId64, json_int(j));
		return 0;
	case NODE_NULL:
	case NODE_BOOL:
		buffer_puts(b, json_kind(j) == NODE_NULL ? "null" : json_bool(j) ? "true" : "false");
		return 0;
	case NODE_REAL:
		break;
	}
	return error_set(e->err, -EINVAL, "%s: numbers in arrays and objects must be integers", e->file);
}

/* The value as a cell of COLUMN_JSON holds it: without blanks, keys in bytewise order. */
static int normalise(const struct expectation *e, struct expected_field *f)
{
	struct json *j;
	struct buffer b = {0};
	int r = json_parse(e->file, f->value, &j, e->err);
	if (r < 0)
		return r;
	r = put_value(e, &b, j);
	json_free(j);
	if (r >= 0)
		r = !b.failed && arena_copy(e->arena, buffer_view(&b), &f->value) ? 0 : error_set(e->err, -ENOMEM, "%s: out of memory", e->file);
	buffer_deinit(&b);
	return r;
}

/* --- reading --------------------------------------------------------------------------------------------------------------------------------- */

/* A new element, zeroed, of an array in the arena; NULL when out of memory. */
static void *add(struct arena *arena, void **array, size_t *n, size_t *size, size_t element)
{
	void *room = arena_grow(arena, *array, *n, size, element, 16);
	if (!room)
		return NULL;
	*array = room;
	return memset((char *)room + (*n)++ * element, 0, element);
}

static struct expected_table *table_at(struct expectation *e, struct text name)
{
	if (e->n && text_equal(e->tables[e->n - 1].name, name))
		return &e->tables[e->n - 1];
	struct expected_table *t = add(e->arena, (void **)&e->tables, &e->n, &e->size, sizeof *t);
	return t && arena_copy(e->arena, name, &t->name) ? t : NULL;
}

static struct expected_row *row_at(struct expectation *e, struct expected_table *t, size_t index)
{
	while (t->n <= index) {
		struct expected_row *row = add(e->arena, (void **)&t->rows, &t->n, &t->size, sizeof *row);
		if (!row || !(row->fields = arena_zalloc(e->arena, FIELDS_OF_A_ROW * sizeof *row->fields)))
			return NULL;
	}
	return &t->rows[index];
}

static int take_field(struct expectation *e, const struct json_path *path, struct text key, const struct token *value)
{
	struct expected_table *t = table_at(e, path->steps[0].key);
	struct expected_row *row = t ? row_at(e, t, path->steps[1].index) : NULL;
	if (!row)
		return -ENOMEM;
	if (row->n == FIELDS_OF_A_ROW)
		return error_set(e->err, -EINVAL, "%s: %.*s[%zu]: too many columns", e->file, TEXT_ARG(t->name), path->steps[1].index);
	struct expected_field *f = &row->fields[row->n++];
	f->type = value->type;
	if (!arena_copy(e->arena, key, &f->column))
		return -ENOMEM;
	int r = token_unescape(value, e->arena, &f->value);
	return r < 0 || (f->type != TOKEN_ARRAY && f->type != TOKEN_OBJECT) ? r : normalise(e, f);
}

static int take_member(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	struct expectation *e = arg;
	if (path->n == 1) {
		if (value->type != TOKEN_ARRAY)
			return error_set(e->err, -EINVAL, "%s: %.*s: must be an array of rows", e->file, TEXT_ARG(key));
		return table_at(e, key) ? 0 : -ENOMEM;
	}
	return path->n == 3 && path->steps[1].array ? take_field(e, path, key, value) : 0;
}

static unsigned line_of(struct text t, size_t offset)
{
	unsigned line = 1;
	for (size_t i = 0; i < offset && i < t.n; i++)
		line += t.p[i] == '\n';
	return line;
}

int expect_read(struct expectation *e, const char *file, struct text json, struct arena *arena, struct error *err)
{
	*e = (struct expectation){.arena = arena, .file = file, .err = err};
	const struct json_visitor visitor = {.root = "", .arg = e, .member = take_member};
	struct token root;
	enum json_fault fault;
	size_t offset = 0;
	struct text path = TEXT_NONE;
	if (!utf8_valid(json.p, json.n))
		return error_set(err, -EINVAL, "%s: must be UTF-8", file);
	int r = json_scan(json, &visitor, arena, &root, &fault, &offset, &path);
	if (r == -ENOMEM)
		return error_set(err, r, "%s: out of memory", file);
	if (r < 0)
		return r;
	if (fault == JSON_DUPLICATE_KEY)
		return error_set(err, -EINVAL, "%s: %.*s: stands there twice", file, TEXT_ARG(path));
	if (fault != JSON_OK)
		return error_set(err, -EINVAL, "%s:%u: not JSON", file, line_of(json, offset));
	return root.type == TOKEN_OBJECT ? 0 : error_set(err, -EINVAL, "%s: must be an object of tables", file);
}

/* --- comparing ------------------------------------------------------------------------------------------------------------------------------- */

static bool same_number(const struct expected_field *f, struct text cell)
{
	decimal want, got;
	int r = f->type == TOKEN_NUMBER ? decimal_parse_json(f->value, &want) : decimal_parse(f->value, &want);
	return r == 0 && decimal_parse(cell, &got) == 0 && decimal_compare(want, got) == 0;
}

static bool same_time(struct text a, struct text b)
{
	instant x, y;
	return rfc3339_parse(a, &x) == 0 && rfc3339_parse(b, &y) == 0 && x == y;
}

static bool agrees(const struct expected_field *f, const struct table *t, size_t row)
{
	struct text cell = table_cell(t, row, f->at);
	enum column_type type = t->columns[f->at].type;
	switch (f->type) {
	case TOKEN_NULL:
		return !cell.p;
	case TOKEN_NUMBER: /* written alike, it may be larger than what decimals of events hold */
		return cell.p && (text_equal(f->value, cell) || same_number(f, cell));
	case TOKEN_STRING:
		if (!cell.p || text_equal(f->value, cell))
			return cell.p != NULL;
		return type == COLUMN_TIMESTAMPTZ ? same_time(f->value, cell) : type != COLUMN_TEXT && type != COLUMN_DATE && same_number(f, cell);
	case TOKEN_ARRAY:
	case TOKEN_OBJECT:
		return type == COLUMN_JSON && cell.p && text_equal(f->value, cell);
	case TOKEN_TRUE:
		return type == COLUMN_JSON && text_is(cell, "true");
	case TOKEN_FALSE:
		return type == COLUMN_JSON && text_is(cell, "false");
	}
	return false;
}

static size_t agreement(const struct expected_row *want, const struct table *t, size_t row)
{
	size_t n = 0;
	for (size_t i = 0; i < want->n; i++)
		n += agrees(&want->fields[i], t, row);
	return n;
}

/* Which expected row belongs to which row: each to at most one. */
struct matching {
	struct expected_table *want;
	const struct table *got;
	size_t *owner; /* by row of `got`: the expected row + 1; 0: none */
	bool *matched; /* by expected row */
	bool *tried;   /* by row of `got`, in one search */
};

/* A row that lists few columns may fit several: whoever stands there moves on if another place fits. */
static bool find_place(struct matching *m, size_t want)
{
	const struct expected_row *row = &m->want->rows[want];
	for (size_t i = 0; i < m->got->n_rows; i++) {
		if (m->tried[i] || agreement(row, m->got, i) != row->n)
			continue;
		m->tried[i] = true;
		if (!m->owner[i] || find_place(m, m->owner[i] - 1)) {
			m->owner[i] = want + 1;
			return true;
		}
	}
	return false;
}

static int match(struct matching *m, struct arena *arena)
{
	m->owner = arena_zalloc(arena, (m->got->n_rows + 1) * sizeof *m->owner);
	m->tried = arena_alloc(arena, m->got->n_rows + 1);
	m->matched = arena_zalloc(arena, m->want->n + 1);
	if (!m->owner || !m->tried || !m->matched)
		return -ENOMEM;
	for (size_t i = 0; i < m->want->n; i++) {
		memset(m->tried, 0, m->got->n_rows + 1);
		m->matched[i] = find_place(m, i);
	}
	return 0;
}

/* --- telling --------------------------------------------------------------------------------------------------------------------------------- */

struct report {
	FILE *out;
	const char *prefix;
	size_t n;
};

/* The beginning of a difference's line; false: enough lines are there. */
static bool begin(struct report *r, const struct matching *m)
{
	if (++r->n > LINES_MAX)
		return false;
	fprintf(r->out, "%s: table %s: ", r->prefix, m->got->name);
	return true;
}

static void print_text(FILE *out, struct text t)
{
	char shown[TEXT_SHOWN_SIZE];
	for (size_t i = 0; i < t.n;) {
		i += text_show(t.p + i, t.n - i, shown);
		fputs(shown, out);
	}
}

static void print_value(FILE *out, struct text t)
{
	print_text(out, t.p ? t : TEXT("null"));
}

static void print_expected(FILE *out, const struct expected_row *row, size_t most)
{
	fputs("row", out);
	for (size_t i = 0; i < row->n && i < most; i++) {
		fputc(' ', out);
		print_text(out, row->fields[i].column);
		fputc('=', out);
		print_value(out, row->fields[i].type == TOKEN_NULL ? TEXT_NONE : row->fields[i].value);
	}
}

/* The row left over that is most alike; n_rows: none has anything in common. */
static size_t most_alike(const struct matching *m, const struct expected_row *want)
{
	size_t best = m->got->n_rows, most = 0;
	for (size_t i = 0; i < m->got->n_rows; i++) {
		size_t n = m->owner[i] ? 0 : agreement(want, m->got, i);
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

static void tell_columns(struct report *r, const struct matching *m, const struct expected_row *want, size_t row)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct expected_field *f = &want->fields[i];
		if (agrees(f, m->got, row) || !begin(r, m))
			continue;
		print_expected(r->out, want, 4);
		fputs(": column ", r->out);
		print_text(r->out, f->column);
		fputs(": expected ", r->out);
		print_value(r->out, f->type == TOKEN_NULL ? TEXT_NONE : f->value);
		fputs(", got ", r->out);
		print_value(r->out, table_cell(m->got, row, f->at));
		fputc('\n', r->out);
	}
}

static void tell_missing(struct report *r, struct matching *m, size_t want)
{
	const struct expected_row *row = &m->want->rows[want];
	size_t alike = most_alike(m, row);
	if (alike < m->got->n_rows && 2 * agreement(row, m->got, alike) >= row->n) {
		m->owner[alike] = want + 1;
		tell_columns(r, m, row, alike);
	} else if (begin(r, m)) {
		print_expected(r->out, row, row->n);
		fputs(": expected, not there\n", r->out);
	}
}

static void tell_unexpected(struct report *r, const struct matching *m, size_t row)
{
	if (!begin(r, m))
		return;
	fputs("row", r->out);
	for (size_t c = 0; c < m->got->n_columns; c++) {
		struct text cell = table_cell(m->got, row, c);
		if (!cell.p)
			continue;
		fprintf(r->out, " %s=", m->got->columns[c].name);
		print_text(r->out, cell);
	}
	fputs(": not expected\n", r->out);
}

static int find_columns(const struct expectation *e, struct expected_table *want, const struct table *got)
{
	for (size_t i = 0; i < want->n; i++)
		for (size_t c = 0; c < want->rows[i].n; c++) {
			struct expected_field *f = &want->rows[i].fields[c];
			f->at = table_column(got, f->column);
			if (f->at == got->n_columns)
				return error_set(e->err, -EINVAL, "%s: %s[%zu]: there is no column %.*s", e->file, got->name, i, TEXT_ARG(f->column));
		}
	return 0;
}

static int compare_table(struct expectation *e, struct expected_table *want, const struct tables *t, struct report *report)
{
	struct matching m = {.want = want, .got = tables_find(t, want->name)};
	if (!m.got)
		return error_set(e->err, -EINVAL, "%s: there is no table %.*s", e->file, TEXT_ARG(want->name));
	int r = find_columns(e, want, m.got);
	if (r >= 0)
		r = match(&m, e->arena);
	if (r < 0)
		return r;
	for (size_t i = 0; i < want->n; i++)
		if (!m.matched[i])
			tell_missing(report, &m, i);
	for (size_t i = 0; i < m.got->n_rows; i++)
		if (!m.owner[i])
			tell_unexpected(report, &m, i);
	return 0;
}

int expect_compare(struct expectation *e, const struct tables *t, const char *prefix, FILE *out, size_t *ret_differences)
{
	struct report report = {out, prefix, 0};
	int r = 0;
	for (size_t i = 0; i < e->n && r >= 0; i++)
		r = compare_table(e, &e->tables[i], t, &report);
	if (r < 0)
		return r;
	if (report.n > LINES_MAX)
		fprintf(out, "%s: %zu more differences\n", prefix, report.n - LINES_MAX);
	*ret_differences = report.n;
	return 0;
}
