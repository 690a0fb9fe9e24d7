// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* Records that must be rejected, each for one reason, and tombstones. */
#include "common/text.h"
#include "deploy/sample/sample.h"

#define UNKNOWN_UNIT "2.24.0.00.0.00.01.0000"

/* In data, # stands for a number and @ for a unit's code. */
static const struct fault {
	const char *reason; /* "": a tombstone, which is none */
	unsigned count;
	enum form form;
	const char *type, *data;
} faults[] = {
#define COMPLAINT "{\"complaint_id\":\"contoh-x-#\",\"unit\":\"@\",\"class\":\"complaint\",\"channel\":\"web\""
#define BUDGET "{\"unit\":\"@\",\"program\":\"X.01\",\"period\":"
	{"", 7, TOMBSTONE, "complaint.received", ""},
	{"personal_data", 6, BAD_DATA, "complaint.received", COMPLAINT ",\"phone\":\"contoh\"}"},
	{"personal_data", 3, BAD_DATA, "complaint.received", COMPLAINT ",\"extra\":[{\"full_name\":\"contoh\"}]}"},
	{"personal_data", 2, BAD_DATA, "declaration.counted", "{\"unit\":\"@\",\"regime\":\"lhkpn\",\"year\":2024,\"obliged\":1,\"filed\":1,\"revision\":9,\"nip\":\"contoh\"}"},
	{"personal_data", 2, BAD_DATA, "survey.answered", "{\"response_id\":\"contoh-x-#\",\"unit\":\"@\",\"instrument\":\"spak\",\"answers\":{\"s1\":4},\"catatan\":\"contoh\"}"},
	{"not_json", 5, BAD_CUT, "complaint.received", COMPLAINT "}"},
	{"duplicate_key", 2, BAD_DATA, "complaint.received", COMPLAINT ",\"class\":\"complaint\"}"},
	{"encoding", 2, BAD_DATA, "complaint.received", COMPLAINT ",\"category\":\"\xc3(\"}"},
	{"not_cloudevent", 4, BAD_OBJECT, "complaint.received", ""},
	{"bad_envelope", 6, BAD_ZONE, "complaint.received", COMPLAINT "}"},
	{"bad_envelope", 2, BAD_ZONE, "budget.reported", BUDGET "\"2024-03\",\"ceiling\":\"1\",\"realised\":\"1\",\"revision\":9}"},
	{"unknown_type", 3, BAD_DATA, "complaint.escalated", COMPLAINT "}"},
	{"bad_field", 4, BAD_DATA, "complaint.rated", "{\"complaint_id\":\"contoh-x-#\",\"rating\":6}"},
	{"bad_field", 3, BAD_DATA, "complaint.received", "{\"complaint_id\":\"contoh-x-#\",\"unit\":\"@\",\"class\":\"pengaduan\",\"channel\":\"web\"}"},
	{"bad_field", 4, BAD_DATA, "survey.answered", "{\"response_id\":\"contoh-x-#\",\"unit\":\"@\",\"instrument\":\"skm\",\"answers\":{\"time\":4,\"cost\":5}}"},
	{"bad_field", 3, BAD_DATA, "budget.reported", BUDGET "\"2024-Q1\",\"ceiling\":\"1\",\"realised\":\"1\",\"revision\":9}"},
	{"bad_field", 3, BAD_DATA, "budget.reported", BUDGET "\"2024-03\",\"ceiling\":\"Rp 1.000.000\",\"realised\":\"1\",\"revision\":9}"},
	{"bad_field", 2, BAD_DATA, "performance.reported",
	 "{\"unit\":\"@\",\"indicator\":\"IKU-3\",\"period\":\"2024\",\"range_low\":\"9\",\"range_high\":\"8\",\"direction\":\"range\",\"revision\":9}"},
	{"bad_field", 2, BAD_DATA, "assessment.answered",
	 "{\"unit\":\"@\",\"year\":2024,\"ruleset\":\"zi-2021\",\"item\":\"P.MP.1.a\",\"assessor\":\"self\",\"answer\":\"ya\",\"revision\":9}"},
	{"bad_field", 2, BAD_DATA, "gratification.reported", "{\"report_id\":\"contoh-x-#\",\"unit\":\"@\",\"received_on\":\"2024-02-30\",\"kind\":\"refused\"}"},
	{"unknown_unit", 5, BAD_DATA, "complaint.received", "{\"complaint_id\":\"contoh-x-#\",\"unit\":\"" UNKNOWN_UNIT "\",\"class\":\"complaint\",\"channel\":\"web\"}"},
	{"unknown_unit", 4, BAD_DATA, "discipline.counted", "{\"unit\":\"" UNKNOWN_UNIT "\",\"year\":2024,\"violations\":0,\"sanctioned\":0,\"revision\":#}"},
#undef COMPLAINT
#undef BUDGET
};

static const char *fill(struct sample *s, const char *data, unsigned number)
{
	struct buffer b = {0};
	for (; *data; data++) {
		if (*data == '#')
			buffer_printf(&b, "%u", number);
		else if (*data == '@')
			buffer_puts(&b, units[some_unit(&s->random)].code);
		else
			buffer_putc(&b, *data);
	}
	if (!buffer_cstr(&b))
		out_of_memory();
	const char *kept = keep(s, buffer_cstr(&b));
	buffer_deinit(&b);
	return kept;
}

void make_broken(struct sample *s, const char *folder)
{
	FILE *f = create_file(folder, "rejects.csv");
	unsigned number = 1;
	fputs("reason,records\n", f);
	for (const struct fault *x = faults; x < faults + COUNT(faults); x++) {
		for (unsigned i = 0; i < x->count; i++, number++) {
			int64_t time = between(&s->random, year_start(), year_end() - 1);
			add_message(s, x->type, time, fill(s, "contoh-x-#", number), fill(s, x->data, number), x->form);
		}
		if (x->form == TOMBSTONE) {
			s->tombstones += x->count;
		} else {
			s->rejected += x->count;
			fprintf(f, "%s,%u\n", x->reason, x->count);
		}
	}
	finish_file(f, "rejects.csv");
}
