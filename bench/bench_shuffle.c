/* SPDX-License-Identifier: Apache-2.0 */
/* One pair of workers over tcp loopback, as the shuffle does it: a file (or pieces of many run
 * files) in one data folder is served chunk by chunk, and written into another one, both ends
 * checking the sums; without keys and with them, with windows of several sizes. The processor time
 * is that of both ends: beside other programs it says more than the rate.
 *
 *   bench_shuffle [FOLDER [MIB]]     FOLDER: where to make both (/tmp); MIB of the file (512) */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tamis/data_server.h"
#include "tamis/exchange.h"
#include "tamis/fetch.h"
#include "tamis/heap.h"
#include "tamis/run_file.h"

#define JOB        "00000000000000be"
#define MEASURE_MS 3000
#define TASKS      256
#define MIB        ((uint64_t)1 << 20)

typedef struct pair {
    char base[128];
    char owner[TAMIS_PATH_MAX];
    char reader[TAMIS_PATH_MAX];
    char target[TAMIS_PATH_MAX];
    char url[TAMIS_URL_SIZE];
    tamis_net_security server_keys;
    tamis_net_security client_keys;
    tamis_net *server_net;
    tamis_net *client_net;
    tamis_actor *server;
    tamis_results *results;
    tamis_data_server_options server_options;
    bool has_keys;
} pair;

static tamis_err err;

static void must(tamis_status status, const char *what)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_shuffle: %s: %s: %s\n", what, tamis_status_name(status),
                      err.text);
        exit(EXIT_FAILURE);
    }
}

static void path_of(const pair *p, uint32_t task, const char *name, char out_path[TAMIS_PATH_MAX])
{
    (void)snprintf(out_path, TAMIS_PATH_MAX, "%s/owner/" JOB "/0-%u%s%s", p->base, task,
                   name == NULL ? "" : "/", name == NULL ? "" : name);
}

static void make_file(const pair *p, uint64_t size)
{
    char path[TAMIS_PATH_MAX];
    uint64_t *block = malloc(MIB);
    int file = -1;

    path_of(p, 0, NULL, path);
    must(tamis_path_make_folder(path, &err), "folder");
    path_of(p, 0, TAMIS_KEPT_NAME, path);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (uint64_t done = 0; block != NULL && done < size; done += MIB) {
        for (size_t i = 0; i < MIB / 8; i++) {
            block[i] = (done + i) * UINT64_C(0x9e3779b97f4a7c15);
        }
        if (write(file, block, MIB) != (ssize_t)MIB) {
            perror(path);
            exit(EXIT_FAILURE);
        }
    }
    (void)close(file);
    free(block);
}

/* Run files with one piece each of `bytes`, as LINK finds them. */
static void make_runs(const pair *p, uint64_t bytes)
{
    for (uint32_t task = 0; task < TASKS; task++) {
        char path[TAMIS_PATH_MAX];
        tamis_run_writer *writer = NULL;

        path_of(p, task, NULL, path);
        must(tamis_path_make_folder(path, &err), "folder");
        path_of(p, task, TAMIS_RUN_NAME, path);
        must(tamis_run_writer_create(path, &writer, &err), "run file");
        must(tamis_run_writer_begin(writer, TAMIS_PIECE_PAIRS, 0, 2, false, &err), "run file");
        for (uint64_t i = 0; i < bytes / 11; i++) {
            uint64_t record[2] = {i << 24 | (i * 40503 & 0xffffff), i * UINT64_C(0x9e3779b9)};

            must(tamis_run_writer_append(writer, record, 1, &err), "run file");
        }
        must(tamis_run_writer_end(writer, &err), "run file");
        must(tamis_run_writer_finish(writer, NULL, &err), "run file");
        tamis_run_writer_destroy(writer);
    }
}

static bool folder_of(void *context, uint32_t number, tamis_folder_place *out_place)
{
    const pair *p = context;

    *out_place = (tamis_folder_place){.is_alive = true};
    memcpy(out_place->path, p->owner, sizeof(out_place->path));
    memcpy(out_place->data_url, p->url, sizeof(out_place->data_url));
    memcpy(out_place->public_key, p->server_keys.public_key, sizeof(out_place->public_key));
    return number == 0;
}

static void start(pair *p)
{
    tamis_net_peer peer = {.user = "reader", .roles = TAMIS_ROLE_WORKER};
    tamis_results_options results = {
        .data_folder = p->reader, .mode = TAMIS_SHUFFLE_NETWORK, .folder = folder_of, .context = p};

    must(tamis_net_create(&p->server_net, &err), "net");
    must(tamis_net_create(&p->client_net, &err), "net");
    if (p->has_keys) {
        p->server_keys.is_on = true;
        p->client_keys.is_on = true;
        must(tamis_net_key_pair(p->server_keys.public_key, p->server_keys.secret_key, &err),
             "keys");
        must(tamis_net_key_pair(p->client_keys.public_key, p->client_keys.secret_key, &err),
             "keys");
        memcpy(peer.key, p->client_keys.public_key, sizeof(peer.key));
        must(tamis_net_guard_start(p->server_net, &err), "guard");
        must(tamis_net_allow(p->server_net, TAMIS_DATA_DOMAIN, &peer, 1, &err), "allow");
    }
    p->server_options = (tamis_data_server_options){.net = p->server_net,
                                                    .security = &p->server_keys,
                                                    .url = "tcp://127.0.0.1:*",
                                                    .data_folder = p->owner,
                                                    .folder_id = ""};
    must(tamis_data_server_start(&p->server_options, p->url, &p->server, &err), "server");
    results.net = p->client_net;
    results.security = &p->client_keys;
    must(tamis_results_create(&results, &p->results, &err), "client");
}

static void stop(pair *p)
{
    tamis_results_destroy(p->results);
    must(tamis_actor_stop(p->server, 5000, &err), "stop");
    tamis_net_destroy(p->client_net);
    tamis_net_destroy(p->server_net);
}

static double cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Fetches the object again and again for some seconds. */
static void measure(pair *p, const char *what, const tamis_data_object *object, uint32_t window)
{
    uint64_t began_ms = 0;
    uint64_t bytes = 0;
    double cpu = 0;
    double seconds = 0;

    for (unsigned round = 0; round == 0 || tamis_net_now_ms() - began_ms < MEASURE_MS; round++) {
        tamis_fetch_item item = {.object = object, .window = window, .path = p->target};
        tamis_transfer *transfer = NULL;

        if (round == 1) { /* the first one warms up */
            began_ms = tamis_net_now_ms();
            bytes = 0;
            cpu = cpu_seconds();
        }
        must(tamis_transfer_start(p->results, &item, &transfer, &err), "start");
        while (!tamis_transfer_has_ended(transfer)) {
            must(tamis_transfer_pump(&transfer, 1, 1000, &err), "pump");
        }
        tamis_transfer_destroy(transfer);
        must(item.status, "transfer");
        bytes += item.size;
        began_ms = round == 0 ? tamis_net_now_ms() : began_ms;
    }
    seconds = (double)(tamis_net_now_ms() - began_ms) / 1e3;
    cpu = cpu_seconds() - cpu;
    (void)printf("%-6s %-7s window %2u x 1 MiB  %7.0f MB/s  %5.2f CPU s/GB\n",
                 p->has_keys ? "curve" : "plain", what, window, (double)bytes / seconds / 1e6,
                 cpu / ((double)bytes / 1e9));
    (void)fflush(stdout);
}

static void run(pair *p)
{
    static const uint32_t windows[] = {1, 2, 4, 8, 16};
    static tamis_data_object file = {
        .kind = TAMIS_DATA_FILE, .job = JOB, .file = TAMIS_RESULT_KEPT, .task_count = 1};
    static tamis_data_object pieces = {.kind = TAMIS_DATA_PIECES,
                                       .job = JOB,
                                       .piece = TAMIS_PIECE_PAIRS,
                                       .end_part = 1,
                                       .task_count = TASKS};

    for (uint32_t i = 0; i < TASKS; i++) {
        pieces.tasks[i] = i;
    }
    start(p);
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        measure(p, "file", &file, windows[i]);
    }
    measure(p, "pieces", &pieces, 8);
    stop(p);
}

int main(int argument_count, char **arguments)
{
    pair p = {.base = ""};
    uint64_t size = (argument_count > 2 ? strtoull(arguments[2], NULL, 10) : 512) * MIB;

    tamis_heap_keep_chunks(); /* as tamis-worker does */
    (void)snprintf(p.base, sizeof(p.base), "%.80s/tamis-bench-XXXXXX",
                   argument_count > 1 ? arguments[1] : "/tmp");
    if (mkdtemp(p.base) == NULL) {
        perror(p.base);
        return EXIT_FAILURE;
    }
    (void)snprintf(p.owner, sizeof(p.owner), "%s/owner", p.base);
    (void)snprintf(p.reader, sizeof(p.reader), "%s/reader", p.base);
    (void)snprintf(p.target, sizeof(p.target), "%s/reader/copy", p.base);
    must(tamis_path_make_folder(p.reader, &err), "folder");
    make_file(&p, size);
    make_runs(&p, MIB);
    run(&p);
    p.has_keys = true;
    run(&p);
    must(tamis_path_remove(p.base, &err), "remove");
    return EXIT_SUCCESS;
}
