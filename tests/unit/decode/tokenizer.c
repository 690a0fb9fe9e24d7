// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The tokenizer against the JSON parsing suite, against another parser on random texts, and against properties of its own. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../suite.h"
#include "common/file.h"
#include "common/random.h"
#include "daemon/decode/tokenizer.h"

struct outcome {
	enum json_fault fault;
	size_t offset;
	struct text path;
};

static struct arena *arena;
static unsigned rounds; /* of random texts */

static void setup(void)
{
	if (!arena)
		arena = arena_new(65536);
	arena_reset(arena);
	rounds = getenv("REKAP_TEST_SLOW") ? 200 : 20000;
}

/* Scans a copy of exactly the text's size, so that a sanitizer sees every step beyond it. */
static struct outcome scan(struct text t, const struct json_visitor *visitor)
{
	static const struct json_visitor deaf = {.root = ""};
	struct outcome o = {0};
	struct token root;
	char *copy = malloc(t.n ? t.n : 1);
	if (t.n)
		memcpy(copy, t.p, t.n);
	ck_assert_int_eq(json_scan((struct text){copy, t.n}, visitor ? visitor : &deaf, arena, &root, &o.fault, &o.offset, &o.path), 0);
	free(copy);
	return o;
}

static bool accepted(struct text t)
{
	return utf8_valid(t.p, t.n) && scan(t, NULL).fault == JSON_OK;
}

/* --- the suite ---------------------------------------------------------------------------------------------------------------------------- */

/* What the suite calls valid and semantics §1 refuses all the same. */
static bool narrowed(const char *name)
{
	static const char *const names[] = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json", "y_object_escaped_null_in_key.json", "y_string_null_escape.json"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

START_TEST(parsing_suite)
{
	const char *folder = TESTS_DIR "/../../shared/data/json_parsing";
	DIR *d = opendir(folder);
	const struct dirent *e;
	unsigned n = 0;
	if (!d) {
		printf("%s is not there: skipped\n", folder);
		return;
	}
	while ((e = readdir(d))) {
		char path[1024];
		struct buffer b = {0};
		struct error err;
		if (!strchr("yni", e->d_name[0]) || e->d_name[1] != '_')
			continue;
		setup();
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		ck_assert_msg(file_read(path, 0, &b, &err) == 0, "%s", err.text);
		bool good = accepted(buffer_view(&b));
		if (e->d_name[0] != 'i')
			ck_assert_msg(good == (e->d_name[0] == 'y' && !narrowed(e->d_name)), "%s", e->d_name);
		buffer_deinit(&b);
		n++;
	}
	closedir(d);
	ck_assert_uint_gt(n, 300);
}
END_TEST

/* --- random texts ------------------------------------------------------------------------------------------------------------------------- */

static struct random dice;

static bool chance(uint64_t percent)
{
	return random_below(&dice, 100) < percent;
}

static void put_blanks(struct buffer *b)
{
	while (chance(15))
		buffer_putc(b, " \t\r\n"[random_below(&dice, 4)]);
}

static void put_string(struct buffer *b, size_t most)
{
	static const char *const pieces[] = {"a", "b", "0", " ", "/", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9",
					     "\\u20AC", "\\ud83d\\ude00", "plain text of some length", "quite a long run without anything special in it, longer than a vector"};
	buffer_putc(b, '"');
	for (size_t n = random_below(&dice, most + 1); n; n--)
		buffer_puts(b, pieces[random_below(&dice, chance(70) ? 5 : COUNT(pieces))]);
	buffer_putc(b, '"');
}

static void put_number(struct buffer *b)
{
	static const char *const numbers[] = {"0", "-0", "1", "-12", "1.5", "0.001", "1e5", "2E-3", "3.25e+1", "9007199254740993", "12345678901234567890"};
	buffer_puts(b, numbers[random_below(&dice, COUNT(numbers))]);
}

static void put_value(struct buffer *b, unsigned depth);

static void put_object(struct buffer *b, unsigned depth)
{
	buffer_putc(b, '{');
	put_blanks(b);
	for (size_t n = random_below(&dice, chance(5) ? 40 : 4); n; n--) {
		put_string(b, chance(10) ? 3 : 9);
		put_blanks(b);
		buffer_putc(b, ':');
		put_value(b, depth - 1);
		if (n > 1)
			buffer_putc(b, ',');
		put_blanks(b);
	}
	buffer_putc(b, '}');
}

static void put_array(struct buffer *b, unsigned depth)
{
	buffer_putc(b, '[');
	put_blanks(b);
	for (size_t n = random_below(&dice, 5); n; n--) {
		put_value(b, depth - 1);
		if (n > 1)
			buffer_putc(b, ',');
	}
	buffer_putc(b, ']');
}

static void put_value(struct buffer *b, unsigned depth)
{
	static const char *const words[] = {"null", "true", "false"};
	put_blanks(b);
	switch (random_below(&dice, depth ? 7 : 4)) {
	case 0:
		buffer_puts(b, words[random_below(&dice, 3)]);
		break;
	case 1:
		put_number(b);
		break;
	case 2:
	case 3:
		put_string(b, 6);
		break;
	case 4:
		put_array(b, depth);
		break;
	default:
		put_object(b, depth);
	}
	put_blanks(b);
}

/* A few bytes changed, put in, taken out. */
static void mutate(struct buffer *b)
{
	static const char bytes[] = "{}[]:,\"\\u0d8abtrnfe+-.19 \n\x01\x7f/";
	for (uint64_t n = random_below(&dice, 4); n && b->n; n--) {
		size_t at = random_below(&dice, b->n);
		char c = bytes[random_below(&dice, sizeof bytes - 1)];
		if (chance(50)) {
			b->p[at] = c;
		} else if (chance(50)) {
			memmove(b->p + at, b->p + at + 1, b->n - at - 1);
			b->n--;
		} else {
			buffer_putc(b, c);
			memmove(b->p + at + 1, b->p + at, b->n - at - 1);
			b->p[at] = c;
		}
	}
}

/* The other parser's node under the path. */
static const json_t *node_at(const json_t *root, const struct json_path *path)
{
	for (unsigned i = 0; i + 1 < path->n; i++) {
		const struct path_step *s = &path->steps[i];
		root = s->array ? json_array_get(root, s->index) : json_object_getn(root, s->key.p, s->key.n);
	}
	return root;
}

static bool same_type(const json_t *j, enum token_type type)
{
	static const enum token_type types[] = {[JSON_OBJECT] = TOKEN_OBJECT, [JSON_ARRAY] = TOKEN_ARRAY, [JSON_STRING] = TOKEN_STRING, [JSON_INTEGER] = TOKEN_NUMBER,
						[JSON_REAL] = TOKEN_NUMBER,   [JSON_TRUE] = TOKEN_TRUE,	  [JSON_FALSE] = TOKEN_FALSE,	[JSON_NULL] = TOKEN_NULL};
	return j && types[json_typeof(j)] == type;
}

static int compare_member(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	const json_t *j = json_object_getn(node_at(arg, path), key.p, key.n);
	struct text t;
	ck_assert(same_type(j, value->type));
	if (value->type == TOKEN_STRING) {
		ck_assert_int_eq(token_unescape(value, arena, &t), 0);
		ck_assert(t.n == json_string_length(j) && !memcmp(t.p, json_string_value(j), t.n));
	} else if (value->type == TOKEN_NUMBER) {
		ck_assert(json_is_real(j) || strtoll(value->raw.p, NULL, 10) == json_integer_value(j));
	}
	return 0;
}

/*
 * Intended differences: the other parser holds numbers as machine numbers and refuses those that do not fit; it nests deeper; it takes an escaped U+0000 (told so,
 * because else it would not say which of two faults it met first).
 */
START_TEST(agrees_with_another_parser)
{
	unsigned good = 0, bad = 0;
	setup();
	dice.state = 20240326;
	for (unsigned i = 0; i < rounds; i++) {
		struct buffer b = {0};
		json_error_t e;
		setup();
		put_value(&b, 5);
		if (i % 2)
			mutate(&b);
		struct text t = buffer_view(&b);
		json_t *j = json_loadb(t.p, t.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
		bool overflow = !j && json_error_code(&e) == json_error_numeric_overflow;
		struct outcome o = utf8_valid(t.p, t.n) ? scan(t, NULL) : (struct outcome){.fault = JSON_SYNTAX};
		if (!overflow && o.fault != JSON_DEPTH && o.fault != JSON_NUL)
			ck_assert_msg((o.fault == JSON_OK) == (j != NULL), "fault %d at %zu: %.*s\n%s", o.fault, o.offset, TEXT_ARG(t), e.text);
		if (j && !o.fault) {
			const struct json_visitor visitor = {.root = "", .arg = j, .member = compare_member};
			scan(t, &visitor);
		}
		*(j ? &good : &bad) += 1;
		json_decref(j);
		buffer_deinit(&b);
	}
	ck_assert_msg(good > rounds / 4 && bad > rounds / 10, "%u accepted, %u refused", good, bad);
}
END_TEST

/* A random text that is accepted. */
static struct buffer good_text(void)
{
	for (;;) {
		struct buffer b = {0};
		if (chance(50))
			put_object(&b, 4);
		else
			put_array(&b, 4);
		setup();
		if (accepted(buffer_view(&b)))
			return b;
		buffer_deinit(&b);
	}
}

START_TEST(a_prefix_is_told_at_its_end)
{
	setup();
	dice.state = 1;
	for (unsigned i = 0; i < rounds / 100; i++) {
		struct buffer b = good_text();
		for (size_t n = 0; n < b.n; n++) {
			struct outcome o = scan((struct text){b.p, n}, NULL);
			if (o.fault != JSON_SURROGATE) /* half a pair */
				ck_assert_msg(o.fault == JSON_SYNTAX && o.offset == n, "%zu of %.*s: fault %d at %zu", n, TEXT_ARG(buffer_view(&b)), o.fault, o.offset);
		}
		buffer_deinit(&b);
	}
}
END_TEST

START_TEST(a_foreign_byte_is_told_where_it_stands)
{
	setup();
	dice.state = 2;
	for (unsigned i = 0; i < rounds / 10; i++) {
		struct buffer b = good_text();
		size_t at = random_below(&dice, b.n + 1);
		buffer_putc(&b, 1);
		memmove(b.p + at + 1, b.p + at, b.n - at - 1);
		b.p[at] = 1;
		struct outcome o = scan(buffer_view(&b), NULL);
		if (o.fault != JSON_SURROGATE)
			ck_assert_msg(o.fault == JSON_SYNTAX && o.offset == at, "%zu of %.*s: fault %d at %zu", at, TEXT_ARG(buffer_view(&b)), o.fault, o.offset);
		buffer_deinit(&b);
	}
}
END_TEST

/* Keys are compared after unescaping, among few and among many. */
START_TEST(duplicates_among_many)
{
	for (unsigned n = 1; n < 200; n += n < 40 ? 1 : 31)
		for (unsigned twin = 0; twin <= n; twin += n > 10 ? n / 3 : 1) {
			struct buffer b = {0};
			char path[32] = "";
			setup();
			buffer_puts(&b, "[0,{");
			for (unsigned i = 0; i < n; i++)
				buffer_printf(&b, "\"k%u\":{\"k%u\":0},", i, i);
			buffer_printf(&b, "\"\\u006b%u\":0}]", twin);
			struct outcome o = scan(buffer_view(&b), NULL);
			if (twin < n)
				snprintf(path, sizeof path, "[1].k%u", twin);
			ck_assert_msg(o.fault == (twin < n ? JSON_DUPLICATE_KEY : JSON_OK) && (twin == n || text_is(o.path, path)), "%u of %u", twin, n);
			buffer_deinit(&b);
		}
}
END_TEST

/* Special bytes at every place relative to vectors and to the end. */
START_TEST(strings_of_every_length)
{
	static const struct {
		const char *piece;
		enum json_fault fault;
	} cases[] = {{"", JSON_OK}, {"\\n", JSON_OK}, {"\xc3\xa9", JSON_OK}, {"\x1f", JSON_SYNTAX}, {"\x7f", JSON_OK}, {"\\", JSON_SYNTAX}, {"\"", JSON_SYNTAX}, {"\\u0000", JSON_NUL}};
	setup();
	for (size_t n = 0; n < 70; n++)
		for (size_t at = 0; at <= n; at++)
			for (size_t c = 0; c < COUNT(cases); c++) {
				char text[128];
				int length = snprintf(text, sizeof text, "\"%.*s%s%.*s\"", (int)at, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
						      cases[c].piece, (int)(n - at), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
				enum json_fault fault = scan((struct text){text, (size_t)length}, NULL).fault;
				bool escapes_quote = n == at && !strcmp(cases[c].piece, "\\");
				ck_assert_msg(fault == cases[c].fault || (escapes_quote && fault == JSON_SYNTAX), "%s: %d", text, fault);
			}
}
END_TEST

SUITE("tokenizer", parsing_suite, agrees_with_another_parser, a_prefix_is_told_at_its_end, a_foreign_byte_is_told_where_it_stands, duplicates_among_many, strings_of_every_length)
