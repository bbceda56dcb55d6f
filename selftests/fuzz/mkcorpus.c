// SPDX-License-Identifier: GPL-2.0
/*
 * Write a seed file for each line "NAME HEX..." of the standard input into a
 * directory; # begins a comment.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_seed(const char *dir, const char *name)
{
	char path[4096];
	unsigned int byte;
	const char *word, *p;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		return -1;
	}
	while ((word = strtok(NULL, " \t\n"))) {
		for (p = word; *p; p += 2) {
			if (!p[1] || sscanf(p, "%2x", &byte) != 1) {
				fprintf(stderr, "%s: not hex: %s\n", name, word);
				fclose(file);
				return -1;
			}
			putc(byte, file);
		}
	}
	return fclose(file);
}

int main(int argc, char **argv)
{
	char line[8192], *name;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s DIR < SEEDS\n", argv[0]);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "#")] = 0;
		name = strtok(line, " \t\n");
		if (name && write_seed(argv[1], name))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
