// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/tokenizer.h"

#include <errno.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#define WIDE 16
#else
#define WIDE 8
#endif

#include "common/map.h"
#include "common/random.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PATH_MAX_BYTES 512
#define FEW_KEYS 24 /* up to here duplicates are found by comparing one by one */

/* An open object's keys. */
struct object {
	size_t n;
	uint64_t marks; /* of all keys: one that lacks its mark is new */
	bool many;	/* the map, which is nothing otherwise, holds them */
	struct map map;
	struct text few[FEW_KEYS];
};

struct scanner {
	const char *start, *end, *wide_end; /* before wide_end WIDE bytes can be read */
	const struct json_visitor *visitor;
	struct arena *arena;
	enum json_fault fault;
	const char *fault_at;
	int stopped; /* negative: no fault, but out of memory, or what the visitor returned */
	struct json_path path;
};

/* What scans something that begins at p returns what is behind it; or NULL: the text has a fault, or the scan is stopped. */

static const char *fail(struct scanner *s, enum json_fault fault, const char *at)
{
	s->fault = fault;
	s->fault_at = at;
	return NULL;
}

static const char *syntax(struct scanner *s, const char *at)
{
	return fail(s, JSON_SYNTAX, at);
}

static const char *stop(struct scanner *s, int result)
{
	s->stopped = result;
	return NULL;
}

static bool at(const struct scanner *s, const char *p, char c)
{
	return p < s->end && *p == c;
}

static const char *skip_blanks(const struct scanner *s, const char *p)
{
	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Whether c is next but for blanks, of which *p is rid then. */
static ALWAYS_INLINE bool comes(const struct scanner *s, const char **p, char c)
{
	if (at(s, *p, c))
		return true;
	*p = skip_blanks(s, *p);
	return at(s, *p, c);
}

/* What a string cannot hold as it is: a quote, a backslash, a control character. */
static bool special(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* The first such from p on. One comparison finds two of them: '"' with its bit 1 changed is 0x20, while what lies below that stays there, and only that. */
static inline const char *find_special(const struct scanner *s, const char *p)
{
#ifdef __SSE2__
	const __m128i bit = _mm_set1_epi8(2), most = _mm_set1_epi8(0x20), backslash = _mm_set1_epi8('\\');
	for (; p < s->wide_end; p += WIDE) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p), changed = _mm_xor_si128(v, bit);
		__m128i found = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(changed, most), changed), _mm_cmpeq_epi8(v, backslash));
		int mask = _mm_movemask_epi8(found);
		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#else
	for (; p < s->wide_end; p += WIDE) {
		uint64_t v = word_load(p);
		if (word_below(v ^ WORD_OF(2), 0x21) | word_holds(v, '\\'))
			break;
	}
#endif
	while (p < s->end && !special((unsigned char)*p))
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

/* Four digits; the fault is at the first that is none. */
static const char *scan_hex4(struct scanner *s, const char *p, int *ret)
{
	int v = 0;
	for (int i = 0; i < 4; i++, p++) {
		int d = p < s->end ? hex_digit(*p) : -1;
		if (d < 0)
			return syntax(s, p);
		v = v << 4 | d;
	}
	*ret = v;
	return p;
}

/* Behind the u. */
static const char *scan_unicode_escape(struct scanner *s, const char *p)
{
	const char *start = p - 2;
	int v, low;
	p = scan_hex4(s, p, &v);
	if (!p)
		return NULL;
	if (v == 0)
		return fail(s, JSON_NUL, start);
	if (v < 0xd800 || v > 0xdfff)
		return p;
	if (v >= 0xdc00 || s->end - p < 2 || p[0] != '\\' || p[1] != 'u')
		return fail(s, JSON_SURROGATE, start);
	p = scan_hex4(s, p + 2, &low);
	if (!p)
		return NULL;
	return low >= 0xdc00 && low <= 0xdfff ? p : fail(s, JSON_SURROGATE, start);
}

/* Behind the backslash. */
static const char *scan_escape(struct scanner *s, const char *p)
{
	if (p == s->end)
		return syntax(s, p);
	switch (*p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 1;
	case 'u':
		return scan_unicode_escape(s, p + 1);
	default:
		return syntax(s, p);
	}
}

/* The rest of a string from its first escape, or what cannot stand in one, on. Not inlined, so that strings without escapes need not save what this needs. */
static __attribute__((noinline)) const char *scan_escapes(struct scanner *s, const char *p)
{
	while (!at(s, p, '"')) {
		if (!at(s, p, '\\'))
			return syntax(s, p);
		p = scan_escape(s, p + 1);
		if (!p)
			return NULL;
		p = find_special(s, p);
	}
	return p;
}

/* At the opening quote. */
static ALWAYS_INLINE const char *scan_string(struct scanner *s, const char *p, struct token *ret)
{
	const char *start = p + 1;
	p = find_special(s, start);
	bool escaped = !at(s, p, '"');
	if (escaped && !(p = scan_escapes(s, p)))
		return NULL;
	*ret = (struct token){TOKEN_STRING, escaped, {start, (size_t)(p - start)}};
	return p + 1;
}

static const char *skip_digits(const struct scanner *s, const char *p)
{
	while (p < s->end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* One digit or more. */
static const char *scan_digits(struct scanner *s, const char *p)
{
	const char *end = skip_digits(s, p);
	return end > p ? end : syntax(s, p);
}

static const char *scan_number(struct scanner *s, const char *p, struct token *ret)
{
	const char *start = p;
	if (*p == '-')
		p++;
	p = at(s, p, '0') ? p + 1 : scan_digits(s, p);
	if (p && at(s, p, '.'))
		p = scan_digits(s, p + 1);
	if (p && (at(s, p, 'e') || at(s, p, 'E'))) {
		p++;
		p = scan_digits(s, at(s, p, '+') || at(s, p, '-') ? p + 1 : p);
	}
	if (p)
		*ret = (struct token){TOKEN_NUMBER, false, {start, (size_t)(p - start)}};
	return p;
}

static const char *scan_word(struct scanner *s, const char *p, const char *word, enum token_type type, struct token *ret)
{
	const char *start = p;
	for (; *word; word++, p++)
		if (!at(s, p, *word))
			return syntax(s, p);
	*ret = (struct token){type, false, {start, (size_t)(p - start)}};
	return p;
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

/* Past a few keys the object gets a map, seeded at random so that chosen keys cannot collide. */
static int note_among_many(struct object *o, struct text key, bool *ret_seen)
{
	if (!o->many) {
		o->many = true;
		map_init(&o->map, random_u64());
		for (size_t i = 0; i < o->n; i++)
			if (note_in_map(o, o->few[i], ret_seen) < 0)
				return -ENOMEM;
	}
	return note_in_map(o, key, ret_seen);
}

/* A bit that is another one for most keys of an object. */
static uint64_t mark(struct text key)
{
	const unsigned char *p = (const unsigned char *)key.p;
	return key.n ? UINT64_C(1) << ((key.n * 9 + p[0] + p[key.n / 2] * 5u) % 64) : 1;
}

static bool among(const struct text *keys, size_t n, struct text key)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(keys[i], key))
			return true;
	return false;
}

/* Remembers the key; *ret_seen: the object has it already. */
static int note_key(struct object *o, struct text key, bool *ret_seen)
{
	if (o->n == FEW_KEYS)
		return note_among_many(o, key, ret_seen);
	uint64_t m = mark(key);
	*ret_seen = o->marks & m && among(o->few, o->n, key);
	o->marks |= m;
	o->few[o->n++] = key;
	return 0;
}

static const char *scan_other(struct scanner *s, const char *p, struct token *ret);

static ALWAYS_INLINE const char *scan_value(struct scanner *s, const char *p, struct token *ret)
{
	return comes(s, &p, '"') ? scan_string(s, p, ret) : scan_other(s, p, ret);
}

/* A key, as the step of the path where its value will stand. */
static const char *scan_key(struct scanner *s, const char *p, struct object *o, struct path_step *step)
{
	struct token token;
	bool seen = false;
	if (!comes(s, &p, '"'))
		return syntax(s, p);
	p = scan_string(s, p, &token);
	if (!p)
		return NULL;
	int r = token_unescape(&token, s->arena, &step->key);
	if (!r)
		r = note_key(o, step->key, &seen);
	if (r < 0)
		return stop(s, r);
	return seen ? fail(s, JSON_DUPLICATE_KEY, p) : p;
}

/* One member; the object is the innermost step of the path. */
static const char *scan_member(struct scanner *s, const char *p, struct object *o)
{
	struct path_step *step = &s->path.steps[s->path.n - 1];
	struct token token;
	p = scan_key(s, p, o, step);
	if (!p)
		return NULL;
	if (!comes(s, &p, ':'))
		return syntax(s, p);
	p = scan_value(s, p + 1, &token);
	if (!p || !s->visitor->member)
		return p;
	int r = s->visitor->member(s->visitor->arg, &s->path, step->key, &token);
	return r < 0 ? stop(s, r) : p;
}

/* What is behind the comma (*ret_more), or the closing bracket, after a member or element. */
static inline const char *scan_end(struct scanner *s, const char *p, char close, bool *ret_more)
{
	*ret_more = comes(s, &p, ',');
	return *ret_more || at(s, p, close) ? p + 1 : syntax(s, p);
}

static const char *scan_members(struct scanner *s, const char *p, struct object *o)
{
	bool more = true;
	if (comes(s, &p, '}'))
		return p + 1;
	while (p && more) {
		p = scan_member(s, p, o);
		if (p)
			p = scan_end(s, p, '}', &more);
	}
	return p;
}

static const char *scan_elements(struct scanner *s, const char *p)
{
	struct path_step *step = &s->path.steps[s->path.n - 1];
	struct token token;
	bool more = true;
	if (comes(s, &p, ']'))
		return p + 1;
	while (p && more) {
		p = scan_value(s, p, &token);
		if (p) {
			p = scan_end(s, p, ']', &more);
			step->index++;
		}
	}
	return p;
}

static const char *scan_object(struct scanner *s, const char *p)
{
	struct object o;
	o.n = 0;
	o.marks = 0;
	o.many = false;
	p = scan_members(s, p, &o);
	if (o.many)
		map_deinit(&o.map);
	return p;
}

/* An array or object begins, as a member of an object. */
static int open_member(struct scanner *s)
{
	const struct path_step *step = s->path.n ? &s->path.steps[s->path.n - 1] : NULL;
	return step && !step->array && s->visitor->open ? s->visitor->open(s->visitor->arg, &s->path, step->key) : 0;
}

/* At the opening bracket. */
static const char *scan_container(struct scanner *s, const char *p, enum token_type type, struct token *ret)
{
	const char *start = p;
	if (s->path.n == JSON_DEPTH_MAX)
		return fail(s, JSON_DEPTH, p);
	int r = open_member(s);
	if (r < 0)
		return stop(s, r);
	s->path.steps[s->path.n++] = (struct path_step){.array = type == TOKEN_ARRAY};
	p = type == TOKEN_ARRAY ? scan_elements(s, p + 1) : scan_object(s, p + 1);
	if (!p)
		return NULL; /* the path stays: it tells where */
	s->path.n--;
	*ret = (struct token){type, false, {start, (size_t)(p - start)}};
	return p;
}

/* A value that is no string; no blank comes first. */
static const char *scan_other(struct scanner *s, const char *p, struct token *ret)
{
	if (p == s->end)
		return syntax(s, p);
	switch (*p) {
	case '{':
		return scan_container(s, p, TOKEN_OBJECT, ret);
	case '[':
		return scan_container(s, p, TOKEN_ARRAY, ret);
	case 'n':
		return scan_word(s, p, "null", TOKEN_NULL, ret);
	case 't':
		return scan_word(s, p, "true", TOKEN_TRUE, ret);
	case 'f':
		return scan_word(s, p, "false", TOKEN_FALSE, ret);
	case '-':
	case '0' ... '9':
		return scan_number(s, p, ret);
	default:
		return syntax(s, p);
	}
}

static void scan_text(struct scanner *s, struct token *ret)
{
	const char *p = scan_value(s, s->start, ret);
	if (!p)
		return;
	p = skip_blanks(s, p);
	if (p != s->end)
		syntax(s, p);
}

int json_scan(struct text text, const struct json_visitor *visitor, struct arena *arena, struct token *ret_root, enum json_fault *ret_fault, size_t *ret_offset,
	      struct text *ret_path)
{
	struct scanner s;
	s.start = text.p;
	s.end = text.p + text.n;
	s.wide_end = text.n < WIDE ? text.p : s.end - (WIDE - 1);
	s.visitor = visitor;
	s.arena = arena;
	s.path.root = visitor->root;
	s.path.n = 0;
	s.fault = JSON_OK;
	s.stopped = 0;
	scan_text(&s, ret_root);
	if (s.stopped)
		return s.stopped;
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
