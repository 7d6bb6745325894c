/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of the folders that are named: the saved corpus as a plain
 * test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLAY_BYTES_MAX (4u << 20)

static int replay_file(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    uint8_t *exact = NULL;

    if (file == NULL) {
        return 0;
    }
    size = fread(bytes, 1, REPLAY_BYTES_MAX, file);
    (void)fclose(file);
    /* A block of exactly that size lets a sanitizer see a read past its end. */
    exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = bytes[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

int main(int argument_count, char **arguments)
{
    uint8_t *bytes = malloc(REPLAY_BYTES_MAX);
    int files = 0;

    if (bytes == NULL) {
        return 1;
    }
    for (int i = 1; i < argument_count; i++) {
        DIR *folder = opendir(arguments[i]);
        struct dirent *entry = NULL;

        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            char path[4096];

            if (entry->d_name[0] != '.') {
                (void)snprintf(path, sizeof(path), "%s/%s", arguments[i], entry->d_name);
                files += replay_file(path, bytes);
            }
        }
        if (folder != NULL) {
            (void)closedir(folder);
        }
    }
    free(bytes);
    (void)printf("%d inputs replayed\n", files);
    return files > 0 ? 0 : 1;
}
