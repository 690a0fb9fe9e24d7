// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

/* The regency: its units, which of them answers on which day, and the register as a file. */
#include "common/text.h"
#include "deploy/sample/sample.h"

/* No official coded list of units was found: codes and names here are samples, and say so. */
const struct unit units[UNITS] = {
	{"1.01.0.00.0.00.01.0000", "Contoh Dinas Pendidikan", "dinas", NONE, "", NONE, 60, 110},
	{"1.01.0.00.0.00.01.0011", "Contoh SMP Negeri 1", "sekolah", 0, "", NONE, 9, 80},
	{"1.01.0.00.0.00.01.0012", "Contoh SMP Negeri 2", "sekolah", 0, "", NONE, 6, 90},
	{"1.02.0.00.0.00.01.0000", "Contoh Dinas Kesehatan", "dinas", NONE, "", NONE, 50, 90},
	{"1.02.0.00.0.00.01.0011", "Contoh Puskesmas Utara", "puskesmas", 3, "", NONE, 14, 70},
	{"1.02.0.00.0.00.01.0012", "Contoh Puskesmas Selatan", "puskesmas", 3, "", NONE, 11, 100},
	{"1.02.0.00.0.00.01.0013", "Contoh Puskesmas Pesisir", "puskesmas", 3, "", NONE, 8, 130},
	{"1.02.0.00.0.00.02.0000", "Contoh RSUD", "rsud", 3, "", NONE, 55, 120},
	{"1.03.0.00.0.00.01.0000", "Contoh Dinas Pekerjaan Umum", "dinas", NONE, "", NONE, 95, 160},
	{"1.04.0.00.0.00.01.0000", "Contoh Dinas Perumahan", "dinas", NONE, "", NONE, 22, 120},
	{"1.05.0.00.0.00.01.0000", "Contoh Satuan Polisi Pamong Praja", "satpol", NONE, "", NONE, 28, 70},
	{"1.05.0.00.0.00.02.0000", "Contoh BPBD", "badan", NONE, "", NONE, 10, 60},
	{"1.06.0.00.0.00.01.0000", "Contoh Dinas Sosial", "dinas", NONE, "", NONE, 48, 100},
	{"2.07.0.00.0.00.01.0000", "Contoh Dinas Tenaga Kerja", "dinas", NONE, "", NONE, 14, 90},
	{"2.11.0.00.0.00.01.0000", "Contoh Dinas Lingkungan Hidup", "dinas", NONE, "", NONE, 40, 110},
	{"2.12.0.00.0.00.01.0000", "Contoh Dinas Kependudukan", "dinas", NONE, "", NONE, 75, 60},
	{"2.13.0.00.0.00.01.0000", "Contoh Dinas Pemberdayaan Desa", "dinas", NONE, "", NONE, 20, 130},
	{"2.15.0.00.0.00.01.0000", "Contoh Dinas Perhubungan", "dinas", NONE, "", NONE, 30, 90},
	{"2.16.2.20.2.21.01.0000", "Contoh Dinas Komunikasi", "dinas", NONE, "", NONE, 12, 50},
	{"2.17.0.00.0.00.01.0000", "Contoh Dinas Koperasi", "dinas", NONE, "", NONE, 9, 100},
	{"2.18.0.00.0.00.01.0000", "Contoh Dinas Penanaman Modal", "dinas", NONE, "", NONE, 18, 70},
	{"2.23.0.00.0.00.01.0000", "Contoh Dinas Perpustakaan", "dinas", NONE, "", NONE, 1, 80},
	{"3.25.0.00.0.00.01.0000", "Contoh Dinas Perikanan", "dinas", NONE, "2024-06-30", 24, 12, 110},
	{"3.26.0.00.0.00.01.0000", "Contoh Dinas Pariwisata", "dinas", NONE, "", NONE, 8, 90},
	{"3.27.0.00.0.00.01.0000", "Contoh Dinas Pertanian", "dinas", NONE, "", NONE, 26, 120},
	{"3.30.0.00.0.00.01.0000", "Contoh Dinas Perdagangan", "dinas", NONE, "", NONE, 16, 100},
	{"4.01.0.00.0.00.01.0000", "Contoh Sekretariat Daerah", "sekretariat", NONE, "", NONE, 12, 100},
	{"5.01.0.00.0.00.01.0000", "Contoh Bappeda", "badan", NONE, "", NONE, 4, 80},
	{"5.02.0.00.0.00.01.0000", "Contoh Badan Keuangan", "badan", NONE, "", NONE, 15, 90},
	{"5.03.0.00.0.00.01.0000", "Contoh Badan Kepegawaian", "badan", NONE, "", NONE, 10, 90},
	{"6.01.0.00.0.00.01.0000", "Contoh Inspektorat", "inspektorat", NONE, "", NONE, 11, 140},
	{"7.01.0.00.0.00.01.0000", "Contoh Kecamatan Satu", "kecamatan", NONE, "", NONE, 9, 70},
	{"7.01.0.00.0.00.01.0001", "Contoh Kelurahan Satu A", "kelurahan", 31, "", NONE, 5, 80},
	{"7.01.0.00.0.00.01.0002", "Contoh Kelurahan Satu B", "kelurahan", 31, "", NONE, 4, 90},
	{"7.01.0.00.0.00.02.0000", "Contoh Kecamatan Dua", "kecamatan", NONE, "", NONE, 8, 80},
	{"7.01.0.00.0.00.03.0000", "Contoh Kecamatan Tiga", "kecamatan", NONE, "", NONE, 6, 100},
	{"7.01.0.00.0.00.04.0000", "Contoh Kecamatan Empat", "kecamatan", NONE, "", NONE, 5, 60},
	{"7.01.0.00.0.00.05.0000", "Contoh Kecamatan Lima", "kecamatan", NONE, "", NONE, 1, 90},
	{"8.01.0.00.0.00.01.0000", "Contoh Badan Kesatuan Bangsa", "badan", NONE, "", NONE, 5, 90},
};

int attribute(int unit, day_number day)
{
	day_number last;
	while (units[unit].successor != NONE && date_parse(text_of(units[unit].last), &last) == 0 && day > last)
		unit = units[unit].successor;
	return unit;
}

int some_unit(struct random *r)
{
	unsigned all = 0;
	for (int i = 0; i < UNITS; i++)
		all += units[i].weight;
	uint64_t at = random_below(r, all);
	for (int i = 0; i < UNITS; i++) {
		if (at < units[i].weight)
			return i;
		at -= units[i].weight;
	}
	return 0;
}

int some_child(struct random *r, int parent)
{
	int found[UNITS];
	unsigned n = 0;
	for (int i = 0; i < UNITS; i++)
		if (units[i].parent == parent)
			found[n++] = i;
	return n ? found[random_below(r, n)] : NONE;
}

bool reports_on(int unit, day_number day)
{
	return units[unit].parent == NONE && attribute(unit, day) == unit;
}

void write_units(const char *folder)
{
	FILE *f = create_file(folder, "units.csv");
	fputs("unit_code,name,kind,parent_code,valid_from,valid_to,successor_code\n", f);
	for (int i = 0; i < UNITS; i++) {
		const struct unit *u = &units[i];
		fprintf(f, "%s,%s,%s,%s,2020-01-01,%s,%s\n", u->code, u->name, u->kind, u->parent == NONE ? "" : units[u->parent].code, u->last,
			u->successor == NONE ? "" : units[u->successor].code);
	}
	finish_file(f, "units.csv");
}
