// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/*
 * A connection string that holds the word hunter2 once: where libpq takes it for (a part of) a password, the string is printed as with another word in its
 * place. Where libpq refuses the string, a word behind "password=" stays hidden too.
 */
#include <libpq-fe.h>

#include "common/config.h"
#include "fuzz.h"

#define WORD "hunter2"
#define OTHER "zebra99"
#define ASKED "password=" WORD

static char *print(const char *conninfo)
{
	struct config c;
	struct error err = {""};
	struct buffer set = {0};
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	buffer_puts(&set, "postgres.conninfo=");
	buffer_puts(&set, conninfo);
	const char *sets[] = {buffer_cstr(&set)};
	HOLDS(out && config_load(&c, "/dev/null", sets, 1, &err) == 0, "%s", err.text);
	config_print(&c, out);
	HOLDS(fclose(out) == 0);
	config_deinit(&c);
	buffer_deinit(&set);
	return text;
}

/* Whether the word is part of a password, and of nothing else. */
static bool is_password(const PQconninfoOption *options)
{
	bool password = false, elsewhere = false;
	for (; options->keyword; options++) {
		bool there = options->val && strstr(options->val, WORD);
		if (there && *options->dispchar == '*')
			password = true;
		else if (there)
			elsewhere = true;
	}
	return password && !elsewhere;
}

static void check_hidden(const char *conninfo, char *word)
{
	char *one = print(conninfo);
	HOLDS(!strstr(one, WORD), "%s", one);
	memcpy(word, OTHER, strlen(OTHER));
	char *two = print(conninfo);
	HOLDS(!strcmp(one, two), "%s\n%s", one, two);
	free(one);
	free(two);
}

void target(struct text input)
{
	struct buffer b = {0};
	char *message = NULL;
	buffer_text(&b, input);
	const char *conninfo = buffer_cstr(&b);
	HOLDS(conninfo != NULL);
	char *word = strstr(b.p, WORD);
	if (word && !strstr(word + 1, WORD)) {
		PQconninfoOption *options = PQconninfoParse(conninfo, &message);
		if (options ? is_password(options) : strstr(conninfo, ASKED) != NULL)
			check_hidden(conninfo, word);
		PQconninfoFree(options);
		PQfreemem(message);
	} else {
		free(print(conninfo));
	}
	buffer_deinit(&b);
}
