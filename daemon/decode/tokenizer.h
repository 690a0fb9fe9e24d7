// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A strict reader of JSON texts (RFC 8259) in one pass over the bytes, without a tree. A visitor hears of each object member when it has been read, and of
 * those that are arrays or objects before that, too; what is not asked for costs a scan and nothing else. Numbers are handed on as they are written, strings
 * with their escapes (token_unescape).
 *
 * Of several faults the one met first, reading from the start, is told. A fault is met
 *   syntax         at the byte that no JSON text could have there (or the end of the input)
 *   depth          at the bracket that opens one level too many (only brackets make a level)
 *   nul, surrogate at the end of the escape; a high surrogate is lone when no \u follows at once, or when what follows is a whole escape but no low surrogate
 *   duplicate key  at the closing quote of the second key
 * The caller has checked that the bytes are UTF-8.
 */
#include "common/arena.h"

#define JSON_DEPTH_MAX 32

enum token_type { TOKEN_NULL, TOKEN_TRUE, TOKEN_FALSE, TOKEN_NUMBER, TOKEN_STRING, TOKEN_ARRAY, TOKEN_OBJECT };

struct token {
	enum token_type type;
	bool escaped;	 /* STRING: holds escapes */
	struct text raw; /* the value's bytes; of a string what stands between the quotes */
};

enum json_fault { JSON_OK, JSON_SYNTAX, JSON_DEPTH, JSON_NUL, JSON_SURROGATE, JSON_DUPLICATE_KEY };

struct path_step {
	bool array;
	size_t index;	 /* in an array */
	struct text key; /* in an object: unescaped */
};

struct json_path { /* steps[i] is where the value at depth i + 2 stands in its parent */
	const char *root; /* of the visitor */
	struct path_step steps[JSON_DEPTH_MAX];
	unsigned n;
};

struct json_visitor {
	const char *root; /* what paths begin with, as a name of the whole text; "": nothing */
	void *arg;
	/* The value of a member (key: unescaped), an array or object, begins; path->n is the depth of the member's object. 0, or negative to stop. May be NULL. */
	int (*open)(void *arg, const struct json_path *path, struct text key);
	/* A member, of whatever type, is complete. Likewise. */
	int (*member)(void *arg, const struct json_path *path, struct text key, const struct token *value);
};

/*
 * Reads a whole text. *ret_fault JSON_OK: *ret_root is its value. Otherwise the fault, with *ret_offset (SYNTAX) or the path in the arena (*ret_path,
 * DUPLICATE_KEY). Keys that hold escapes are unescaped into the arena. 0; negative: out of memory, or what the visitor returned.
 */
int json_scan(struct text text, const struct json_visitor *visitor, struct arena *arena, struct token *ret_root, enum json_fault *ret_fault, size_t *ret_offset,
	      struct text *ret_path);

/* What escapes stand for, in the arena. 0, -ENOMEM. Only for tokens that json_scan has passed. */
int text_unescape(struct text raw, struct arena *arena, struct text *ret);

/* The string's characters; borrowed from the token when it holds no escapes. Likewise. */
static inline int token_unescape(const struct token *t, struct arena *arena, struct text *ret)
{
	if (t->escaped)
		return text_unescape(t->raw, arena, ret);
	*ret = t->raw;
	return 0;
}

/* "data.b[3].c": the root and the steps from the outermost on, as much as is sensible to print: at most 512 bytes, control characters as \u001f. 0, -ENOMEM. */
int json_path_format(const struct json_path *path, struct arena *arena, struct text *ret);
