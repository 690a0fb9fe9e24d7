// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/random.h"
#include "daemon/verbs/verbs.h"

#define PATIENCE (30 * INSTANT_PER_SECOND)
#define TICK_EVERY (INSTANT_PER_SECOND / 4)

void verb_help(const struct verb *v)
{
	printf("Usage: rekapd %s [-c FILE] [--set SECTION.KEY=VALUE]...%s%s\n\n%s\n\n"
	       "  -c, --config FILE     the configuration (default: /etc/rekapd/rekapd.conf if it exists)\n"
	       "      --set SECTION.KEY=VALUE\n"
	       "                        overrides one setting; 'rekapd help settings' lists them\n"
	       "      --help            shows this\n",
	       v->name, *v->arguments ? " " : "", v->arguments, v->help);
}

static int usage(const struct verb *v, const char *what, const char *which)
{
	fprintf(stderr, "rekapd %s: %s%s (rekapd %s --help)\n", v->name, what, which, v->name);
	return STATUS_USAGE;
}

enum { OPTION_SET = 256, OPTION_HELP, OPTION_OWN };

static int take_option(const struct verb *v, int option, const struct option_spec *options, struct invocation *ret)
{
	switch (option) {
	case 'c':
		ret->config_path = optarg;
		return -1;
	case OPTION_SET:
		if (ret->n_sets + 1 == COUNT(ret->sets))
			return usage(v, "too many --set", "");
		ret->sets[ret->n_sets++] = optarg;
		return -1;
	case OPTION_HELP:
		verb_help(v);
		return STATUS_OK;
	case '?':
	case ':':
		return usage(v, option == ':' ? "an argument is missing for the option " : "no such option: ", optopt && optopt < 256 ? (char[]){'-', (char)optopt, 0} : "");
	default:
		break;
	}
	const struct option_spec *o = &options[option - OPTION_OWN];
	if (o->flag)
		*o->flag = true;
	else
		*o->value = optarg;
	return -1;
}

int invocation_read(const struct verb *v, int argc, char **argv, const struct option_spec *options, struct invocation *ret)
{
	struct option list[OPTIONS_MAX + 4] = {{"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, OPTION_SET}, {"help", no_argument, NULL, OPTION_HELP}};
	for (int i = 0; options && options[i].name; i++)
		list[3 + i] = (struct option){options[i].name, options[i].flag ? no_argument : required_argument, NULL, OPTION_OWN + i};
	*ret = (struct invocation){0};
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":c:", list, NULL)) >= 0;) {
		if (option == '?' && !optopt)
			return usage(v, "no such option: ", argv[optind - 1]);
		int r = take_option(v, option, options, ret);
		if (r >= 0)
			return r;
	}
	ret->operands = argv + optind;
	ret->n_operands = argc - optind;
	return -1;
}

int no_operands(const struct verb *v, const struct invocation *i)
{
	return i->n_operands ? usage(v, "unexpected argument: ", i->operands[0]) : -1;
}

int status_of(int code)
{
	if (code == -EINVAL || code == -EPROTO || code == -ENOENT || code == -EACCES)
		return STATUS_CONFIGURATION;
	if (code == -ENODATA) /* offsets that the broker no longer has */
		return STATUS_FAULTS;
	return code > 0 ? STATUS_UNAVAILABLE : STATUS_INTERNAL;
}

int fault(int code, const struct error *err)
{
	fprintf(stderr, "rekapd: %s\n", err->text);
	return status_of(code);
}

int file_fault(int code, const struct error *err)
{
	int status = fault(code, err);
	return code == -ENOMEM ? status : STATUS_FAULTS;
}

/* No core dump, whatever catches it. A process that cannot be dumped cannot be looked into by others of its user either. */
static void keep_memory_private(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
}

int load_config(const struct invocation *i, struct config *ret)
{
	struct error err = {""};
	int r = config_load(ret, i->config_path, i->sets, i->n_sets, &err);
	if (r < 0)
		return fault(r, &err);
	log_open((enum log_level)ret->log_level);
	if (!ret->core_dumps)
		keep_memory_private();
	struct text warning;
	for (size_t at = 0; config_warning(ret, &at, &warning);)
		log_warning("secret in the open", "setting=\"%.*s\"", TEXT_ARG(warning));
	return 0;
}

int load_rules(const struct invocation *i, struct config *ret_config, struct rules *ret_rules)
{
	struct error err = {""};
	int r = load_config(i, ret_config);
	if (r)
		return r;
	int code = rules_load(ret_config, ret_rules, &err);
	if (code >= 0)
		return 0;
	config_deinit(ret_config);
	return fault(code, &err);
}

/* Tells instances apart, for rekap.ingest_offset and rekap.batch. */
static void owner_name(char *out, size_t size)
{
	char host[64] = "";
	gethostname(host, sizeof host - 1);
	snprintf(out, size, "%s/%d/%08llx", host, (int)getpid(), (unsigned long long)(random_u64() & 0xffffffff));
}

int patiently(int (*step)(void *arg, struct error *err), void *arg, struct error *err)
{
	int64_t until = clock_monotonic() + PATIENCE;
	int r;
	for (unsigned attempt = 0; (r = step(arg, err)) == STORE_RETRY && clock_monotonic() < until; attempt++)
		clock_sleep(backoff(attempt, 100000, 2000000));
	return r;
}

static int connect_step(void *arg, struct error *err)
{
	return store_connect(arg, err);
}

int open_store(const struct config *c, bool check_schema, struct store **ret_store)
{
	struct error err = {""};
	char owner[128];
	owner_name(owner, sizeof owner);
	int r = store_new(c->conninfo, owner, ret_store, &err);
	if (r == 0 && check_schema && (r = patiently(connect_step, *ret_store, &err)) != 0)
		*ret_store = store_free(*ret_store);
	return r == 0 ? 0 : fault(r, &err);
}

void block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void tick(void *arg, int64_t done, int64_t total)
{
	struct ticker *t = arg;
	int64_t now = clock_monotonic();
	if (!isatty(STDERR_FILENO) || (t->at && now - t->at < TICK_EVERY))
		return;
	t->at = now;
	fprintf(stderr, "\r\033[K%lld of %lld entities", (long long)done, (long long)(done > total ? done : total));
	fflush(stderr);
}

void tick_end(const struct ticker *t)
{
	if (t->at)
		fputs("\r\033[K", stderr);
}

struct store_basis basis_of(const struct config *c, const struct rules *r)
{
	return (struct store_basis){.basis = r->basis, .as_of = c->as_of, .suppression_threshold = c->suppression_threshold, .digest = r->digest};
}
