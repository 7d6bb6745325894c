/* SPDX-License-Identifier: Apache-2.0 */
/* tamis status: how far a coordinator is, once or as it goes on. */
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cluster_options.h"
#include "commands.h"
#include "progress.h"
#include "run_options.h"
#include "status_print.h"

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT    24
#define SLEEP_STEP_MS   50
#define SCREEN_BEGIN    "\033[?1049h\033[?25l" /* another screen, no cursor */
#define SCREEN_HOME     "\033[H"
#define SCREEN_LINE     "\033[K"
#define SCREEN_REST     "\033[J"
#define SCREEN_END      "\033[?25h\033[?1049l"

static const tamis_option status_options[] = {
    {.name = "watch",
     .short_name = 'w',
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "How long",
     .help = "show it again and again: until the job has ended, or until Ctrl-C without JOB"},
    {.name = "interval",
     .type = TAMIS_OPTION_DURATION,
     .default_text = "1s",
     .min = 100,
     .max = 3600000,
     .group = "How long",
     .help = "between two looks"},
    TAMIS_CLUSTER_OPTIONS,
    TAMIS_JSON_OPTION,
    {.name = "color",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_color_choices,
     .group = "Messages",
     .help = "use color on stdout: when it is a terminal, always, never; NO_COLOR turns it off"},
};

const tamis_option_table tamis_status_table = {
    .program = "tamis status",
    .operands = "[JOB]",
    .operands_max = 1,
    .summary = "show jobs, stages and workers of a coordinator",
    .description =
        "Shows the stages of a job with rates and the time left, and the workers. JOB is an id, "
        "the beginning of one, the path of its OUT, or 'last'; without it the job that runs is "
        "shown, or else the one that was submitted last.\n"
        "\n"
        "With --watch on a terminal the page is drawn anew each second; elsewhere, and with "
        "--json, one after the other is printed.",
    .examples = "tamis status --watch\n"
                "tamis status --json last | jq '.job.tasks_lost'",
    .exit_codes = "0  done\n"
                  "1  failed; with JOB and --watch: the job failed or was canceled\n"
                  "2  usage, or no such job\n"
                  "4  the coordinator cannot be reached",
    .options = status_options,
    .option_count = sizeof(status_options) / sizeof(status_options[0]),
};

/* Written by the signal handler. */
static _Atomic bool is_interrupted;

static void on_signal(int number)
{
    (void)number;
    is_interrupted = true;
}

typedef struct look {
    const tamis_options *options;
    const char *job; /* NULL: none was named */
    bool is_watching;
    bool is_json;
    bool is_screen;
    tamis_control *control;
    tamis_status_view view;
    tamis_job_list jobs;
    tamis_worker_list workers;
    tamis_message *status; /* NULL: there is no job */
    const char *output;
    tamis_buf page;
} look;

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there on Linux */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void forget(look *l)
{
    tamis_message_destroy(l->status);
    l->status = NULL;
    tamis_job_list_free(&l->jobs);
    tamis_worker_list_free(&l->workers);
}

/* The job that is shown when none was named: the one that runs, or the last. */
static const tamis_job_row *default_job(const tamis_job_list *jobs)
{
    for (size_t i = 0; i < jobs->row_count; i++) {
        if (jobs->rows[i].state == TAMIS_RUN_RUNNING) {
            return &jobs->rows[i];
        }
    }
    return jobs->row_count == 0 ? NULL : &jobs->rows[jobs->row_count - 1];
}

static tamis_status take_look(look *l, tamis_err *err)
{
    const tamis_job_row *row = NULL;
    tamis_message question = {.kind = TAMIS_MESSAGE_STATUS_REQUEST};
    tamis_status status = tamis_job_list_get(l->control, &l->jobs, err);

    if (status == TAMIS_OK) {
        status = tamis_worker_list_get(l->control, &l->workers, err);
    }
    if (status == TAMIS_OK && l->job != NULL) {
        status = tamis_job_list_find(&l->jobs, l->job, &row, err);
    } else if (status == TAMIS_OK) {
        row = default_job(&l->jobs);
    }
    if (status != TAMIS_OK || row == NULL) {
        return status;
    }
    l->output = row->output;
    (void)snprintf(question.job, sizeof(question.job), "%s", row->id);
    return tamis_control_ask(l->control, &question, TAMIS_MESSAGE_STATUS, &l->status, err);
}

static void window_size(unsigned *out_columns, unsigned *out_rows)
{
    struct winsize window;

    *out_columns = COLUMNS_DEFAULT;
    *out_rows = ROWS_DEFAULT;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 && window.ws_row > 1) {
        *out_columns = window.ws_col;
        *out_rows = window.ws_row;
    }
}

/* Writes the page over the one before: each line is cleared behind its end, then the rest. */
static void write_screen(const tamis_buf *page)
{
    const char *text = (const char *)page->data;
    size_t first = 0;

    (void)fputs(SCREEN_HOME, stdout);
    for (size_t i = 0; i < page->size; i++) {
        if (text[i] == '\n') {
            (void)fwrite(text + first, 1, i - first, stdout);
            (void)fputs(SCREEN_LINE "\r\n", stdout);
            first = i + 1;
        }
    }
    (void)fputs(SCREEN_REST, stdout);
}

static tamis_status show(look *l, tamis_err *err)
{
    const tamis_run_status *job = l->status == NULL ? NULL : l->status->body.status;
    tamis_status_moment moment = {
        .now_ms = now_ms(),
        .status = job,
        .output = l->output,
        .jobs = &l->jobs,
        .workers = &l->workers,
    };
    unsigned columns = 0;
    unsigned rows = 0;
    tamis_status status = TAMIS_OK;

    if (l->is_json) {
        return tamis_status_print_json(stdout, job, &l->jobs, &l->workers, err);
    }
    if (l->is_screen) {
        window_size(&columns, &rows);
        rows--; /* the last line would make the screen roll */
    }
    tamis_buf_reset(&l->page);
    status = tamis_status_page(&l->view, &moment, columns, rows, &l->page);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory to show the status");
    }
    if (l->is_screen) {
        write_screen(&l->page);
    } else {
        (void)fwrite(l->page.data, 1, l->page.size, stdout);
        (void)fputs(l->is_watching ? "\n" : "", stdout);
    }
    return fflush(stdout) == 0 ? TAMIS_OK
                               : tamis_err_set(err, TAMIS_EIO, "cannot write to standard output");
}

static bool has_ended(const look *l)
{
    tamis_run_state state = l->status == NULL ? TAMIS_RUN_DONE : l->status->body.status->state;

    return state == TAMIS_RUN_DONE || state == TAMIS_RUN_FAILED || state == TAMIS_RUN_CANCELED;
}

static void rest(uint64_t interval_ms)
{
    struct timespec step = {.tv_nsec = SLEEP_STEP_MS * 1000000L};

    for (uint64_t slept = 0; slept < interval_ms && !is_interrupted; slept += SLEEP_STEP_MS) {
        (void)nanosleep(&step, NULL); /* a signal ends it early, which is what is wanted */
    }
}

static tamis_status watch(look *l, int *out_code, tamis_err *err)
{
    bool is_over = false;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && !is_over) {
        forget(l);
        status = take_look(l, err);
        if (status == TAMIS_OK) {
            status = show(l, err);
        } else if (status == TAMIS_EPEER && l->is_watching && !is_interrupted) {
            (void)fprintf(stderr, "tamis status: %s; still trying\n", err->text);
            status = TAMIS_OK; /* it may be starting again */
            continue;
        }
        is_over = !l->is_watching || is_interrupted ||
                  (status == TAMIS_OK && l->job != NULL && has_ended(l));
        if (status == TAMIS_OK && !is_over) {
            rest(tamis_options_uint(l->options, "interval"));
            is_over = is_interrupted;
        }
    }
    if (status == TAMIS_OK && l->is_watching && l->job != NULL && l->status != NULL &&
        has_ended(l) && l->status->body.status->state != TAMIS_RUN_DONE) {
        *out_code = TAMIS_EXIT_FAILED;
    }
    return status == TAMIS_ECANCELED ? TAMIS_OK : status;
}

static bool wants_color(const tamis_options *options)
{
    const char *no_color = getenv("NO_COLOR");
    unsigned mode = tamis_options_choice(options, "color");

    return mode == TAMIS_COLOR_ALWAYS || (mode == TAMIS_COLOR_AUTO && isatty(STDOUT_FILENO) == 1 &&
                                          (no_color == NULL || no_color[0] == '\0'));
}

static void look_init(look *l, const tamis_options *options)
{
    const char *const *operands = NULL;
    size_t count = tamis_options_operands(options, &operands);

    *l = (look){
        .options = options,
        .job = count == 0 ? NULL : operands[0],
        .is_watching = tamis_options_flag(options, "watch"),
        .is_json = tamis_options_flag(options, "json"),
        .view = {.url = tamis_options_text(options, "coordinator"),
                 .has_color = wants_color(options)},
    };
    l->is_screen = l->is_watching && !l->is_json && isatty(STDOUT_FILENO) == 1;
    tamis_buf_init(&l->page, 0);
}

int tamis_cmd_status(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    struct sigaction action = {.sa_handler = on_signal};
    look l;
    tamis_err err = {.status = TAMIS_OK};
    int code = TAMIS_EXIT_DONE;
    tamis_status status = TAMIS_OK;

    if (!tamis_options_start(&tamis_status_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    code = TAMIS_EXIT_DONE;
    look_init(&l, options);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL); /* valid numbers: cannot fail */
    (void)sigaction(SIGTERM, &action, NULL);
    status = tamis_cluster_connect(options, &is_interrupted, &l.control, &err);
    if (status == TAMIS_OK && l.is_screen) {
        (void)fputs(SCREEN_BEGIN, stdout);
    }
    if (status == TAMIS_OK) {
        status = watch(&l, &code, &err);
    }
    if (l.is_screen) {
        (void)fputs(SCREEN_END, stdout);
        (void)fwrite(l.page.data, 1, l.page.size, stdout); /* the last page stays */
    }
    if (status != TAMIS_OK) {
        code = tamis_cluster_fail("tamis status", &err);
    }
    forget(&l);
    tamis_control_close(l.control);
    tamis_buf_fini(&l.page);
    tamis_options_destroy(options);
    return code;
}
