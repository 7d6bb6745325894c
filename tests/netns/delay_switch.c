/* SPDX-License-Identifier: Apache-2.0 */
/* delay_switch - an Ethernet switch with slow cables between network namespaces.
 *
 *     delay_switch DELAY_MS NAMESPACE...
 *
 * Opens a TAP device `eth0` in each namespace (a path such as /run/netns/name) and passes frames
 * between them, each DELAY_MS after it came in: what tc netem does where the kernel has it. Prints
 * "ready" once all devices are there. On standard input `down N` and `up N` pull and plug the cable
 * of the N-th namespace (from 0); the end of the input ends the program, and the devices with it.
 * Frames above QUEUE_MAX are lost, as in any switch.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX      16
#define QUEUE_MAX      8192 /* 12 MB: above what 25 ms of test traffic make */
#define FRAME_MAX      1600 /* an MTU of 1500, headers, a tag */
#define ADDRESS_SIZE   6
#define HEADER_SIZE    14
#define DELAY_MAX_MS   10000
#define FRAMES_A_ROUND 64

typedef struct delayed_frame {
    uint64_t due_us;
    size_t size;
    size_t from;
    uint8_t data[FRAME_MAX];
} delayed_frame;

typedef struct switch_port {
    int file;
    bool is_down;
    bool has_address; /* of the one host behind it, learned from what it sends */
    uint8_t address[ADDRESS_SIZE];
} switch_port;

/* One delay for all: the queue is in order of due_us by itself. */
typedef struct delay_switch {
    switch_port ports[PORTS_MAX];
    size_t port_count;
    uint64_t delay_us;
    delayed_frame *queue;
    size_t first;
    size_t count;
} delay_switch;

static uint64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- Devices --------------------------------------------------------------------------------- */

static bool open_port(switch_port *port, const char *namespace)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int file = open(namespace, O_RDONLY | O_CLOEXEC);

    if (file < 0 || setns(file, CLONE_NEWNET) != 0) {
        warn("%s", namespace);
        return false; /* the process ends, and its files with it */
    }
    (void)close(file);
    port->file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "eth0");
    if (port->file < 0 || ioctl(port->file, TUNSETIFF, &request) != 0) {
        warn("eth0 in %s", namespace);
        return false;
    }
    return true;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void take_frames(delay_switch *hub, size_t from)
{
    switch_port *source = &hub->ports[from];

    for (size_t i = 0; i < FRAMES_A_ROUND; i++) {
        delayed_frame lost;
        bool is_full = hub->count == QUEUE_MAX;
        delayed_frame *next = is_full ? &lost : &hub->queue[(hub->first + hub->count) % QUEUE_MAX];
        ssize_t size = read(source->file, next->data, FRAME_MAX);

        if (size < HEADER_SIZE) {
            return;
        }
        memcpy(source->address, next->data + ADDRESS_SIZE, ADDRESS_SIZE);
        source->has_address = true;
        if (!source->is_down && !is_full) {
            next->due_us = now_us() + hub->delay_us;
            next->size = (size_t)size;
            next->from = from;
            hub->count++;
        }
    }
}

/* To the host it is for; to all where it is for all or the host is not known yet. */
static void deliver(const delay_switch *hub, const delayed_frame *frame)
{
    size_t only = hub->port_count;

    for (size_t i = 0; i < hub->port_count; i++) {
        if (hub->ports[i].has_address &&
            memcmp(hub->ports[i].address, frame->data, ADDRESS_SIZE) == 0) {
            only = i;
        }
    }
    for (size_t i = 0; i < hub->port_count; i++) {
        bool is_wanted = i != frame->from && (only == hub->port_count || only == i);

        if (is_wanted && !hub->ports[i].is_down &&
            write(hub->ports[i].file, frame->data, frame->size) < 0) {
            continue; /* the device is not up yet, or its queue is full: the frame is lost */
        }
    }
}

static void deliver_due(delay_switch *hub)
{
    uint64_t now = now_us();

    while (hub->count != 0 && hub->queue[hub->first].due_us <= now) {
        deliver(hub, &hub->queue[hub->first]);
        hub->first = (hub->first + 1) % QUEUE_MAX;
        hub->count--;
    }
}

/* ---- Orders ---------------------------------------------------------------------------------- */

/* false: the input has ended, or says what is not understood. */
static bool obey(delay_switch *hub)
{
    char line[64];
    char *end = NULL;
    bool is_down = false;
    unsigned long number = 0;

    if (fgets(line, sizeof(line), stdin) == NULL) {
        return false;
    }
    is_down = strncmp(line, "down ", 5) == 0;
    if (!is_down && strncmp(line, "up ", 3) != 0) {
        (void)fprintf(stderr, "delay_switch: no such order\n");
        return false;
    }
    number = strtoul(line + (is_down ? 5 : 3), &end, 10);
    if (*end != '\n' || number >= hub->port_count) {
        (void)fprintf(stderr, "delay_switch: no such port\n");
        return false;
    }
    hub->ports[number].is_down = is_down;
    (void)puts("done");
    return fflush(stdout) == 0;
}

static void serve(delay_switch *hub)
{
    struct pollfd polled[PORTS_MAX + 1];
    bool goes_on = true;

    for (size_t i = 0; i < hub->port_count; i++) {
        polled[i] = (struct pollfd){.fd = hub->ports[i].file, .events = POLLIN};
    }
    polled[hub->port_count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    while (goes_on) {
        uint64_t now = now_us();
        uint64_t due = hub->count == 0 ? now + 1000000 : hub->queue[hub->first].due_us;
        uint64_t wait_us = due > now ? due - now : 0;
        struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000),
                                .tv_nsec = (long)(wait_us % 1000000) * 1000};
        int ready = ppoll(polled, hub->port_count + 1, &wait, NULL);

        if (ready < 0) {
            goes_on = errno == EINTR;
            continue;
        }
        for (size_t i = 0; i < hub->port_count; i++) {
            if ((polled[i].revents & POLLIN) != 0) {
                take_frames(hub, i);
            }
        }
        if ((polled[hub->port_count].revents & (POLLIN | POLLHUP)) != 0) {
            goes_on = obey(hub);
        }
        deliver_due(hub);
    }
}

int main(int argument_count, char **arguments)
{
    delay_switch hub = {.port_count = 0};
    char *end = NULL;
    unsigned long delay_ms = argument_count < 2 ? 0 : strtoul(arguments[1], &end, 10);

    if (argument_count < 4 || argument_count > PORTS_MAX + 2 || *end != '\0' ||
        delay_ms > DELAY_MAX_MS) {
        (void)fprintf(stderr, "Usage: delay_switch DELAY_MS NAMESPACE NAMESPACE...\n");
        return 2;
    }
    hub.delay_us = (uint64_t)delay_ms * 1000;
    hub.queue = calloc(QUEUE_MAX, sizeof(*hub.queue));
    for (int i = 2; i < argument_count; i++) {
        if (hub.queue == NULL || !open_port(&hub.ports[hub.port_count], arguments[i])) {
            free(hub.queue);
            return 1;
        }
        hub.port_count++;
    }
    /* A whole line a call: poll() must not overlook what lies in a buffer. */
    (void)setvbuf(stdin, NULL, _IONBF, 0);
    (void)puts("ready");
    (void)fflush(stdout);
    serve(&hub);
    free(hub.queue);
    return 0;
}
