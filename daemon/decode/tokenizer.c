// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/tokenizer.h"

#include <errno.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/map.h"
#include "common/random.h"

#define PATH_MAX_BYTES 512
#define FEW_KEYS 24 /* up to here duplicates are found by comparing one by one */

struct key {
	struct text text;
	uint64_t tag; /* cheap, and different for most keys of an object */
};

/* The keys of an open object: the last ones of a stack that all open objects share. */
struct object {
	size_t base;
	bool many; /* the map holds them too */
	struct map map;
};

struct scanner {
	const char *start, *p, *end;
	const struct json_visitor *visitor;
	struct arena *arena;
	struct json_path path;
	struct key *keys;
	size_t n_keys, size_keys;
	enum json_fault fault;
	const char *fault_at;
	struct key few[FEW_KEYS];
};

/* Positive outcome inside this file: the text has a fault. */
#define FAULT 1

static int fail(struct scanner *s, enum json_fault fault, const char *at)
{
	s->fault = fault;
	s->fault_at = at;
	return FAULT;
}

static int syntax(struct scanner *s)
{
	return fail(s, JSON_SYNTAX, s->p);
}

static void skip_blanks(struct scanner *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* The first quote, backslash or control character from p on. */
static const char *find_special(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x1f);
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)), _mm_cmpeq_epi8(_mm_min_epu8(v, space), v));
		int mask = _mm_movemask_epi8(special);
		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && plain((unsigned char)*p))
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits at s->p, moved over; -1 and a syntax fault at the first that is none. */
static int hex4(struct scanner *s)
{
	int v = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		int d = s->p < s->end ? hex_digit(*s->p) : -1;
		if (d < 0) {
			syntax(s);
			return -1;
		}
		v = v << 4 | d;
	}
	return v;
}

static int scan_unicode_escape(struct scanner *s)
{
	const char *at = s->p - 2;
	int v = hex4(s);
	if (v < 0)
		return FAULT;
	if (v == 0)
		return fail(s, JSON_NUL, at);
	if (v < 0xd800 || v > 0xdfff)
		return 0;
	if (v >= 0xdc00 || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
		return fail(s, JSON_SURROGATE, at);
	s->p += 2;
	int low = hex4(s);
	if (low < 0)
		return FAULT;
	return low >= 0xdc00 && low <= 0xdfff ? 0 : fail(s, JSON_SURROGATE, at);
}

/* Behind the backslash. */
static int scan_escape(struct scanner *s)
{
	if (s->p == s->end)
		return syntax(s);
	switch (*s->p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->p++;
		return 0;
	case 'u':
		s->p++;
		return scan_unicode_escape(s);
	default:
		return syntax(s);
	}
}

/* At the opening quote. */
static int scan_string(struct scanner *s, struct token *ret)
{
	const char *start = ++s->p;
	bool escaped = false;
	for (;;) {
		s->p = find_special(s->p, s->end);
		if (s->p == s->end || (unsigned char)*s->p < 0x20)
			return syntax(s);
		if (*s->p == '"')
			break;
		escaped = true;
		s->p++;
		int r = scan_escape(s);
		if (r)
			return r;
	}
	*ret = (struct token){TOKEN_STRING, escaped, {start, (size_t)(s->p - start)}};
	s->p++;
	return 0;
}

/* One digit or more; false when there is none. */
static bool scan_digits(struct scanner *s)
{
	const char *start = s->p;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > start;
}

static int scan_number(struct scanner *s, struct token *ret)
{
	const char *start = s->p;
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!scan_digits(s))
		return syntax(s);
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!scan_digits(s))
			return syntax(s);
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!scan_digits(s))
			return syntax(s);
	}
	*ret = (struct token){TOKEN_NUMBER, false, {start, (size_t)(s->p - start)}};
	return 0;
}

static int scan_word(struct scanner *s, const char *word, enum token_type type, struct token *ret)
{
	const char *start = s->p;
	for (; *word; word++, s->p++)
		if (s->p == s->end || *s->p != *word)
			return syntax(s);
	*ret = (struct token){type, false, {start, (size_t)(s->p - start)}};
	return 0;
}

static int push_key(struct scanner *s, const struct key *k)
{
	if (s->n_keys == s->size_keys) {
		struct key *wider = arena_alloc(s->arena, 2 * s->size_keys * sizeof *wider);
		if (!wider)
			return -ENOMEM;
		memcpy(wider, s->keys, s->n_keys * sizeof *wider);
		s->keys = wider;
		s->size_keys *= 2;
	}
	s->keys[s->n_keys++] = *k;
	return 0;
}

/* Past a few keys the object gets a map, seeded at random so that chosen keys cannot collide. */
static int enter_map(struct scanner *s, struct object *o)
{
	o->many = true;
	map_init(&o->map, random_u64());
	for (size_t i = o->base; i < s->n_keys; i++) {
		struct map_entry *e = map_put(&o->map, s->keys[i].text);
		if (!e)
			return -ENOMEM;
		e->value = o;
	}
	return 0;
}

static int note_in_map(struct object *o, struct text key, bool *ret_seen)
{
	struct map_entry *e = map_put(&o->map, key);
	if (!e)
		return -ENOMEM;
	*ret_seen = e->value != NULL;
	e->value = o;
	return 0;
}

/* Length, first and last bytes. */
static uint64_t tag(struct text key)
{
	return key.n ? (uint64_t)key.n << 16 | (uint64_t)(unsigned char)key.p[0] << 8 | (unsigned char)key.p[key.n - 1] : 0;
}

/* Remembers the key; *ret_seen: the object has it already. */
static int note_key(struct scanner *s, struct object *o, struct text key, bool *ret_seen)
{
	*ret_seen = false;
	if (!o->many && s->n_keys - o->base == FEW_KEYS) {
		int r = enter_map(s, o);
		if (r < 0)
			return r;
	}
	if (o->many)
		return note_in_map(o, key, ret_seen);
	struct key k = {key, tag(key)};
	for (size_t i = o->base; i < s->n_keys; i++)
		if (s->keys[i].tag == k.tag && text_equal(s->keys[i].text, key)) {
			*ret_seen = true;
			return 0;
		}
	return push_key(s, &k);
}

static int scan_value(struct scanner *s, struct token *ret);

/* One member; the object is the innermost step of the path. */
static int scan_member(struct scanner *s, struct object *o)
{
	struct path_step *step = &s->path.steps[s->path.n - 1];
	struct token token;
	bool seen;
	if (s->p == s->end || *s->p != '"')
		return syntax(s);
	int r = scan_string(s, &token);
	if (!r)
		r = token_unescape(&token, s->arena, &step->key);
	if (!r)
		r = note_key(s, o, step->key, &seen);
	if (r)
		return r;
	if (seen)
		return fail(s, JSON_DUPLICATE_KEY, s->p);
	if (s->visitor->key && (r = s->visitor->key(s->visitor->arg, &s->path, step->key)) < 0)
		return r;
	skip_blanks(s);
	if (s->p == s->end || *s->p != ':')
		return syntax(s);
	s->p++;
	r = scan_value(s, &token);
	if (!r && s->visitor->member)
		r = s->visitor->member(s->visitor->arg, &s->path, step->key, &token);
	return r;
}

/* Behind a member or element: a comma (1) or the closing bracket (0), moved over; FAULT is told apart by s->fault. */
static bool more(struct scanner *s, char close)
{
	skip_blanks(s);
	if (s->p < s->end && *s->p == ',') {
		s->p++;
		skip_blanks(s);
		return true;
	}
	if (s->p < s->end && *s->p == close)
		s->p++;
	else
		syntax(s);
	return false;
}

static int scan_members(struct scanner *s, struct object *o)
{
	skip_blanks(s);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		return 0;
	}
	do {
		int r = scan_member(s, o);
		if (r)
			return r;
	} while (more(s, '}'));
	return s->fault ? FAULT : 0;
}

static int scan_elements(struct scanner *s)
{
	struct path_step *step = &s->path.steps[s->path.n - 1];
	struct token token;
	skip_blanks(s);
	if (s->p < s->end && *s->p == ']') {
		s->p++;
		return 0;
	}
	do {
		int r = scan_value(s, &token);
		if (r)
			return r;
		step->index++;
	} while (more(s, ']'));
	return s->fault ? FAULT : 0;
}

/* At the opening bracket. */
static int scan_container(struct scanner *s, bool array, struct token *ret)
{
	const char *start = s->p;
	if (s->path.n == JSON_DEPTH_MAX)
		return fail(s, JSON_DEPTH, s->p);
	s->path.steps[s->path.n++] = (struct path_step){.array = array};
	s->p++;
	int r;
	if (array) {
		r = scan_elements(s);
	} else {
		struct object o = {.base = s->n_keys};
		r = scan_members(s, &o);
		s->n_keys = o.base;
		if (o.many)
			map_deinit(&o.map);
	}
	if (r)
		return r; /* the path stays: it tells where */
	s->path.n--;
	*ret = (struct token){array ? TOKEN_ARRAY : TOKEN_OBJECT, false, {start, (size_t)(s->p - start)}};
	return 0;
}

static int scan_value(struct scanner *s, struct token *ret)
{
	skip_blanks(s);
	if (s->p == s->end)
		return syntax(s);
	switch (*s->p) {
	case '"':
		return scan_string(s, ret);
	case '{':
		return scan_container(s, false, ret);
	case '[':
		return scan_container(s, true, ret);
	case 'n':
		return scan_word(s, "null", TOKEN_NULL, ret);
	case 't':
		return scan_word(s, "true", TOKEN_TRUE, ret);
	case 'f':
		return scan_word(s, "false", TOKEN_FALSE, ret);
	case '-':
	case '0' ... '9':
		return scan_number(s, ret);
	default:
		return syntax(s);
	}
}

int json_scan(struct text text, const struct json_visitor *visitor, struct arena *arena, struct token *ret_root, enum json_fault *ret_fault, size_t *ret_offset,
	      struct text *ret_path)
{
	struct scanner s;
	s.start = s.p = text.p;
	s.end = text.p + text.n;
	s.visitor = visitor;
	s.arena = arena;
	s.path.root = visitor->root;
	s.path.n = 0;
	s.keys = s.few;
	s.n_keys = 0;
	s.size_keys = FEW_KEYS;
	s.fault = JSON_OK;
	int r = scan_value(&s, ret_root);
	if (!r) {
		skip_blanks(&s);
		if (s.p != s.end)
			r = syntax(&s);
	}
	if (r < 0)
		return r;
	*ret_fault = s.fault;
	if (s.fault == JSON_DUPLICATE_KEY)
		return json_path_format(&s.path, arena, ret_path);
	if (s.fault)
		*ret_offset = (size_t)(s.fault_at - s.start);
	return 0;
}

static char *put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static unsigned read_hex4(const char *p)
{
	unsigned v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 4 | (unsigned)hex_digit(p[i]);
	return v;
}

/* The character of the escape whose letter is at *p, which moves behind it. */
static unsigned read_escape(const char **p)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	char c = *(*p)++;
	if (c != 'u') {
		const char *letter = strchr(letters, c);
		return (unsigned char)(letter ? meanings[letter - letters] : c);
	}
	unsigned v = read_hex4(*p);
	*p += 4;
	if (v < 0xd800 || v > 0xdbff)
		return v;
	unsigned low = read_hex4(*p + 2);
	*p += 6;
	return 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
}

int text_unescape(struct text raw, struct arena *arena, struct text *ret)
{
	char *start = arena_alloc(arena, raw.n), *out = start; /* an escape is longer than what it stands for */
	if (!start)
		return -ENOMEM;
	for (const char *p = raw.p, *end = p + raw.n; p < end;) {
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		p++;
		out = put_utf8(out, read_escape(&p));
	}
	*ret = (struct text){start, (size_t)(out - start)};
	return 0;
}

static void put_printable(struct buffer *b, struct text t)
{
	char shown[TEXT_SHOWN_SIZE];
	for (size_t i = 0; i < t.n;) {
		i += text_show(t.p + i, t.n - i, shown);
		buffer_puts(b, shown);
	}
}

/* Cuts at a character's start. */
static size_t cut(const char *p, size_t n, size_t most)
{
	if (n <= most)
		return n;
	for (n = most; n && ((unsigned char)p[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static void put_step(struct buffer *b, const struct path_step *s)
{
	if (s->array) {
		buffer_printf(b, "[%zu]", s->index);
		return;
	}
	if (b->n)
		buffer_putc(b, '.');
	put_printable(b, (struct text){s->key.p, cut(s->key.p, s->key.n, PATH_MAX_BYTES)});
}

int json_path_format(const struct json_path *path, struct arena *arena, struct text *ret)
{
	struct buffer b = {0};
	buffer_puts(&b, path->root);
	for (unsigned i = 0; i < path->n && b.n <= PATH_MAX_BYTES; i++)
		put_step(&b, &path->steps[i]);
	struct text t = buffer_view(&b);
	t.n = cut(t.p, t.n, PATH_MAX_BYTES);
	bool copied = !b.failed && arena_copy(arena, t, ret);
	buffer_deinit(&b);
	return copied ? 0 : -ENOMEM;
}
