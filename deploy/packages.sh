#!/bin/bash
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
#
# Sourced by deploy/demo and tests/run: installs what is missing with the system's package manager, and starts nothing.
# shellcheck disable=SC2034 # the lists are for those who source this

PACKAGES_BUILD=(gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libjansson-dev libpq-dev libxxhash-dev libgmp-dev libsystemd-dev tzdata)
PACKAGES_POSTGRESQL=(postgresql postgresql-client)
# On Debian 12 this is Java 17, on 13 it is 21.
PACKAGES_KAFKA=(default-jre-headless maven)

# packages_missing NAME...: prints those that are not installed.
packages_missing() {
	local name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
	done
}

# packages_need NAME...: installs those that are missing, or says how and returns 1.
packages_need() {
	local missing=() as_root=() drop_in=/etc/postgresql-common/createcluster.d/rekapd.conf rc=0
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "This is not Debian; going on in the hope that these are installed: $*" >&2
		return 0
	fi
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "Missing packages, and no sudo to install them with. As root: apt-get install ${missing[*]}" >&2
			return 1
		fi
		as_root=(sudo)
	fi
	echo "Installing with ${as_root[*]}${as_root[*]:+ }apt-get: ${missing[*]}" >&2
	as_root+=(env DEBIAN_FRONTEND=noninteractive)
	"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update || return 1
	# Debian's postgresql starts a cluster of its own when it is installed: not on a machine that only wanted to see a demo or a test.
	if [[ " ${missing[*]} " == *' postgresql '* ]] && ! [ -e "$drop_in" ]; then
		"${as_root[@]}" install -D -m 644 /dev/stdin "$drop_in" <<<'create_main_cluster = false'
	fi
	# The output of apt is for those who ask why it failed.
	local log
	log=$(mktemp)
	"${as_root[@]}" apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install "${missing[@]}" >"$log" 2>&1 || rc=1
	[ $rc -eq 0 ] || tail -n 30 "$log" >&2
	rm -f "$log"
	if [ -e "$drop_in" ]; then
		"${as_root[@]}" rm -f "$drop_in"
		"${as_root[@]}" rmdir --ignore-fail-on-non-empty "${drop_in%/*}"
	fi
	return $rc
}
