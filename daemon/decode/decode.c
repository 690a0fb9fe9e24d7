// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/decode.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/decode/fields.h"
#include "daemon/decode/tokenizer.h"

#define VALUE_MAX 1048576
#define ATTRIBUTE_MAX 256

enum { SPECVERSION, TYPE, ID, SOURCE, TIME, DATACONTENTTYPE, DATA_BASE64, DATA, N_ATTRIBUTES };

#define NAME(literal) {literal, sizeof(literal) - 1}
static const struct text attribute_names[N_ATTRIBUTES] = {
	NAME("specversion"), NAME("type"), NAME("id"), NAME("source"), NAME("time"), NAME("datacontenttype"), NAME("data_base64"), NAME("data"),
};

/* A key on the forbidden list, remembered until it is known whether the event's type exempts it. */
struct suspect {
	bool found, top; /* top: directly in data */
	struct text key, path;
};

struct decoder {
	struct item *item;
	const struct forbidden *forbidden;
	struct arena *arena;
	bool binary;
	unsigned data_depth; /* of the object `data` in the value: 1 in binary mode, 2 inside an envelope */
	bool in_data;
	struct token attributes[N_ATTRIBUTES]; /* TOKEN_NULL: empty */
	bool has_specversion;
	struct data_member *members; /* directly in data: `few`, or from malloc when there are more (they can be many times the size of the value) */
	size_t n_members, size_members;
	struct suspect suspects[2]; /* the first, and should the first be exempt, the second */
	struct data_member few[16];
};

static int reject(struct decoder *d, enum reason reason, struct text detail)
{
	d->item->reason = reason;
	d->item->detail = detail;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool equal_fold(struct text t, const char *s)
{
	if (t.n != strlen(s))
		return false;
	if (!memcmp(t.p, s, t.n)) /* almost always */
		return true;
	for (size_t i = 0; i < t.n; i++)
		if (lower(t.p[i]) != s[i])
			return false;
	return true;
}

static bool prefix_fold(struct text t, const char *s)
{
	size_t n = strlen(s);
	return t.n >= n && equal_fold((struct text){t.p, n}, s);
}

static struct text trim(struct text t)
{
	while (t.n && (t.p[0] == ' ' || t.p[0] == '\t'))
		t.p++, t.n--;
	while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t'))
		t.n--;
	return t;
}

/* Without its parameters. */
static struct text media_type(struct text t)
{
	const char *semicolon = t.p ? memchr(t.p, ';', t.n) : NULL;
	if (semicolon)
		t.n = (size_t)(semicolon - t.p);
	return trim(t);
}

static const struct header *find_header(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (equal_fold(r->headers[i].name, name))
			return &r->headers[i];
	return NULL;
}

/* Something of a header for a detail: lower case, and printable whatever was sent; then `more`. */
static int printable(struct decoder *d, struct text t, const char *more, struct text *ret)
{
	char s[ATTRIBUTE_MAX];
	size_t n = t.n < sizeof s ? t.n : sizeof s;
	for (size_t i = 0; i < n; i++)
		s[i] = t.p[i] > 0x20 && t.p[i] < 0x7f ? lower(t.p[i]) : '?';
	return arena_printf(d->arena, ret, "%.*s%s", (int)n, s, more);
}

/* A key in data that may be forbidden. */
static int check_key(struct decoder *d, const struct json_path *path, struct text key)
{
	bool enough = d->suspects[1].found || (d->suspects[0].found && !d->suspects[0].top);
	if (enough || !forbidden_has(d->forbidden, key))
		return 0;
	struct suspect *s = &d->suspects[d->suspects[0].found];
	*s = (struct suspect){.found = true, .top = path->n == d->data_depth, .key = key};
	return json_path_format(path, d->arena, &s->path);
}

static int on_open(void *arg, const struct json_path *path, struct text key)
{
	struct decoder *d = arg;
	if (path->n < d->data_depth)
		d->in_data = text_is(key, "data");
	else if (d->in_data && forbidden_likely(d->forbidden, key))
		return check_key(d, path, key);
	return 0;
}

static int keep_member(struct decoder *d, struct text key, const struct token *value);

static __attribute__((noinline)) int keep_in_wider(struct decoder *d, struct text key, const struct token *value)
{
	bool first = d->members == d->few;
	struct data_member *wider = realloc(first ? NULL : d->members, 2 * d->size_members * sizeof *wider);
	if (!wider)
		return -ENOMEM;
	if (first)
		memcpy(wider, d->few, sizeof d->few);
	d->members = wider;
	d->size_members *= 2;
	return keep_member(d, key, value);
}

static int keep_member(struct decoder *d, struct text key, const struct token *value)
{
	if (d->n_members == d->size_members)
		return keep_in_wider(d, key, value);
	d->members[d->n_members++] = (struct data_member){key, *value};
	return 0;
}

/* N_ATTRIBUTES: none of them. Against literals and not the table: these comparisons need no call. */
static inline __attribute__((always_inline)) int attribute_of(struct text key)
{
	switch (key.n) {
	case 2:
		return text_is(key, "id") ? ID : N_ATTRIBUTES;
	case 4:
		return text_is(key, "type") ? TYPE : text_is(key, "time") ? TIME : text_is(key, "data") ? DATA : N_ATTRIBUTES;
	case 6:
		return text_is(key, "source") ? SOURCE : N_ATTRIBUTES;
	case 11:
		return text_is(key, "specversion") ? SPECVERSION : text_is(key, "data_base64") ? DATA_BASE64 : N_ATTRIBUTES;
	case 15:
		return text_is(key, "datacontenttype") ? DATACONTENTTYPE : N_ATTRIBUTES;
	default:
		return N_ATTRIBUTES;
	}
}

static __attribute__((noinline)) int keep_attribute(struct decoder *d, struct text key, const struct token *value)
{
	int a = attribute_of(key);
	if (a == N_ATTRIBUTES)
		return 0;
	d->attributes[a] = *value;
	d->has_specversion |= a == SPECVERSION;
	return 0;
}

static __attribute__((noinline)) int check_and_keep(struct decoder *d, const struct json_path *path, struct text key, const struct token *value)
{
	int r = check_key(d, path, key);
	return r < 0 || path->n > d->data_depth ? r : keep_member(d, key, value);
}

/* Called most of all: whatever it calls is not inlined and comes last, so that it need not save registers. */
static int on_member(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	struct decoder *d = arg;
	if (path->n < d->data_depth)
		return keep_attribute(d, key, value);
	if (!d->in_data)
		return 0;
	if (value->type < TOKEN_ARRAY && forbidden_likely(d->forbidden, key)) /* others were looked at when they opened */
		return check_and_keep(d, path, key, value);
	return path->n == d->data_depth ? keep_member(d, key, value) : 0;
}

/* The header is an attribute: ce_ and a name. */
static bool is_attribute_header(const struct header *h)
{
	const char *p = h->name.p;
	return h->name.n >= 3 && (!memcmp(p, "ce_", 3) || (lower(p[0]) == 'c' && lower(p[1]) == 'e' && p[2] == '_'));
}

static bool is_utf8(struct text t)
{
	return !t.p || utf8_valid(t.p, t.n);
}

static bool headers_are_utf8(const struct record *r)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (is_attribute_header(&r->headers[i]) && !(is_utf8(r->headers[i].name) && is_utf8(r->headers[i].value)))
			return false;
	return true;
}

static int attribute_of_fold(struct text key)
{
	char name[16];
	if (key.n > sizeof name)
		return N_ATTRIBUTES;
	for (size_t i = 0; i < key.n; i++)
		name[i] = lower(key.p[i]);
	return attribute_of((struct text){name, key.n});
}

/* The attribute that the header gives; N_ATTRIBUTES: none that matters. */
static int attribute_of_header(const struct header *h)
{
	if (equal_fold(h->name, "content-type"))
		return DATACONTENTTYPE;
	if (!is_attribute_header(h))
		return N_ATTRIBUTES;
	struct text key = {h->name.p + 3, h->name.n - 3};
	int a = attribute_of(key);
	if (a == N_ATTRIBUTES)
		a = attribute_of_fold(key);
	return a == DATA || a == DATACONTENTTYPE ? N_ATTRIBUTES : a;
}

/* The first header of a name counts, even a null one. */
static void take_headers(struct decoder *d)
{
	const struct record *r = &d->item->record;
	bool seen[N_ATTRIBUTES + 1] = {[N_ATTRIBUTES] = true};
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct header *h = &r->headers[i];
		int a = attribute_of_header(h);
		if (!seen[a] && h->value.p)
			d->attributes[a] = (struct token){TOKEN_STRING, false, h->value};
		seen[a] = true;
	}
}

/* Rows 3 to 5: the bytes. */
static int reject_fault(struct decoder *d, enum json_fault fault, size_t offset, struct text path)
{
	struct text detail = TEXT_NONE;
	int r = 0;
	switch (fault) {
	case JSON_OK:
		break;
	case JSON_SYNTAX:
		r = arena_printf(d->arena, &detail, "%zu", offset);
		return r < 0 ? r : reject(d, REASON_NOT_JSON, detail);
	case JSON_DEPTH:
		return reject(d, REASON_TOO_LARGE, TEXT("depth"));
	case JSON_NUL:
		return reject(d, REASON_ENCODING, TEXT("nul"));
	case JSON_SURROGATE:
		return reject(d, REASON_ENCODING, TEXT("surrogate"));
	case JSON_DUPLICATE_KEY:
		return reject(d, REASON_DUPLICATE_KEY, path);
	}
	return 0;
}

static int scan(struct decoder *d, struct token *ret_root)
{
	const struct record *r = &d->item->record;
	const struct json_visitor visitor = {d->binary ? "data" : "", d, on_open, on_member};
	enum json_fault fault;
	size_t offset = 0;
	struct text path = TEXT_NONE;
	if (!utf8_valid(r->value.p, r->value.n) || (d->binary && !headers_are_utf8(r)))
		return reject(d, REASON_ENCODING, TEXT("utf8"));
	int result = json_scan(r->value, &visitor, d->arena, ret_root, &fault, &offset, &path);
	return result < 0 ? result : reject_fault(d, fault, offset, path);
}

static int reject_attribute(struct decoder *d, int attribute, const char *rule)
{
	struct text detail;
	int r = arena_printf(d->arena, &detail, "%.*s: %s", TEXT_ARG(attribute_names[attribute]), rule);
	return r < 0 ? r : reject(d, REASON_BAD_ENVELOPE, detail);
}

/* The attribute's characters; absent when it is empty or no string. */
static int read_attribute(struct decoder *d, int attribute, struct text *ret)
{
	const struct token *t = &d->attributes[attribute];
	*ret = TEXT_NONE;
	return t->type == TOKEN_STRING ? token_unescape(t, d->arena, ret) : 0;
}

static int check_version(struct decoder *d)
{
	struct text t;
	int r = read_attribute(d, SPECVERSION, &t);
	return r < 0 || text_is(t, "1.0") ? r : reject_attribute(d, SPECVERSION, "must be \"1.0\"");
}

static int check_name(struct decoder *d, int attribute, struct text *ret)
{
	struct text t;
	int r = read_attribute(d, attribute, &t);
	if (r < 0)
		return r;
	if (d->attributes[attribute].type == TOKEN_NULL)
		return reject_attribute(d, attribute, "required");
	if (t.n < 1 || t.n > ATTRIBUTE_MAX || text_has_control(t))
		return reject_attribute(d, attribute, "must be a string of 1 to 256 bytes without control characters");
	*ret = t;
	return 0;
}

static int check_source(struct decoder *d)
{
	struct text source; /* where an event comes from has no meaning here */
	return check_name(d, SOURCE, &source);
}

static int check_time(struct decoder *d)
{
	struct text t;
	int r = read_attribute(d, TIME, &t);
	if (r < 0)
		return r;
	if (d->attributes[TIME].type == TOKEN_NULL)
		return reject_attribute(d, TIME, "required");
	return rfc3339_parse(t, &d->item->event.time) == 0
		       ? 0
		       : reject_attribute(d, TIME, "not RFC 3339 with seconds and offset, such as 2024-03-25T08:00:00+07:00, of the years 1900 to 2199");
}

static bool is_json_media_type(struct text t)
{
	static const char application[] = "application/", json[] = "+json";
	if (text_is(t, "application/json")) /* almost always */
		return true;
	t = media_type(t);
	if (equal_fold(t, "application/json"))
		return true;
	size_t n = sizeof application - 1, m = sizeof json - 1;
	return t.n > n + m && prefix_fold(t, application) && equal_fold((struct text){t.p + t.n - m, m}, json);
}

static int check_content_type(struct decoder *d)
{
	struct text t;
	int r = read_attribute(d, DATACONTENTTYPE, &t);
	if (r < 0 || d->attributes[DATACONTENTTYPE].type == TOKEN_NULL || is_json_media_type(t))
		return r;
	return reject_attribute(d, DATACONTENTTYPE, "must be application/json or application/*+json");
}

static int check_base64(struct decoder *d)
{
	return d->attributes[DATA_BASE64].type == TOKEN_NULL ? 0 : reject_attribute(d, DATA_BASE64, "must be absent: data is a JSON object");
}

static int check_object(struct decoder *d)
{
	return d->attributes[DATA].type == TOKEN_OBJECT ? 0 : reject_attribute(d, DATA, "must be a JSON object");
}

/* Some order in which names that differ in case only are equal. */
static int by_name(const void *a, const void *b)
{
	const struct text s = *(const struct text *)a, t = *(const struct text *)b;
	int c = (s.n > t.n) - (s.n < t.n);
	for (size_t i = 0; i < s.n && !c; i++)
		c = lower(s.p[i]) - lower(t.p[i]);
	return c;
}

/* Whether it is plain that no two names are equal: each has another length, or other last letters. */
static bool all_differ(const struct text *names, size_t n)
{
	uint64_t seen = 0;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *end = (const unsigned char *)names[i].p + names[i].n; /* a name begins with ce_ */
		uint64_t bit = UINT64_C(1) << ((names[i].n * 9 + (end[-1] & 31u) + (end[-2] & 31u) * 5) % 64);
		if (seen & bit)
			return false;
		seen |= bit;
	}
	return true;
}

static int reject_twice(struct decoder *d, struct text name)
{
	struct text detail;
	int r = printable(d, name, ": header given twice", &detail);
	return r < 0 ? r : reject(d, REASON_BAD_ENVELOPE, detail);
}

/* Sorted, so that a record of nothing but headers costs no more than its size warrants. */
static int check_headers(struct decoder *d)
{
	const struct record *r = &d->item->record;
	size_t n = 0;
	if (!d->binary)
		return 0;
	struct text *names = arena_alloc(d->arena, r->n_headers * sizeof *names);
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_headers; i++)
		if (is_attribute_header(&r->headers[i]))
			names[n++] = r->headers[i].name;
	if (all_differ(names, n))
		return 0;
	qsort(names, n, sizeof *names, by_name);
	for (size_t i = 1; i < n; i++)
		if (by_name(&names[i - 1], &names[i]) == 0)
			return reject_twice(d, names[i]);
	return 0;
}

static bool well(const struct decoder *d, int r)
{
	return !r && !d->item->reason;
}

/* Row 7, in the order of §1.1. */
static int check_envelope(struct decoder *d)
{
	int r = check_version(d);
	r = well(d, r) ? check_name(d, TYPE, &d->item->event_type) : r;
	r = well(d, r) ? check_name(d, ID, &d->item->event_id) : r;
	r = well(d, r) ? check_source(d) : r;
	r = well(d, r) ? check_time(d) : r;
	r = well(d, r) ? check_content_type(d) : r;
	r = well(d, r) ? check_base64(d) : r;
	r = well(d, r) ? check_object(d) : r;
	return well(d, r) ? check_headers(d) : r;
}

/* Rows 8 to 10. */
static int check_data(struct decoder *d)
{
	struct item *item = d->item;
	struct event *e = &item->event;
	e->kind = kind_of_type(item->event_type, &e->type);
	const struct event_type *t = e->kind ? &e->kind->types[e->type] : NULL;
	const struct suspect *s = &d->suspects[0];
	if (s->found && s->top && t && t->exempt && text_is(s->key, t->exempt))
		s = &d->suspects[1];
	if (s->found)
		return reject(d, REASON_PERSONAL_DATA, s->path);
	if (!t)
		return reject(d, REASON_UNKNOWN_TYPE, TEXT_NONE);
	struct value *fields = arena_alloc(d->arena, t->n_fields * sizeof *fields);
	struct text detail;
	int r = fields ? fields_read(t, d->members, d->n_members, d->arena, fields, &detail) : -ENOMEM;
	if (r < 0)
		return r;
	e->fields = fields;
	e->id = item->event_id;
	return detail.p ? reject(d, REASON_BAD_FIELD, detail) : 0;
}

/* Rows 4 to 10, once the content mode is known. */
static int decode_value(struct decoder *d)
{
	struct token root = {0};
	int r = scan(d, &root);
	if (r < 0 || d->item->reason)
		return r;
	if (!d->binary && (root.type != TOKEN_OBJECT || !d->has_specversion))
		return reject(d, REASON_NOT_CLOUDEVENT, TEXT_NONE);
	if (d->binary) {
		take_headers(d);
		d->attributes[DATA] = root;
	}
	r = check_envelope(d);
	return well(d, r) ? check_data(d) : r;
}

static int decode_mode(struct decoder *d)
{
	const struct record *r = &d->item->record;
	const struct header *content = find_header(r, "content-type");
	struct text media = content ? media_type(content->value) : TEXT_NONE, detail;
	if (r->value.n > VALUE_MAX)
		return reject(d, REASON_TOO_LARGE, TEXT("bytes"));
	bool structured = media.p && equal_fold(media, "application/cloudevents+json");
	if (!structured && media.p && prefix_fold(media, "application/cloudevents")) {
		int result = printable(d, media, "", &detail);
		return result < 0 ? result : reject(d, REASON_NOT_CLOUDEVENT, detail);
	}
	d->binary = !structured && find_header(r, "ce_specversion");
	d->data_depth = d->binary ? 1 : 2;
	d->in_data = d->binary;
	return decode_value(d);
}

int decode_record(struct item *item, const struct forbidden *forbidden, struct arena *arena)
{
	item->reason = REASON_NONE;
	item->detail = item->event_type = item->event_id = TEXT_NONE;
	item->event = (struct event){0};
	if (!item->record.value.p) {
		item->reason = REASON_TOMBSTONE;
		return 0;
	}
	struct decoder d;
	memset(&d, 0, offsetof(struct decoder, few));
	d.item = item;
	d.forbidden = forbidden;
	d.arena = arena;
	d.members = d.few;
	d.size_members = sizeof d.few / sizeof *d.few;
	int r = decode_mode(&d);
	if (d.members != d.few)
		free(d.members);
	return r;
}
