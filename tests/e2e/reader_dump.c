/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what discovery and reader make of inputs, so that check_reader.py can compare it with the
 * reference. Test tool; one line a row on standard output:
 *
 *   input part row fault flags offset id url scope date text raw cut
 *
 * input is the number of the argument, in order of discovery; fault, id, url, scope, date and cut
 * are hexadecimal bytes ("-": empty), text and raw XXH3-128; cut is the object without its member
 * "tamis", only where it has one.
 *
 * Arguments: split-bytes text-field id-field url-field scope-field path...
 *
 * With the one argument "urls" it prints the normal form of each line of standard input instead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/reader.h"

static void print_hex(tamis_slice bytes)
{
    putchar(' ');
    if (bytes.size == 0) {
        putchar('-');
    }
    for (size_t i = 0; i < bytes.size; i++) {
        printf("%02x", bytes.data[i]);
    }
}

static void print_digest(tamis_digest digest)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, hex);
    printf(" %s", hex);
}

static void print_row(const tamis_split *split, const tamis_doc *doc)
{
    printf("%" PRIu32 " %" PRIu32 " %" PRIu32 " %s %" PRIu32 " %" PRIu64, split->input, split->part,
           doc->row, tamis_fault_code(doc->fault), doc->flags, doc->offset);
    print_hex(doc->id);
    if (doc->fault != TAMIS_FAULT_NONE) {
        printf(" - - - -");
        print_digest(doc->raw_digest);
        printf(" -\n");
        return;
    }
    print_hex(doc->url);
    print_hex(doc->scope);
    print_hex(doc->date);
    print_digest(tamis_hash128(doc->text.data, doc->text.size));
    print_digest(tamis_hash128(doc->raw.data, doc->raw.size));
    if ((doc->flags & TAMIS_DOC_HAS_TAMIS) != 0) {
        print_hex(tamis_slice_of(doc->raw.data, doc->tamis_begin));
        print_hex(tamis_slice_of(doc->raw.data + doc->tamis_end, doc->raw.size - doc->tamis_end));
        printf("\n");
    } else {
        bool is_close = doc->raw.size == 0 || doc->raw.data[doc->close_offset] == '}';

        printf(is_close ? " -\n" : " no-brace\n");
    }
}

static tamis_status dump_plan(const tamis_settings *settings, const tamis_plan *plan,
                              tamis_err *err)
{
    tamis_reader *reader = NULL;
    tamis_status status = tamis_reader_create(settings, &reader, err);

    for (uint32_t i = 0; status == TAMIS_OK && i < plan->split_count; i++) {
        const tamis_split *split = &plan->splits[i];
        tamis_doc doc;

        status = tamis_reader_open(reader, &plan->inputs[split->input], split, i, err);
        while (status == TAMIS_OK) {
            status = tamis_reader_next(reader, &doc, err);
            if (status == TAMIS_OK) {
                print_row(split, &doc);
            }
        }
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    tamis_reader_destroy(reader);
    return status;
}

static tamis_status dump_urls(void)
{
    tamis_buf form;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&form, 0);
    while (status == TAMIS_OK && (size = getline(&line, &capacity, stdin)) > 0) {
        size -= line[size - 1] == '\n';
        tamis_buf_reset(&form);
        status = tamis_url_normalize(tamis_slice_of(line, (size_t)size), &form);
        print_hex(tamis_buf_slice(&form));
        printf("\n");
    }
    free(line);
    tamis_buf_fini(&form);
    return status;
}

int main(int argc, char **argv)
{
    tamis_settings settings;
    tamis_plan plan = {.input_count = 0};
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (argc == 2 && strcmp(argv[1], "urls") == 0) {
        return dump_urls() == TAMIS_OK ? 0 : 1;
    }
    if (argc < 7) {
        fprintf(stderr, "usage: reader_dump SPLIT-BYTES TEXT ID URL SCOPE PATH...\n");
        return 2;
    }
    tamis_settings_defaults(&settings);
    settings.split_bytes = strtoull(argv[1], NULL, 10);
    (void)snprintf(settings.text_field, sizeof(settings.text_field), "%s", argv[2]);
    (void)snprintf(settings.id_field, sizeof(settings.id_field), "%s", argv[3]);
    (void)snprintf(settings.url_field, sizeof(settings.url_field), "%s", argv[4]);
    (void)snprintf(settings.scope_field, sizeof(settings.scope_field), "%s", argv[5]);
    settings.scope = argv[5][0] == '\0' ? TAMIS_SCOPE_ALL : TAMIS_SCOPE_FIELD;

    const tamis_discover_options options = {.paths = (const char *const *)(argv + 6),
                                            .path_count = (size_t)argc - 6};
    status = tamis_discover(&settings, &options, &plan, &err);
    if (status == TAMIS_OK) {
        for (uint32_t i = 0; i < plan.input_count; i++) {
            printf("name %" PRIu32, i);
            print_hex(tamis_slice_of_string(plan.inputs[i].name));
            printf("\n");
        }
        status = dump_plan(&settings, &plan, &err);
    }
    if (status != TAMIS_OK) {
        fprintf(stderr, "reader_dump: %s: %s\n", tamis_status_text(status), err.text);
    }
    tamis_plan_fini(&plan);
    return status == TAMIS_OK ? 0 : 1;
}
