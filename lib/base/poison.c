/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/poison.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tamis/hash.h"

#define ITEMS_MAX  64
#define EXIT_USAGE 2
#define EXIT_QUIET 12

typedef enum poison_kind { KIND_ABORT, KIND_SEGV, KIND_KILL, KIND_EXIT, KIND_HANG } poison_kind;

typedef struct poison_item {
    poison_kind kind;
    tamis_poison_place place;
    unsigned long number; /* 0: hex counts */
    char hex[TAMIS_DIGEST_HEX_SIZE];
} poison_item;

_Atomic int tamis_poison_state;

static pthread_once_t parsed_once = PTHREAD_ONCE_INIT;
static poison_item items[ITEMS_MAX]; /* written once, before any reader passes pthread_once */
static size_t item_count;
static _Atomic unsigned long passed[TAMIS_POISON_PLACES];

static int name_index(const char *text, size_t size, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0) {
            return i;
        }
    }
    return -1;
}

static int parse_what(const char *text, size_t size, poison_item *item)
{
    if (size > 1 && text[0] == '#') {
        char *end = NULL;

        item->number = strtoul(text + 1, &end, 10);
        return item->number != 0 && end == text + size;
    }
    if (size != TAMIS_DIGEST_HEX_SIZE - 1 || strspn(text, "0123456789abcdef") < size) {
        return 0;
    }
    memcpy(item->hex, text, size);
    item->hex[size] = '\0';
    return 1;
}

/* [kind][@place]:what, or what */
static int parse_item(const char *text, size_t size, poison_item *item)
{
    static const char *const kinds[] = {"abort", "segv", "kill", "exit", "hang"};
    static const char *const places[] = {"read", "scan", "emit"};
    const char *colon = memchr(text, ':', size);
    const char *at = colon == NULL ? NULL : memchr(text, '@', (size_t)(colon - text));
    const char *kind_end = at != NULL ? at : colon;
    int kind = KIND_ABORT;
    int place = TAMIS_POISON_SCAN;

    if (colon == NULL) {
        *item = (poison_item){.kind = KIND_ABORT, .place = TAMIS_POISON_SCAN};
        return parse_what(text, size, item);
    }
    if (kind_end != text) {
        kind = name_index(text, (size_t)(kind_end - text), kinds, 5);
    }
    if (at != NULL) {
        place = name_index(at + 1, (size_t)(colon - at) - 1, places, TAMIS_POISON_PLACES);
    }
    if (kind < 0 || place < 0) {
        return 0;
    }
    *item = (poison_item){.kind = (poison_kind)kind, .place = (tamis_poison_place)place};
    return parse_what(colon + 1, size - (size_t)(colon + 1 - text), item);
}

static void parse_all(void)
{
    const char *rest = getenv("TAMIS_POISON");

    while (rest != NULL && *rest != '\0') {
        size_t size = strcspn(rest, ",");

        if (item_count == ITEMS_MAX || !parse_item(rest, size, &items[item_count])) {
            (void)fprintf(stderr, "TAMIS_POISON: malformed item, or more than %d\n", ITEMS_MAX);
            _exit(EXIT_USAGE);
        }
        item_count++;
        rest += size + (rest[size] == ',');
    }
    atomic_store(&tamis_poison_state, item_count == 0 ? 1 : 2);
}

/* As a bad access would, which no mask holds back. */
static void raise_segv(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGSEGV);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    (void)signal(SIGSEGV, SIG_DFL);
    (void)raise(SIGSEGV);
}

static void die(poison_kind kind)
{
    switch (kind) {
    case KIND_ABORT:
        abort();
    case KIND_SEGV:
        raise_segv();
        break;
    case KIND_KILL:
        (void)kill(getpid(), SIGKILL);
        break;
    case KIND_EXIT:
        _exit(EXIT_QUIET);
    case KIND_HANG:
        break;
    }
    for (;;) {
        (void)pause();
    }
}

void tamis_poison_check(tamis_poison_place place, const void *bytes, size_t size)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    unsigned long number = 0;

    (void)pthread_once(&parsed_once, parse_all); /* cannot fail with a static control */
    if (item_count == 0) {
        return;
    }
    number = atomic_fetch_add(&passed[place], 1) + 1;
    tamis_digest_to_hex(tamis_hash128(bytes, size), hex);
    for (size_t i = 0; i < item_count; i++) {
        if (items[i].place == place &&
            (items[i].number != 0 ? items[i].number == number : strcmp(items[i].hex, hex) == 0)) {
            die(items[i].kind);
        }
    }
}
