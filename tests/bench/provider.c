#include "provider.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

const char *const SUGGESTION = "zeta(alpha, beta) + gamma + delta * (eta - theta)";

/* One whole response per dialect; event n is what stands between ends[n] and ends[n + 1]. */
static struct {
    struct buffer bytes;
    size_t ends[EVENTS + 1];
} streams[2];

static void append_chunk(struct buffer *b, const struct buffer *data)
{
    buffer_print(b, "%zx\r\n%s\r\n", data->length, data->data);
}

static void event_choice(struct buffer *b, bool chat, const char *text, int length, const char *end)
{
    buffer_print(b, "\"choices\":[{\"index\":0,");
    if (chat)
        buffer_print(b, "\"delta\":{\"content\":\"%.*s\"},", length, text);
    else
        buffer_print(b, "\"text\":\"%.*s\",\"logprobs\":null,", length, text);
    buffer_print(b, "\"finish_reason\":%s}]}\n\n", end);
}

/* EVENTS events of which the last only ends the text, then [DONE]; each a chunk, as vendors send. */
static void build_stream(bool chat)
{
    struct buffer *bytes = &streams[chat].bytes, event = {0};
    size_t all = strlen(SUGGESTION), sent = 0;
    buffer_print(bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < EVENTS; i++) {
        bool last = i == EVENTS - 1;
        size_t upto = last ? all : all * (size_t)(i + 1) / (EVENTS - 1);
        event.length = 0;
        buffer_print(&event,
                     "data: {\"id\":\"cmpl-7f3a\",\"object\":\"%s\",\"created\":1700000000,"
                     "\"model\":\"bench\",",
                     chat ? "chat.completion.chunk" : "text_completion");
        event_choice(&event, chat, SUGGESTION + sent, (int)(upto - sent), last ? "\"stop\"" : "null");
        append_chunk(bytes, &event);
        sent = upto;
        streams[chat].ends[i + 1] = bytes->length;
    }
    event.length = 0;
    buffer_print(&event, "data: [DONE]\n\n");
    append_chunk(bytes, &event);
    buffer_print(bytes, "0\r\n\r\n");
    streams[chat].ends[EVENTS] = bytes->length;
    free(event.data);
}

void provider_listen(struct provider *p)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(p->listener, (struct sockaddr *)&address, sizeof address) || listen(p->listener, 64) ||
        getsockname(p->listener, (struct sockaddr *)&address, &length))
        die("the provider cannot listen on 127.0.0.1: %s", strerror(errno));
    p->port = ntohs(address.sin_port);
    for (int i = 0; i < CONNECTIONS; i++)
        p->connections[i].fd = -1;
    build_stream(false);
    build_stream(true);
}

void provider_accept(struct provider *p)
{
    int fd = accept(p->listener, NULL, NULL);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    p->accepted++;
    /* In turn, so that the slot of a connection just closed keeps its `closed` for a while. */
    for (int tried = 0; tried < CONNECTIONS; tried++) {
        struct connection *c = &p->connections[p->next++ % CONNECTIONS];
        if (c->fd < 0) {
            c->fd = fd;
            c->inbox.length = 0;
            c->asked = c->closed = 0;
            c->requests = 0;
            return;
        }
    }
    die("the server holds %d connections open", CONNECTIONS);
}

void provider_read(struct connection *c)
{
    ssize_t got = buffer_read(&c->inbox, c->fd);
    ns_t at = now_ns();
    size_t body, length;
    if (got <= 0) { /* closed, or reset when bytes of ours were left unread */
        close(c->fd);
        c->fd = -1;
        c->closed = at;
        return;
    }
    while ((length = message_length(&c->inbox, &body))) {
        if (!strncmp(c->inbox.data, "POST ", 5)) {
            char *line = strstr(c->inbox.data, "\r\n");
            c->chat = memmem(c->inbox.data, (size_t)(line - c->inbox.data), "/chat/", 6) != NULL;
            c->asked = at;
            c->requests++;
        } else { /* a connection warmed by a small request */
            static const char empty[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            write_all(c->fd, empty, sizeof empty - 1);
        }
        buffer_drop(&c->inbox, length);
    }
}

struct connection *provider_take(struct provider *p, ns_t *asked)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &p->connections[i];
        if (c->fd >= 0 && c->asked) {
            *asked = c->asked;
            c->asked = 0;
            return c;
        }
    }
    return NULL;
}

ns_t provider_send(struct connection *c, int from, int to)
{
    const size_t *ends = streams[c->chat].ends;
    ns_t at = now_ns();
    if (!write_all(c->fd, streams[c->chat].bytes.data + ends[from], ends[to] - ends[from]))
        die("the server closed the connection in the middle of a stream");
    return at;
}
