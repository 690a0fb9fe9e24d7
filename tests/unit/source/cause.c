// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* What the Kafka client's words come to, as versions 2.0 and 2.8 and their OpenSSL put them. */
#include "daemon/source/cause.h"
#include "../suite.h"

#define OLD 0x020002
#define NEW 0x020601

static void note(struct cause *c, bool authentication, const char *why)
{
	*c = (struct cause){.kind = CAUSE_UNKNOWN};
	cause_note(c, authentication, why);
}

START_TEST(refusals_name_their_remedy)
{
	static const struct {
		bool authentication;
		const char *why;
		int x509;
		const char *remedy;
	} cases[] = {
		{true, "sasl_ssl://a:1/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 302ms in state AUTH_REQ)", 0, "kafka.sasl.username"},
		{true, "a: SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism", 0, "kafka.sasl.mechanism"},
		{false, "a: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified", 20, "kafka.ssl.ca.location"},
		{false, "a: error:0A000086:SSL routines::certificate verify failed", 62, "another host name"},
		{false, "a: error:0A000086:SSL routines::certificate verify failed", 64, "another host name"},
		{false, "a: error:0A000086:SSL routines::certificate verify failed", 10, "expired"},
		{false, "a: Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42", 0, "kafka.ssl.certificate.location"},
		{false, "a: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116", 0, "kafka.ssl.certificate.location"},
		{false, "a: Receive failed: error:0A000418:SSL routines::tlsv1 alert unknown ca: SSL alert number 48", 0, "kafka.ssl.certificate.location"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cause c;
		note(&c, cases[i].authentication, cases[i].why);
		atomic_store(&c.x509, cases[i].x509);
		ck_assert_msg(cause_is_refusal(&c), "%s", cases[i].why);
		ck_assert_msg(strstr(cause_remedy(&c, "PLAIN", OLD), cases[i].remedy), "%s: %s", cases[i].why, cause_remedy(&c, "PLAIN", OLD));
		ck_assert_ptr_null(strstr(c.why, "(after"));
	}
}
END_TEST

START_TEST(outages_are_no_refusals)
{
	static const char *const whys[] = {
		"ssl://a:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
		"ssl://a:1/bootstrap: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading (after 1ms in state SSL_HANDSHAKE)",
		"a:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration",
		"ssl://no.such.invalid:1/bootstrap: Failed to resolve 'no.such.invalid:1': Name or service not known",
		"1/1 brokers are down",
	};
	for (size_t i = 0; i < COUNT(whys); i++) {
		struct cause c;
		note(&c, false, whys[i]);
		ck_assert(!cause_is_refusal(&c));
		ck_assert_str_eq(cause_remedy(&c, NULL, NEW), "");
	}
}
END_TEST

START_TEST(the_more_telling_cause_stays)
{
	struct cause c;
	note(&c, false, "a: Connect failed");
	cause_note(&c, false, "1/1 brokers are down");
	ck_assert_str_eq(c.why, "a: Connect failed");
	cause_note(&c, true, "a: wrong\npassword\x1b[2J");
	ck_assert_str_eq(c.why, "a: wrong password [2J");
	cause_note(&c, false, "b: Connect failed");
	ck_assert(cause_is_refusal(&c));
}
END_TEST

START_TEST(scram_needs_a_newer_library)
{
	struct cause c;
	note(&c, true, "SASL authentication error: invalid credentials");
	ck_assert_ptr_nonnull(strstr(cause_remedy(&c, "SCRAM-SHA-512", OLD), "2.6.1"));
	ck_assert_ptr_null(strstr(cause_remedy(&c, "SCRAM-SHA-512", NEW), "2.6.1"));
	ck_assert_ptr_null(strstr(cause_remedy(&c, "PLAIN", OLD), "2.6.1"));
	ck_assert_ptr_null(strstr(cause_remedy(&c, NULL, OLD), "2.6.1"));
}
END_TEST

SUITE("cause", refusals_name_their_remedy, outages_are_no_refusals, the_more_telling_cause_stays, scram_needs_a_newer_library)
