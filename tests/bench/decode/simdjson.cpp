// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <simdjson.h>

#include "tests/bench/decode/yardsticks.h"

static_assert(YARDSTICK_MARGIN >= simdjson::SIMDJSON_PADDING, "margin");

static bool among(std::string_view key, const char *const *names)
{
	for (; *names; names++)
		if (key == *names)
			return true;
	return false;
}

static uint64_t look(simdjson::dom::object object, const char *const *names)
{
	uint64_t letters = 0, number;
	std::string_view string;
	for (; *names; names++) {
		auto value = object[*names];
		if (!value.get(string))
			letters += string.size();
		else if (!value.get(number))
			letters += number;
	}
	return letters;
}

uint64_t look_simdjson(const char *p, size_t n)
{
	static simdjson::dom::parser parser;
	simdjson::dom::object root, data;
	if (parser.parse(p, n, false).get(root) || root["data"].get(data))
		return 0;
	return look(root, yardstick_attributes) + look(data, yardstick_fields);
}

static uint64_t walk(simdjson::ondemand::object object, const char *const *names)
{
	uint64_t letters = 0, number;
	std::string_view key, string;
	for (auto field : object) {
		simdjson::ondemand::object data;
		if (field.unescaped_key().get(key))
			return 0;
		if (names == yardstick_attributes && key == "data" && !field.value().get(data))
			letters += walk(data, yardstick_fields);
		else if (!among(key, names))
			continue;
		else if (!field.value().get(string))
			letters += string.size();
		else if (!field.value().get(number))
			letters += number;
	}
	return letters;
}

uint64_t look_simdjson_on_demand(const char *p, size_t n)
{
	static simdjson::ondemand::parser parser;
	simdjson::ondemand::document document;
	simdjson::ondemand::object root;
	if (parser.iterate(p, n, n + YARDSTICK_MARGIN).get(document) || document.get_object().get(root))
		return 0;
	return walk(root, yardstick_attributes);
}
