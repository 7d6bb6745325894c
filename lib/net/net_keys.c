/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <zmq.h>

#include "tamis/net.h"

#define KEY_BYTES 32

tamis_status tamis_net_key_pair(char out_public[TAMIS_KEY_SIZE], char out_secret[TAMIS_KEY_SIZE],
                                tamis_err *err)
{
    if (zmq_has("curve") == 0) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "the ZeroMQ library that is installed has no CURVE: install one with "
                             "libsodium, as Debian's libzmq5 is");
    }
    return zmq_curve_keypair(out_public, out_secret) == 0
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_EIO, "cannot make a key: %s", zmq_strerror(errno));
}

tamis_status tamis_net_key_public(const char *secret, char out_public[TAMIS_KEY_SIZE],
                                  tamis_err *err)
{
    if (!tamis_net_key_is_valid(secret) || zmq_curve_public(out_public, secret) != 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "the secret is not 40 characters of Z85");
    }
    return TAMIS_OK;
}

bool tamis_net_key_is_valid(const char *key)
{
    uint8_t bytes[KEY_BYTES];

    return key != NULL && strlen(key) == TAMIS_KEY_SIZE - 1 && zmq_z85_decode(bytes, key) != NULL;
}

bool tamis_url_is_local(const char *url)
{
    const char *host = url + 6;

    if (strncmp(url, "inproc://", 9) == 0 || strncmp(url, "ipc://", 6) == 0) {
        return true;
    }
    if (strncmp(url, "tcp://", 6) != 0) {
        return false;
    }
    if (strncmp(host, "[::1]:", 6) == 0 || strncmp(host, "localhost:", 10) == 0) {
        return true;
    }
    if (strncmp(host, "127.", 4) != 0) {
        return false;
    }
    /* Digits and points only: "127.example.org" is a name. */
    return host[strspn(host, "0123456789.")] == ':';
}

bool tamis_url_is_formed(const char *url)
{
    const char *port = strrchr(url, ':');
    size_t digits = 0;
    unsigned value = 0;

    if (strncmp(url, "inproc://", 9) == 0) {
        return url[9] != 0;
    }
    if (strncmp(url, "ipc://", 6) == 0) {
        return url[6] != 0;
    }
    if (strncmp(url, "tcp://", 6) != 0 || port < url + 7) {
        return false; /* the last colon is that of tcp:, or there is no host */
    }
    port++;
    if (strcmp(port, "*") == 0) {
        return true;
    }
    while (digits < 5 && port[digits] >= '0' && port[digits] <= '9') {
        value = value * 10 + (unsigned)(port[digits++] - '0');
    }
    return digits != 0 && port[digits] == 0 && value <= 65535;
}
