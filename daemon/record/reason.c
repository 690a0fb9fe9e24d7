// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/record/reason.h"

static const char *const names[REASON_COUNT] = {
	[REASON_NONE] = "",
	[REASON_TOMBSTONE] = "tombstone",
	[REASON_TOO_LARGE] = "too_large",
	[REASON_NOT_CLOUDEVENT] = "not_cloudevent",
	[REASON_ENCODING] = "encoding",
	[REASON_NOT_JSON] = "not_json",
	[REASON_DUPLICATE_KEY] = "duplicate_key",
	[REASON_BAD_ENVELOPE] = "bad_envelope",
	[REASON_PERSONAL_DATA] = "personal_data",
	[REASON_UNKNOWN_TYPE] = "unknown_type",
	[REASON_BAD_FIELD] = "bad_field",
	[REASON_UNKNOWN_UNIT] = "unknown_unit",
	[REASON_NOT_STORABLE] = "not_storable",
	[REASON_TOO_MANY_FACTS] = "too_many_facts",
};

const char *reason_name(enum reason r)
{
	return names[r];
}
