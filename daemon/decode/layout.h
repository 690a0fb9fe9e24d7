// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#pragma once
/*
 * A scorecard while it is laid out (semantics §10): from the tree of its JSON to the lists of leaves, items and components of record/scorecard.h, in the tree's
 * order. All functions that return int return 0, -EINVAL with file, path and remedy, or -ENOMEM; where one fails, laying out ends.
 */
#include "daemon/decode/reader.h"
#include "daemon/record/scorecard.h"

#define CODE_MAX 64    /* bytes: an item's name fits the event's field */
#define NAME_BYTES 256 /* bytes of a name made of codes */
#define USUAL_GATES 8  /* items that a scorecard has without naming them: the gates of a predicate that lists none */

/* The arrays have room for all that the scorecard's JSON can hold. */
struct layout {
	struct reader *reader;
	struct score_leaf *leaves;
	struct score_item *items;
	struct score_component *components;
	struct score_rule *rules; /* those that predicates may set a bound for */
	size_t n_leaves, n_items, n_components, n_rules;
};

/* What the elements of a list stand below. */
struct place {
	struct text component;   /* "ZI.A.MP.P" */
	struct text items;       /* the beginning of their items' names: "P.MP", "H" */
	const struct text *rule; /* the rule of the component, which begins those of its parts; NULL: it has none */
};

/* A name made of codes, cut where it is too long. */
__attribute__((format(printf, 3, 4))) int layout_name(struct layout *l, struct text *ret, const char *format, ...);
bool layout_is_code(struct text t);
int layout_read_code(struct layout *l, const struct json *j, const char *key, struct text *ret);
/* What every element begins with: the code, under known[0]; no other keys than the known ones; perhaps a name, which nothing here needs. */
int layout_read_head(struct layout *l, const struct json *j, const char *const *known, struct text *ret_code);
typedef int layout_element(struct layout *l, const struct json *j, const struct place *place);
/* The list under the key, which is not empty: each of its elements. */
int layout_read_list(struct layout *l, const struct json *object, const char *key, layout_element *read, const struct place *place);

/* The component "above.code"; what is laid out until layout_close belongs to it. The key stands in the message when the name is taken. */
int layout_open(struct layout *l, struct text above, const char *key, struct text code, struct text *ret_name, size_t *ret);
void layout_close(struct layout *l, size_t component);
/* A component without parts, with the weight of the element. */
int layout_add_leaf(struct layout *l, const struct json *j, const struct place *place, const char *key, struct text code, size_t *ret_component);
/* An item of the leaf that was added last. */
void layout_add_item(struct layout *l, struct text name, enum scale scale);
struct score_item *layout_find_item(struct layout *l, struct text name); /* NULL: there is none */

/* A Zona Integritas as a whole. Evaluations, the other form of a scorecard, are in scorecard.c. */
int read_integrity_zone(struct layout *l, const struct json *j, struct scorecard *card);
/* Its predicates, when all components and rules are laid out; adds the items of their gates. */
int read_predicates(struct layout *l, const struct json *object, struct scorecard *card);
