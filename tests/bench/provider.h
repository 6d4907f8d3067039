/* The provider's half of the driver: an OpenAI-compatible streaming server on loopback. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include "bench.h"

#define CONNECTIONS 64
#define EVENTS 20

/* What the events of one stream say together; each answer must hold it. Plain characters, none that
   JSON escapes, and its first is one that is never typed. */
extern const char *const SUGGESTION;

struct connection {
    int fd; /* -1: closed */
    struct buffer inbox;
    ns_t asked;  /* when a request had been read whole that nobody has taken yet, or 0 */
    ns_t closed; /* when the far side was seen to have closed it */
    long requests;
    bool chat; /* the last request wants chat events */
};

struct provider {
    int listener, port;
    long accepted; /* connections so far */
    unsigned next; /* slot to try for the next one */
    struct connection connections[CONNECTIONS];
};

void provider_listen(struct provider *p);
void provider_accept(struct provider *p);
/* Read what has arrived. */
void provider_read(struct connection *c);
/* The connection on which a request waits, which is thereby taken, or NULL. */
struct connection *provider_take(struct provider *p, ns_t *asked);
/* Write events `from` up to `to` of the stream in one write; the time just before it. The first
   carries the response's head, the last the stream's end. */
ns_t provider_send(struct connection *c, int from, int to);

#endif
