/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/data_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCHEME "tcp://"

/* The parts of tcp://HOST:PORT; the host may stand in brackets, which stay. */
typedef struct url_parts {
    const char *host;
    size_t host_size;
    const char *port;
} url_parts;

static bool split(const char *url, url_parts *out)
{
    const char *colon = strrchr(url, ':');

    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0 || colon == NULL ||
        colon <= url + strlen(SCHEME)) {
        return false;
    }
    out->host = url + strlen(SCHEME);
    out->host_size = (size_t)(colon - out->host);
    out->port = colon + 1;
    return true;
}

static bool is_host(const url_parts *parts, const char *host)
{
    return parts->host_size == strlen(host) && memcmp(parts->host, host, parts->host_size) == 0;
}

/* Address of our end of a datagram socket that is bound to talk to that address. */
static bool find_local(const struct addrinfo *to, char out_listen[TAMIS_URL_SIZE])
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    char text[INET6_ADDRSTRLEN];
    int handle = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_found = handle >= 0 && connect(handle, to->ai_addr, to->ai_addrlen) == 0 &&
                    getsockname(handle, (struct sockaddr *)&own, &size) == 0 &&
                    getnameinfo((const struct sockaddr *)&own, size, text, sizeof(text), NULL, 0,
                                NI_NUMERICHOST) == 0;

    if (handle >= 0) {
        (void)close(handle);
    }
    if (is_found) {
        bool is_six = own.ss_family == AF_INET6;

        (void)snprintf(out_listen, TAMIS_URL_SIZE, SCHEME "%s%s%s:*", is_six ? "[" : "", text,
                       is_six ? "]" : "");
    }
    return is_found;
}

tamis_status tamis_data_address_own(const char *url, char out_listen[TAMIS_URL_SIZE],
                                    tamis_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    char host[TAMIS_URL_SIZE];
    url_parts parts;
    bool is_done = false;
    int code = 0;

    if (!split(url, &parts) || parts.host_size >= sizeof(host)) {
        return tamis_err_set(err, TAMIS_EARG, "%s: not an address (tcp://HOST:PORT)", url);
    }
    memcpy(host, parts.host, parts.host_size);
    host[parts.host_size] = 0;
    if (host[0] == '[' && host[parts.host_size - 1] == ']') {
        host[parts.host_size - 1] = 0;
        memmove(host, host + 1, parts.host_size - 1);
    }
    if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
        (void)snprintf(out_listen, TAMIS_URL_SIZE, SCHEME "%s:*",
                       host[0] == ':' ? "[::]" : "0.0.0.0");
        return TAMIS_OK;
    }
    code = getaddrinfo(host, parts.port, &hints, &found);
    if (code != 0) {
        return tamis_err_set(err, TAMIS_EPEER, "%s: %s; say where to serve data with --data-listen",
                             url, gai_strerror(code));
    }
    for (const struct addrinfo *to = found; to != NULL && !is_done; to = to->ai_next) {
        is_done = find_local(to, out_listen);
    }
    freeaddrinfo(found);
    return is_done ? TAMIS_OK
                   : tamis_err_set(err, TAMIS_EPEER,
                                   "%s: no interface leads there; say where to serve data with "
                                   "--data-listen",
                                   url);
}

bool tamis_data_address_seen(const char *url, const char *seen, char out_url[TAMIS_URL_SIZE])
{
    url_parts own;
    url_parts other;
    int length = 0;

    if (split(url, &own) && split(seen, &other) &&
        (is_host(&own, "0.0.0.0") || is_host(&own, "*") || is_host(&own, "[::]"))) {
        length = snprintf(out_url, TAMIS_URL_SIZE, SCHEME "%.*s:%s", (int)other.host_size,
                          other.host, own.port);
    } else {
        length = snprintf(out_url, TAMIS_URL_SIZE, "%s", url);
    }
    return length >= 0 && length < TAMIS_URL_SIZE;
}
