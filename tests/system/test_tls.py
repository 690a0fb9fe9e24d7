#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""TLS, SASL and SCRAM to a real Kafka and a real PostgreSQL: what is right works, what is wrong is told with its remedy and exit code, and no output ever holds a secret."""
import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess

from checks import check, finish
import events
import harness

LOGIN, KAFKA_USER = "rekapd_tls_test", "rekapd"
PASSWORD, WRONG = "canary-Gnm4vXq", "canary-pT7wRz2"
EVENTS = sorted((harness.ROOT / "schemas" / "events").glob("*/examples/*.json"))
OK, UNAVAILABLE, CONFIGURATION = 0, 69, 78

_outputs = []


# --- what is set up ---------------------------------------------------------------------------------------------------------------------------------


def openssl(*arguments):
	harness.run("openssl", *arguments)


class Authority:
	"""A CA and what it signs: NAME.pem and NAME.key in a folder."""

	KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

	def __init__(self, folder, name):
		self.folder, self.name = folder, name
		openssl("req", "-x509", *self.KEY, "-days", 2, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", self.certificate)

	@property
	def certificate(self):
		return self.folder / f"{self.name}.pem"

	def sign(self, name, names, subject=None):
		request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
		extensions.write_text(f"subjectAltName={names}\n", encoding="ascii")
		openssl("req", *self.KEY, "-subj", f"/CN={subject or name}", "-keyout", self.folder / f"{name}.key", "-out", request)
		openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / f"{self.name}.key", "-CAcreateserial", "-days", 2, "-extfile", extensions, "-out",
			self.folder / f"{name}.pem")


def furnish(folder):
	"""Certificates, and the settings of both servers that use them. Both servers carry the address, so that a name is a wrong one."""
	keys, kafka, postgres = folder / "keys", folder / "kafka", folder / "postgres" / "with"
	for made in (keys, kafka, postgres):
		made.mkdir(parents=True)
	ours, others = Authority(keys, "ca"), Authority(keys, "other")
	ours.sign("server", "IP:127.0.0.1")
	ours.sign("client", "DNS:client", subject=LOGIN)
	others.sign("stranger", "DNS:client", subject=LOGIN)
	pair = kafka / "server.pem"
	pair.write_text((keys / "server.key").read_text() + (keys / "server.pem").read_text())
	modules = "org.apache.kafka.common.security"
	(kafka / "more.properties").write_text(f"""
ssl.keystore.type=PEM
ssl.keystore.location={pair}
ssl.truststore.type=PEM
ssl.truststore.location={ours.certificate}
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{KAFKA_USER}="{PASSWORD}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
""")
	(kafka / "more.format").write_text(f"--add-scram\nSCRAM-SHA-512=[name={KAFKA_USER},password={PASSWORD}]\n")
	for name in ("server.key", "server.pem", "ca.pem"):
		(postgres / name).write_bytes((keys / name).read_bytes())
	(postgres / "postgresql.auto.conf").write_text("ssl = on\nssl_cert_file = 'server.pem'\nssl_ca_file = 'ca.pem'\npassword_encryption = 'scram-sha-256'\n")
	(postgres / "pg_hba.conf").write_text(f"""
host    all postgres,{harness.LOGIN} 127.0.0.1/32 trust
hostssl all {LOGIN}_cert              127.0.0.1/32 cert map=cert
hostssl all all                      127.0.0.1/32 scram-sha-256
""")
	(postgres / "pg_ident.conf").write_text(f"cert {LOGIN} {LOGIN}_cert\n")


class World:
	"""The servers, a database with a login that has a password, and where each protocol of the broker is."""

	def __init__(self):
		self.fixtures = harness.Fixtures(private=True, protocols=("SSL", "SASL_SSL"), furnish=furnish)
		self.keys = self.fixtures.folder / "keys"
		self.topic = harness.Topic(self.fixtures, partitions=2)
		self.daemon = harness.Daemon(self.fixtures, self.topic)
		self.port = int(self.fixtures.bootstrap.rpartition(":")[2])
		with self.fixtures.connect() as connection:
			self.server = connection.execute("SELECT current_setting('port')").fetchone()[0]
			for login in (LOGIN, f"{LOGIN}_cert"):
				connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}' IN ROLE rekap_writer")

	def kafka(self, protocol, host="127.0.0.1", ca="ca", client=None, password=None, mechanism="PLAIN"):
		"""--set … of the properties."""
		at = self.port + ("PLAINTEXT", "", "SSL", "SASL_SSL").index(protocol)
		properties = {"bootstrap.servers": f"{host}:{at}", "broker.address.family": "v4", "security.protocol": protocol, "ssl.ca.location": self.keys / f"{ca}.pem"}
		if client:
			properties.update({"ssl.certificate.location": self.keys / f"{client}.pem", "ssl.key.location": self.keys / f"{client}.key"})
		if password:
			properties.update({"sasl.mechanism": mechanism, "sasl.username": KAFKA_USER, "sasl.password.file": self.secret(f"password.{password}", password)})
		return [word for name, value in properties.items() for word in ("--set", f"kafka.{name}={value}")]

	def secret(self, name, text, mode=0o600):
		path = self.fixtures.scratch / name
		if not path.exists():
			path.touch(mode=0o600)
			path.write_text(text + "\n", encoding="ascii")
			path.chmod(mode)
		return path

	def conninfo(self, password=PASSWORD, **more):
		"""The connection string; what is None is left out."""
		words = {"host": "127.0.0.1", "port": self.server, "dbname": self.daemon.name, "user": LOGIN, "password": password, "sslmode": "verify-full", "sslrootcert": self.keys / "ca.pem", **more}
		return " ".join(f"{name}={value}" for name, value in words.items() if value is not None)

	def settle(self, verb, *options, status):
		"""As call, but a server that did not answer in time, on a machine that does much at once, is asked again."""
		for _ in range(10):
			got = self.call(verb, *options)
			if status is None or got[0] == status or got[0] != UNAVAILABLE:
				break
		return got

	def call(self, verb, *options, environment=None):
		"""Exit code and all output, which is searched for secrets in the end."""
		operands = [*map(str, EVENTS), "--topic", self.topic.name] if verb == "publish" else []
		result = subprocess.run([harness.program(), verb, "-c", self.daemon.conf, *map(str, options), *operands], capture_output=True, encoding="utf-8", errors="replace",
			stdin=subprocess.DEVNULL, env={**self.daemon.environment(), **(environment or {})}, check=False, timeout=120)
		output = result.stdout + result.stderr
		_outputs.append((f"{verb} {options}", output))
		return result.returncode, output


def told(what, got, status, *words):
	"""The exit code is right, and the output has all the words."""
	check(what, got[0] == status and all(word in got[1] for word in words), f"exit {got[0]}, not {status}, with {words}: {got[1][-1500:]}")


# --- Kafka ------------------------------------------------------------------------------------------------------------------------------------------


def kafka_cases(world, scram_works):
	"""What, options, exit code, what check says."""
	secure, trap = "TLS, certificate and host name are verified", ("2.6.1", "SASL/PLAIN over TLS")
	kafka = world.kafka
	yield "mutual TLS", kafka("SSL", client="client"), OK, (secure, "login by certificate")
	yield "SASL/PLAIN over TLS", kafka("SASL_SSL", password=PASSWORD), OK, (secure, "login by SASL")
	yield "SCRAM over TLS", kafka("SASL_SSL", password=PASSWORD, mechanism="SCRAM-SHA-512"), OK if scram_works else CONFIGURATION, (secure,) if scram_works else trap
	yield "not encrypted", kafka("PLAINTEXT"), OK, ("not encrypted, within this machine",)
	for protocol, login in (("SSL", {"client": "client"}), ("SASL_SSL", {"password": PASSWORD})):
		yield f"{protocol}: wrong CA", kafka(protocol, ca="other", **login), CONFIGURATION, ("signed by no CA known here", "kafka.ssl.ca.location")
		yield f"{protocol}: wrong host name", kafka(protocol, host="localhost", **login), CONFIGURATION, ("for another host name", "kafka.bootstrap.servers")
	yield "no client certificate", kafka("SSL"), CONFIGURATION, ("wants a client's certificate", "kafka.ssl.certificate.location")
	yield "a stranger's certificate", kafka("SSL", client="stranger"), CONFIGURATION, ("wants a client's certificate", "kafka.ssl.certificate.location")
	yield "wrong password", kafka("SASL_SSL", password=WRONG), CONFIGURATION, ("Invalid username or password", "check kafka.sasl.username")
	yield "wrong password for SCRAM", kafka("SASL_SSL", password=WRONG, mechanism="SCRAM-SHA-512"), CONFIGURATION, ("check kafka.sasl.username",) if scram_works else trap
	yield "wrong mechanism", kafka("SASL_SSL", password=PASSWORD, mechanism="SCRAM-SHA-256"), CONFIGURATION, ("PLAIN,SCRAM-SHA-512",)
	yield "no broker there", [*kafka("SSL", client="client"), "--set", "kafka.bootstrap.servers=127.0.0.1:1"], UNAVAILABLE, ("Connection refused", "is the broker up")
	yield "plaintext to TLS", [*kafka("SSL"), "--set", "kafka.security.protocol=PLAINTEXT"], UNAVAILABLE, ("security.protocol",)


def test_kafka(world, scram_works):
	cases = list(kafka_cases(world, scram_works))
	with concurrent.futures.ThreadPoolExecutor(4) as pool:
		calls = [(verb, case, pool.submit(world.settle, verb, *case[1], status=case[2])) for case in cases for verb in ("check", "status", "publish")]
		for verb, (what, _, status, words), got in calls:
			if status == OK and verb == "publish":
				words = (f"{len(EVENTS)} of {len(EVENTS)} events delivered",)
			elif status == OK and verb == "status":
				words = ("versions",)
			told(f"Kafka: {what}: {verb}", got.result(), status, *words)
	told("Kafka: a blind client is warned of", world.call("check", *world.kafka("SSL", ca="other", client="client"), "--set", "kafka.enable.ssl.certificate.verification=false"), OK,
		"whoever answers is believed")
	for brokers in ("kafka.example:9092", "127.0.0.1:9092, kafka.example:9092", "localhost.example:9092", "PLAINTEXT://kafka.example"):
		told(f"Kafka: plaintext to {brokers} is warned of", world.call("check", "--offline", "--set", f"kafka.bootstrap.servers={brokers}"), OK, "can be read and changed on the way")
	for brokers in ("localhost", "127.0.0.2:9092,[::1]:9092", "PLAINTEXT://localhost:9092"):
		told(f"Kafka: plaintext to {brokers} stays within", world.call("check", "--offline", "--set", f"kafka.bootstrap.servers={brokers}"), OK, "within this machine")


def test_kafka_run(world, scram_works):
	"""The whole way over TLS, with all that librdkafka can be made to tell; and a daemon that is refused waits, and says why."""
	world.topic.produce(events.stream(7, 40, partitions=2))
	ways = [world.kafka("SSL", client="client"), world.kafka("SASL_SSL", password=PASSWORD)] + [world.kafka("SASL_SSL", password=PASSWORD, mechanism="SCRAM-SHA-512")] * scram_works
	for number, way in enumerate(ways):
		world.topic.produce(events.stream(8 + number, 20, partitions=2))
		world.daemon.end(world.daemon.start("--until-drained", *way, "--set", "kafka.debug=all", "--set", "rekapd.log_level=debug"), 120)
	world.daemon.compare(what="over TLS", tables=("complaint", "measure_day", "reject"))
	told("Kafka: run --until-drained ends when it is refused", world.call("run", "--until-drained", *world.kafka("SASL_SSL", password=WRONG)), CONFIGURATION, "check kafka.sasl.username")
	process = world.daemon.start(*world.kafka("SASL_SSL", password=WRONG))
	harness.wait_until("the complaint", lambda: "kafka refuses us" in world.daemon.log.read_text(encoding="utf-8", errors="replace") or process.poll() is not None)
	check("Kafka: run waits, and names cause and remedy", process.poll() is None and "check kafka.sasl.username" in world.daemon.log_tail(), world.daemon.log_tail())
	world.daemon.stop(process)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------------------------------------


def postgres_cases(world):
	conninfo, keys = world.conninfo, world.keys
	certificate = {"user": f"{LOGIN}_cert", "password": None}
	yield "verify-full and SCRAM", conninfo(), OK, ("TLS, certificate and host name are verified",)
	yield "a URI", f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{world.server}/{world.daemon.name}?sslmode=verify-full&sslrootcert={keys}/ca.pem", OK, ("host name are verified",)
	yield "a client's certificate", conninfo(**certificate, sslcert=keys / "client.pem", sslkey=keys / "client.key"), OK, ("host name are verified",)
	yield "no client certificate", conninfo(**certificate), CONFIGURATION, ("valid client certificate", "sslcert")
	yield "a stranger's certificate", conninfo(**certificate, sslcert=keys / "stranger.pem", sslkey=keys / "stranger.key"), None, ("PostgreSQL: ",)
	yield "wrong CA", conninfo(sslrootcert=keys / "other.pem"), CONFIGURATION, ("certificate verify failed", "sslrootcert")
	yield "wrong host name", conninfo(host="db.example", hostaddr="127.0.0.1"), CONFIGURATION, ("does not match host name", "the name that the server's certificate carries")
	yield "no CA", conninfo(sslrootcert=keys / "nothing.pem"), CONFIGURATION, ("nothing.pem", "sslrootcert")
	yield "wrong password", conninfo(WRONG), CONFIGURATION, ("28P01", "check user and password")
	yield "no password", conninfo(None), CONFIGURATION, ("no password supplied", "postgres.conninfo_file")
	yield "plaintext where TLS is wanted", conninfo(sslmode="disable"), CONFIGURATION, ("no pg_hba.conf entry", "sslmode=verify-full")
	yield "unknown database", conninfo(dbname="rekapd_nowhere"), CONFIGURATION, ("3D000", "check dbname")
	yield "unknown role", conninfo(user="rekapd_nobody"), CONFIGURATION, ("rekapd_nobody", "check user and password")
	yield "no server there", conninfo(port=1), UNAVAILABLE, ("Connection refused",)


def test_postgres(world):
	with concurrent.futures.ThreadPoolExecutor(4) as pool:
		calls = []
		for number, (what, conninfo, status, words) in enumerate(postgres_cases(world)):
			file = world.secret(f"conninfo.{number}", conninfo)
			calls += [(verb, what, status, words, pool.submit(world.settle, verb, "--set", f"postgres.conninfo_file={file}", status=status)) for verb in ("check", "status")]
		for verb, what, status, words, got in calls:
			got = got.result()
			if status is None:  # TLS 1.3: the server says so in the middle of nothing, or has gone before it can be read
				status = got[0] if got[0] in (UNAVAILABLE, CONFIGURATION) else CONFIGURATION
			told(f"PostgreSQL: {what}: {verb}", got, status, *(("versions",) if status == OK and verb == "status" else words))
	file = world.secret("conninfo.wrong", world.conninfo(WRONG))
	told("PostgreSQL: run does not begin with a wrong password", world.call("run", "--set", f"postgres.conninfo_file={file}"), CONFIGURATION, "28P01", "check user and password")


def test_postgres_run(world):
	"""A password that is changed under a running daemon is an outage, not the end."""
	file = world.secret("conninfo.run", world.conninfo())
	process = world.daemon.start("--set", f"postgres.conninfo_file={file}")
	world.topic.produce(events.stream(21, 20, partitions=2))
	harness.wait_until("the first records", world.daemon.is_drained)
	command = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
	check("no secret in the list of processes", PASSWORD.encode() not in command, command)
	with world.fixtures.connect() as connection:
		connection.execute(f"ALTER ROLE {LOGIN} PASSWORD '{WRONG}'")
		connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (LOGIN,))
		world.topic.produce(events.stream(22, 20, partitions=2))
		harness.wait_until("the complaint", lambda: "check user and password" in world.daemon.log.read_text(encoding="utf-8", errors="replace") or process.poll() is not None)
		check("PostgreSQL: run waits for its password", process.poll() is None, world.daemon.log_tail())
		connection.execute(f"ALTER ROLE {LOGIN} PASSWORD '{PASSWORD}'")
	harness.wait_until("the last records", lambda: world.daemon.is_drained() or process.poll() is not None)
	world.daemon.stop(process)
	world.daemon.compare(what="after another password", tables=("complaint", "measure_day"))


# --- where secrets come from ------------------------------------------------------------------------------------------------------------------------


def test_places(world):
	"""Every place that a secret may come from, right and readable by others."""
	bare = world.conninfo(None)
	entry = f"127.0.0.1:*:*:{LOGIN}:{PASSWORD}"
	without = ("--set", f"postgres.conninfo={bare}")
	private, public = world.secret("pgpass", entry), world.secret("pgpass.public", entry, 0o644)
	told("libpq's password file", world.call("check", *without, environment={"PGPASSFILE": str(private)}), OK)
	told("libpq's password file that others can read", world.call("check", *without, environment={"PGPASSFILE": str(public)}), CONFIGURATION, "no password supplied")

	full, sasl = world.conninfo(), world.kafka("SASL_SSL", password=PASSWORD)[:-2]
	for mode in (0o644, 0o604, 0o660):
		file = world.secret(f"conninfo.{mode:o}", full, mode)
		told(f"conninfo_file with mode {mode:o}", world.call("check", "--set", f"postgres.conninfo_file={file}"), CONFIGURATION, file.name, f"{mode:04o}", "chmod")
	file = world.secret("password.public", PASSWORD, 0o644)
	told("sasl.password.file with mode 644", world.call("publish", *sasl, "--set", f"kafka.sasl.password.file={file}"), CONFIGURATION, file.name, "0644", "chmod")
	key = world.secret("key.public", (world.keys / "client.key").read_text(), 0o644)
	told("ssl.key.location with mode 644", world.call("check", *world.kafka("SSL", client="client"), "--set", f"kafka.ssl.key.location={key}"), CONFIGURATION, key.name, "0644", "chmod")

	credentials = world.fixtures.scratch / "credentials"
	credentials.mkdir()
	for name, text in (("conninfo", full), ("password", PASSWORD)):
		world.secret(f"credentials/{name}", text, 0o440)
	options = ("--set", "postgres.conninfo_file=conninfo", *sasl, "--set", "kafka.sasl.password.file=password")
	told("a service's credentials", world.call("check", *options, environment={"CREDENTIALS_DIRECTORY": str(credentials)}), OK, "login by SASL")
	variables = {"REKAPD_POSTGRES_CONNINFO": full, "REKAPD_KAFKA_SASL_PASSWORD": PASSWORD}
	told("the environment", world.call("check", *sasl, environment=variables), OK, "login by SASL")

	got = world.call("check", *sasl, "--set", f"kafka.sasl.password={PASSWORD}", "--set", f"postgres.conninfo={full}")
	told("the command line, with a warning", got, OK, "kafka.sasl.password: a secret on the command line", "postgres.conninfo: a secret on the command line")
	config = world.secret("open.conf", f"[kafka]\nsasl.password = {PASSWORD}\n[postgres]\nconninfo = {full}", 0o644)
	told("a configuration that others can read, with a warning", world.call("check", "-c", config, *sasl), OK, "open.conf:2: kafka.sasl.password: a secret in a file to which others have access",
		"open.conf:4: postgres.conninfo: a secret")
	for wrong in (f"host=127.0.0.1 password={PASSWORD} nonsense", f"postgresql://{LOGIN}:{PASSWORD}@[::1", f"password='{PASSWORD}"):
		told("a malformed connection string is not shown", world.call("check", "--set", f"postgres.conninfo={wrong}"), CONFIGURATION, "not a libpq connection string")


def find_secrets(world):
	log = world.daemon.log.read_text(encoding="utf-8", errors="replace")
	check("the client library told much", log.count("kafka client") > 200, log.count("kafka client"))
	_outputs.append(("the daemon's log", log))
	key = "".join((world.keys / "client.key").read_text().splitlines()[1:-1])[:32]
	secrets = [form for secret in (PASSWORD, WRONG) for form in (secret, base64.b64encode(f"\0{KAFKA_USER}\0{secret}".encode()).decode(), secret.encode().hex())] + [key]
	found = [what for what, output in _outputs for secret in secrets if secret in output]
	check(f"no secret in {len(_outputs)} outputs", not found, found[:3])


def main():
	world = World()
	code, output = world.call("status", "--json")
	check("status", code == OK, output)
	scram_works = tuple(map(int, json.loads(output)["versions"]["librdkafka"].split("."))) >= (2, 6, 1)
	test_kafka(world, scram_works)
	test_kafka_run(world, scram_works)
	test_postgres(world)
	test_postgres_run(world)
	test_places(world)
	find_secrets(world)
	finish()


if __name__ == "__main__":
	os.umask(0o022)
	main()
