// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/decode/decode.h"

#include <errno.h>

#include "daemon/decode/fields.h"
#include "daemon/decode/tokenizer.h"

#define VALUE_MAX 1048576
#define ATTRIBUTE_MAX 256
#define NORMAL_MAX 256 /* longer names are on no list */

enum { SPECVERSION, TYPE, ID, SOURCE, TIME, DATACONTENTTYPE, DATA_BASE64, DATA, N_ATTRIBUTES };
static const char *const attribute_names[N_ATTRIBUTES] = {"specversion", "type", "id", "source", "time", "datacontenttype", "data_base64", "data"};

/* A key on the forbidden list, remembered until it is known whether the event's type exempts it. */
struct suspect {
	bool found, top; /* top: directly in data */
	struct text key, path;
};

struct decoder {
	struct item *item;
	const struct map *forbidden;
	struct arena *arena;
	bool binary;
	unsigned data_depth; /* of the object `data` in the value: 1 in binary mode, 2 inside an envelope */
	bool in_data;
	struct token attributes[N_ATTRIBUTES]; /* TOKEN_NULL: empty */
	bool has_specversion;
	struct data_member *members;
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

/* Lower case, and printable whatever was sent. */
static int printable_media_type(struct decoder *d, struct text t, struct text *ret)
{
	char *p = arena_alloc(d->arena, t.n);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < t.n; i++)
		p[i] = t.p[i] > 0x20 && t.p[i] < 0x7f ? lower(t.p[i]) : '?';
	*ret = (struct text){p, t.n < ATTRIBUTE_MAX ? t.n : ATTRIBUTE_MAX};
	return 0;
}

/* Does the name, in lower case and without _ - . and blanks, stand on the list? */
static bool is_forbidden(const struct map *forbidden, struct text key)
{
	char normal[NORMAL_MAX];
	size_t n = 0;
	for (size_t i = 0; i < key.n; i++) {
		char c = lower(key.p[i]);
		if (c == '_' || c == '-' || c == '.' || c == ' ')
			continue;
		if (n == sizeof normal)
			return false;
		normal[n++] = c;
	}
	return n && map_get(forbidden, (struct text){normal, n});
}

/* Paths start at `data`, which in binary mode is the root. */
static int suspect_path(struct decoder *d, const struct json_path *path, struct text *ret)
{
	struct text inner;
	int r = json_path_format(path, d->arena, &inner);
	if (r < 0 || !d->binary) {
		*ret = inner;
		return r;
	}
	return arena_printf(d->arena, ret, "data.%.*s", TEXT_ARG(inner));
}

static int on_key(void *arg, const struct json_path *path, struct text key)
{
	struct decoder *d = arg;
	if (path->n < d->data_depth) {
		d->in_data = text_is(key, "data");
		return 0;
	}
	if (!d->in_data || d->suspects[1].found || (d->suspects[0].found && !d->suspects[0].top) || !is_forbidden(d->forbidden, key))
		return 0;
	struct suspect *s = &d->suspects[d->suspects[0].found];
	*s = (struct suspect){.found = true, .top = path->n == d->data_depth, .key = key};
	return suspect_path(d, path, &s->path);
}

static int keep_member(struct decoder *d, struct text key, const struct token *value)
{
	if (d->n_members == d->size_members) {
		struct data_member *wider = arena_alloc(d->arena, 2 * d->size_members * sizeof *wider);
		if (!wider)
			return -ENOMEM;
		memcpy(wider, d->members, d->n_members * sizeof *wider);
		d->members = wider;
		d->size_members *= 2;
	}
	d->members[d->n_members++] = (struct data_member){key, *value};
	return 0;
}

static int on_member(void *arg, const struct json_path *path, struct text key, const struct token *value)
{
	struct decoder *d = arg;
	if (path->n == d->data_depth && d->in_data)
		return keep_member(d, key, value);
	if (path->n != 1 || d->binary)
		return 0;
	for (int a = 0; a < N_ATTRIBUTES; a++)
		if (text_is(key, attribute_names[a])) {
			d->attributes[a] = *value;
			d->has_specversion = d->has_specversion || a == SPECVERSION;
			break;
		}
	return 0;
}

/* The header is an attribute: ce_ and a name. */
static bool is_attribute_header(const struct header *h)
{
	return prefix_fold(h->name, "ce_");
}

static bool headers_are_utf8(const struct record *r)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (is_attribute_header(&r->headers[i]) && r->headers[i].value.p && !utf8_valid(r->headers[i].value.p, r->headers[i].value.n))
			return false;
	return true;
}

static void take_header(struct decoder *d, int attribute, const char *name)
{
	const struct header *h = find_header(&d->item->record, name);
	if (h && h->value.p)
		d->attributes[attribute] = (struct token){TOKEN_STRING, false, h->value};
}

static void take_headers(struct decoder *d)
{
	take_header(d, SPECVERSION, "ce_specversion");
	take_header(d, TYPE, "ce_type");
	take_header(d, ID, "ce_id");
	take_header(d, SOURCE, "ce_source");
	take_header(d, TIME, "ce_time");
	take_header(d, DATACONTENTTYPE, "content-type");
}

static bool same_name(struct text a, struct text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

static bool repeated_header(const struct record *r)
{
	for (size_t i = 0; i < r->n_headers; i++)
		for (size_t j = 0; j < i && is_attribute_header(&r->headers[i]); j++)
			if (same_name(r->headers[i].name, r->headers[j].name))
				return true;
	return false;
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
		if (!d->binary)
			return reject(d, REASON_DUPLICATE_KEY, path);
		r = arena_printf(d->arena, &detail, "data.%.*s", TEXT_ARG(path));
		return r < 0 ? r : reject(d, REASON_DUPLICATE_KEY, detail);
	}
	return 0;
}

static int scan(struct decoder *d, struct token *ret_root)
{
	const struct record *r = &d->item->record;
	const struct json_visitor visitor = {d, on_key, on_member};
	enum json_fault fault;
	size_t offset = 0;
	struct text path = TEXT_NONE;
	if (!utf8_valid(r->value.p, r->value.n) || (d->binary && !headers_are_utf8(r)))
		return reject(d, REASON_ENCODING, TEXT("utf8"));
	int result = json_scan(r->value, &visitor, d->arena, ret_root, &fault, &offset, &path);
	return result < 0 ? result : reject_fault(d, fault, offset, path);
}

static int reject_attribute(struct decoder *d, const char *detail)
{
	return reject(d, REASON_BAD_ENVELOPE, text_of(detail));
}

static bool has_control(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		unsigned char c = (unsigned char)t.p[i];
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < t.n && (unsigned char)t.p[i + 1] < 0xa0))
			return true;
	}
	return false;
}

/* A string of 1–256 bytes without control characters into *ret, else absent. */
static int read_attribute(struct decoder *d, int attribute, struct text *ret)
{
	const struct token *t = &d->attributes[attribute];
	struct text s = TEXT_NONE;
	*ret = TEXT_NONE;
	if (t->type != TOKEN_STRING)
		return 0;
	int r = token_unescape(t, d->arena, &s);
	if (r < 0)
		return r;
	if (s.n >= 1 && s.n <= ATTRIBUTE_MAX && !has_control(s))
		*ret = s;
	return 0;
}

static bool is_json_media_type(struct text t)
{
	static const char application[] = "application/", json[] = "+json";
	t = media_type(t);
	if (equal_fold(t, "application/json"))
		return true;
	size_t n = sizeof application - 1, m = sizeof json - 1;
	return t.n > n + m && prefix_fold(t, application) && equal_fold((struct text){t.p + t.n - m, m}, json);
}

static int check_content_type(struct decoder *d)
{
	struct text s;
	const struct token *t = &d->attributes[DATACONTENTTYPE];
	if (t->type == TOKEN_NULL)
		return 0;
	if (t->type != TOKEN_STRING)
		return reject_attribute(d, "datacontenttype: must be a string");
	int r = token_unescape(t, d->arena, &s);
	if (r < 0)
		return r;
	return is_json_media_type(s) ? 0 : reject_attribute(d, "datacontenttype: must be application/json or application/…+json");
}

/* Row 7, in the order of §1.1. */
static int check_envelope(struct decoder *d, const struct token *data)
{
	struct item *item = d->item;
	struct text specversion, source, time;
	int r = read_attribute(d, SPECVERSION, &specversion);
	if (r < 0 || !text_is(specversion, "1.0"))
		return r < 0 ? r : reject_attribute(d, "specversion: must be \"1.0\"");
	r = read_attribute(d, TYPE, &item->event_type);
	if (r < 0 || !item->event_type.p)
		return r < 0 ? r : reject_attribute(d, "type: must be a string of 1 to 256 bytes without control characters");
	r = read_attribute(d, ID, &item->event_id);
	if (r < 0 || !item->event_id.p)
		return r < 0 ? r : reject_attribute(d, "id: must be a string of 1 to 256 bytes without control characters");
	r = read_attribute(d, SOURCE, &source);
	if (r < 0 || !source.p)
		return r < 0 ? r : reject_attribute(d, "source: must be a string of 1 to 256 bytes without control characters");
	r = read_attribute(d, TIME, &time);
	if (r < 0 || rfc3339_parse(time, &item->event.time) < 0)
		return r < 0 ? r : reject_attribute(d, "time: must be an RFC 3339 time with offset, such as 2024-03-25T08:00:00+07:00");
	r = check_content_type(d);
	if (r < 0 || item->reason)
		return r;
	if (d->attributes[DATA_BASE64].type != TOKEN_NULL)
		return reject_attribute(d, "data_base64: must be absent, data is a JSON object");
	if (data->type != TOKEN_OBJECT)
		return reject_attribute(d, "data: must be a JSON object");
	return d->binary && repeated_header(&item->record) ? reject_attribute(d, "header: a ce_ header stands there twice") : 0;
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
	if (d->binary)
		take_headers(d);
	r = check_envelope(d, d->binary ? &root : &d->attributes[DATA]);
	return r < 0 || d->item->reason ? r : check_data(d);
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
		int result = printable_media_type(d, media, &detail);
		return result < 0 ? result : reject(d, REASON_NOT_CLOUDEVENT, detail);
	}
	d->binary = !structured && find_header(r, "ce_specversion");
	d->data_depth = d->binary ? 1 : 2;
	d->in_data = d->binary;
	return decode_value(d);
}

int decode_record(struct item *item, const struct map *forbidden, struct arena *arena)
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
	return decode_mode(&d);
}
