/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"

#include <stdlib.h>

#include "tamis/keys.h"

#define RENEW_MS 1000  /* between looks at the file */
#define TELL_MS  10000 /* between words about what peers do: they could fill the disk otherwise */

struct tamis_door {
    const tamis_coordinator_options *options;
    tamis_peer_gate *gate;
    tamis_allowed_watch watch;
    uint64_t renewed_ms;
    uint64_t told_ms;
    uint64_t refused_handshakes;           /* as told */
    uint64_t hung_up;                      /* as told */
    uint64_t refused_packets;              /* since told */
    char refused_text[TAMIS_ERR_TEXT_MAX]; /* the last one */
};

static bool is_guarded(const tamis_door *door)
{
    return door->options->security != NULL && door->options->security->is_on;
}

static tamis_status guard(tamis_door *door, tamis_err *err)
{
    size_t count = 0;
    tamis_status status = tamis_net_guard_start(door->options->net, err);

    if (status == TAMIS_EEXIST) {
        status = TAMIS_OK; /* by the data server; nobody gets in before there is a list */
    }
    (void)snprintf(door->watch.path, sizeof(door->watch.path), "%s", door->options->allowed_path);
    if (status == TAMIS_OK) {
        status = tamis_allowed_renew(&door->watch, door->options->net, &count, err);
    }
    if (status == TAMIS_OK) {
        tamis_log_event(door->options->log, TAMIS_LOG_INFO, "keys.read",
                        tamis_log_text("file", door->watch.path), tamis_log_uint("keys", count));
    }
    return status;
}

tamis_status tamis_door_open(const tamis_coordinator_options *options, tamis_door **out_door,
                             tamis_err *err)
{
    tamis_door *door = calloc(1, sizeof(*door));
    tamis_status status = TAMIS_OK;

    if (door == NULL || tamis_peer_gate_create(&door->gate) != TAMIS_OK) {
        tamis_door_close(door);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a coordinator");
    }
    door->options = options;
    if (is_guarded(door)) {
        status = guard(door, err);
    } else if (!tamis_url_is_local(options->url)) {
        tamis_log_event(options->log, TAMIS_LOG_WARN, "security.off",
                        tamis_log_text("url", options->url),
                        tamis_log_text("meaning", "anybody in the network may read and write"));
    }
    if (status != TAMIS_OK) {
        tamis_door_close(door);
        return status;
    }
    *out_door = door;
    return TAMIS_OK;
}

void tamis_door_close(tamis_door *door)
{
    if (door != NULL) {
        tamis_peer_gate_destroy(door->gate);
        free(door);
    }
}

static void renew(tamis_door *door)
{
    tamis_err err = {.status = TAMIS_OK};
    size_t count = 0;
    tamis_status status = tamis_allowed_renew(&door->watch, door->options->net, &count, &err);

    if (status == TAMIS_OK) {
        tamis_log_event(door->options->log, TAMIS_LOG_INFO, "keys.read",
                        tamis_log_text("file", door->watch.path), tamis_log_uint("keys", count));
    } else if (status != TAMIS_EAGAIN) {
        tamis_log_event(door->options->log, TAMIS_LOG_ERROR, "keys.unreadable",
                        tamis_log_text("error", err.text),
                        tamis_log_text("meaning", "the list that was read before stays in force"));
    }
}

static bool has_news(const tamis_door *door, uint64_t hung_up)
{
    return door->refused_packets != 0 || hung_up != door->hung_up ||
           tamis_net_refused_count(door->options->net) != door->refused_handshakes;
}

static void tell(tamis_door *door, uint64_t hung_up)
{
    uint64_t handshakes = tamis_net_refused_count(door->options->net);

    if (handshakes != door->refused_handshakes) {
        tamis_log_event(door->options->log, TAMIS_LOG_WARN, "peers.refused",
                        tamis_log_uint("handshakes", handshakes - door->refused_handshakes));
        door->refused_handshakes = handshakes;
    }
    if (hung_up != door->hung_up) {
        tamis_log_event(door->options->log, TAMIS_LOG_WARN, "strangers.hung_up",
                        tamis_log_uint("connections", hung_up - door->hung_up));
        door->hung_up = hung_up;
    }
    if (door->refused_packets != 0) {
        tamis_log_event(door->options->log, TAMIS_LOG_WARN, "packets.refused",
                        tamis_log_uint("packets", door->refused_packets),
                        tamis_log_text("last", door->refused_text));
        door->refused_packets = 0;
    }
}

void tamis_door_tick(tamis_door *door, uint64_t hung_up, uint64_t now_ms)
{
    if (is_guarded(door) && now_ms - door->renewed_ms >= RENEW_MS) {
        door->renewed_ms = now_ms;
        renew(door);
    }
    if (has_news(door, hung_up) && (door->told_ms == 0 || now_ms - door->told_ms >= TELL_MS)) {
        door->told_ms = now_ms;
        tell(door, hung_up);
    }
}

static void count_refused(tamis_door *door, const char *text)
{
    door->refused_packets++;
    (void)snprintf(door->refused_text, sizeof(door->refused_text), "%s", text);
}

tamis_status tamis_door_check(tamis_door *door, const tamis_message *message,
                              const tamis_packet *packet, uint64_t now_ms, tamis_err *err)
{
    const char *user = tamis_packet_user(packet);
    tamis_status status =
        tamis_peer_gate_check(door->gate, message->kind, tamis_packet_peer(packet), user,
                              tamis_packet_roles(packet), now_ms, err);

    if (status == TAMIS_OK && message->kind == TAMIS_MESSAGE_HELLO && user[0] != '\0' &&
        message->body.hello.public_key[0] != '\0' &&
        strcmp(message->body.hello.public_key, tamis_packet_key(packet)) != 0) {
        status = tamis_err_set(err, TAMIS_EDENIED, "the key '%s' says hello for another key", user);
    }
    if (status != TAMIS_OK) {
        count_refused(door, err->text);
    }
    return status;
}

void tamis_door_turn_away(tamis_door *door, tamis_err *err)
{
    (void)tamis_err_set(err, TAMIS_EDENIED, "the key is not on the coordinator's list any more");
    count_refused(door, err->text);
}
