// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include "daemon/source/cause.h"

#include <stdio.h>
#include <string.h>

/* OpenSSL's numbers, as <openssl/x509_vfy.h> fixes them. */
enum { X509_NOT_YET_VALID = 9, X509_EXPIRED = 10, X509_HOST_MISMATCH = 62, X509_ADDRESS_MISMATCH = 64 };

static enum cause_kind kind_of(bool authentication, const char *why)
{
	if (authentication)
		return CAUSE_CREDENTIALS;
	if (strstr(why, "certificate verify failed"))
		return CAUSE_CERTIFICATE;
	/* "sslv3 alert bad certificate", "tlsv13 alert certificate required", "tlsv1 alert unknown ca", …: what the other side says of our certificate */
	if (strstr(why, " alert ") && (strstr(why, "certificate") || strstr(why, "unknown ca")))
		return CAUSE_CLIENT_CERTIFICATE;
	return CAUSE_AWAY;
}

void cause_note(struct cause *c, bool authentication, const char *why)
{
	enum cause_kind kind = kind_of(authentication, why);
	const char *end = strstr(why, " (after "); /* how long that took is of no interest */
	if (kind < c->kind || (kind == CAUSE_AWAY && strstr(why, "brokers are down")))
		return;
	c->kind = kind;
	snprintf(c->why, sizeof c->why, "%.*s", (int)(end ? end - why : (ptrdiff_t)strlen(why)), why);
	for (char *p = c->why; *p; p++) /* partly the broker's words: they shall not speak to a terminal */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

bool cause_is_refusal(const struct cause *c)
{
	return c->kind > CAUSE_AWAY;
}

/* librdkafka before 2.6.1 sends its nonce twice, which Kafka 4 takes for a wrong password. */
bool cause_scram_trap(const char *mechanism, int library)
{
	return mechanism && !strncmp(mechanism, "SCRAM", 5) && library < 0x020601;
}

static const char *certificate_remedy(int x509)
{
	switch (x509) {
	case X509_HOST_MISMATCH:
	case X509_ADDRESS_MISMATCH:
		return "the broker's certificate is for another host name: use the name that it carries, in kafka.bootstrap.servers and in the broker's advertised.listeners, or give the "
		       "broker a certificate with this one";
	case X509_NOT_YET_VALID:
	case X509_EXPIRED:
		return "the broker's certificate has expired or is not valid yet: renew it, or mend this machine's clock";
	default:
		return "the broker's certificate is signed by no CA known here: name the right one in kafka.ssl.ca.location";
	}
}

const char *cause_remedy(const struct cause *c, const char *mechanism, int library)
{
	switch (c->kind) {
	case CAUSE_CREDENTIALS:
		return cause_scram_trap(mechanism, library)
			       ? "SCRAM fails against Kafka 4 before librdkafka 2.6.1, though the password be right: use SASL/PLAIN over TLS or mutual TLS, or a newer librdkafka"
			       : "check kafka.sasl.username, its password and kafka.sasl.mechanism";
	case CAUSE_CLIENT_CERTIFICATE:
		return "the broker wants a client's certificate that its CA has signed: name it in kafka.ssl.certificate.location, and its key in kafka.ssl.key.location";
	case CAUSE_CERTIFICATE:
		return certificate_remedy(atomic_load(&c->x509));
	case CAUSE_UNKNOWN:
	case CAUSE_AWAY:
		break;
	}
	return "";
}
