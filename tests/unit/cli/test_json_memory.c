/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: whichever allocation of a parser is refused, the process ends with a message and nothing
 * else. Method: a child for each, whose n-th allocation fails, until one needs no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "failing_malloc.h"
#include "json_memory.h"

#define ALLOCATIONS_MAX 100

/* Strings of 16, 32 and 64 bytes and one less: where the parser's buffer grows. */
static const char text[] = "{\"0123456789abcde\":\"0123456789abcdef\",\"a\":[1,2.5,null,true],"
                           "\"0123456789abcdef0123456789abcde\":"
                           "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}";

/* Exit code of a child that parses with so many allocations; what it says goes to out_text. */
static int parse_with(long allocations, char *out_text, size_t size)
{
    int ends[2];
    int code = 0;
    ssize_t length = 0;
    pid_t child = 0;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        json_t *parsed = NULL;

        (void)dup2(ends[1], STDERR_FILENO);
        failing_malloc_after(allocations);
        parsed = json_loads(text, 0, NULL);
        _exit(json_is_object(parsed) ? TAMIS_EXIT_DONE : TAMIS_EXIT_USAGE);
    }
    (void)close(ends[1]);
    length = read(ends[0], out_text, size - 1);
    out_text[length < 0 ? 0 : length] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static void test_each_allocation(void **state)
{
    char said[128];
    long count = 0;

    (void)state;
    tamis_json_memory_init();
    while (parse_with(count, said, sizeof(said)) != TAMIS_EXIT_DONE) {
        assert_string_equal(said, "tamis: out of memory while reading or writing JSON\n");
        assert_int_equal(parse_with(count, said, sizeof(said)), TAMIS_EXIT_FAILED);
        count++;
        assert_true(count < ALLOCATIONS_MAX);
    }
    assert_string_equal(said, "");
    assert_true(count > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
