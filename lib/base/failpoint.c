/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t armed_once = PTHREAD_ONCE_INIT;
static int armed_name = -1; /* written once, before any reader passes pthread_once */
static _Atomic long armed_left;

const char *tamis_failpoint_text(tamis_failpoint_name name)
{
    static const char *const texts[TAMIS_FAILPOINT_COUNT] = {
#define TAMIS_FAILPOINT_TEXT(name, text) text,
        TAMIS_FAILPOINT_TABLE(TAMIS_FAILPOINT_TEXT)
#undef TAMIS_FAILPOINT_TEXT
    };

    return texts[name];
}

static void failpoint_arm(void)
{
    const char *asked = getenv("TAMIS_FAILPOINT");
    const char *colon = NULL;
    size_t length = 0;

    if (asked == NULL) {
        return;
    }
    colon = strchr(asked, ':');
    length = colon == NULL ? strlen(asked) : (size_t)(colon - asked);
    for (int name = 0; name < TAMIS_FAILPOINT_COUNT; name++) {
        const char *text = tamis_failpoint_text((tamis_failpoint_name)name);

        if (strlen(text) == length && memcmp(text, asked, length) == 0) {
            armed_name = name;
            atomic_store(&armed_left, colon == NULL ? 1 : strtol(colon + 1, NULL, 10));
        }
    }
}

bool tamis_failpoint_list(int argument_count, char *const *arguments)
{
    if (argument_count != 2 || strcmp(arguments[1], "--list-failpoints") != 0) {
        return false;
    }
    for (int name = 0; name < TAMIS_FAILPOINT_COUNT; name++) {
        (void)puts(tamis_failpoint_text((tamis_failpoint_name)name));
    }
    return true;
}

void tamis_failpoint(tamis_failpoint_name name)
{
    (void)pthread_once(&armed_once, failpoint_arm); /* cannot fail with a static control */
    if (armed_name == (int)name && atomic_fetch_sub(&armed_left, 1) == 1) {
        (void)kill(getpid(), SIGKILL);
    }
}
