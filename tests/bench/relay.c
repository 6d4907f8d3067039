/* The floor: the least that can stand between an editor and a provider.

   It keeps no document and parses no JSON: an inlineCompletion becomes a POST of some text over one
   connection that is kept alive, the stream is read to its end, its texts are joined and sent back. One thread,
   which waits for editor and provider at once, as it must to see a key given up: then, or when a
   newer one comes, the connection is closed and another opened. The provider listens on
   127.0.0.1:$BENCH_PORT. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define PROMPT_LINES 125 /* of 40 characters: the 4,000 before and 1,000 after a cursor */

static int provider = -1;
static long asking; /* the id of the request that waits for the provider, or 0 */
static struct buffer request, stream;

static void connect_provider(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((unsigned short)atoi(getenv("BENCH_PORT")));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    provider = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(provider, (struct sockaddr *)&address, sizeof address))
        die("relay: no provider on port %s", getenv("BENCH_PORT"));
    setsockopt(provider, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void reply(long id, const struct buffer *result)
{
    static struct buffer body, frame;
    body.length = frame.length = 0;
    buffer_print(&body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}", id, result->data);
    frame_append(&frame, &body);
    if (!write_all(STDOUT_FILENO, frame.data, frame.length))
        exit(0);
}

static void reply_text(long id, const char *result)
{
    static struct buffer b;
    b.length = 0;
    buffer_append(&b, result, strlen(result));
    reply(id, &b);
}

static void give_up(void)
{
    reply_text(asking, "null");
    asking = 0;
    close(provider);
    connect_provider();
}

/* A request as long as one that holds a document's text around the cursor: always the same. */
static void build_request(void)
{
    struct buffer body = {0};
    buffer_print(&body, "{\"model\":\"bench\",\"stream\":true,\"prompt\":\"");
    for (int line = 0; line < PROMPT_LINES; line++)
        buffer_print(&body, "    total_%04d = value * scale + %04d;\\n", line, line);
    buffer_print(&body, "\"}");
    buffer_print(&request,
                 "POST /v1/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 body.length, body.data);
    free(body.data);
}

static void ask(long id)
{
    stream.length = 0;
    if (asking)
        give_up();
    if (!write_all(provider, request.data, request.length))
        die("relay: the provider closed the connection");
    asking = id;
}

/* Read on; once the stream has ended, send its texts, joined. */
static void read_stream(void)
{
    static struct buffer result;
    if (buffer_read(&stream, provider) <= 0)
        die("relay: the provider closed the connection");
    if (stream.length < 5 || memcmp(stream.data + stream.length - 5, "0\r\n\r\n", 5))
        return;
    result.length = 0;
    buffer_print(&result, "{\"items\":[{\"insertText\":\"");
    for (char *text = strstr(stream.data, "\"text\":\""); text; text = strstr(text, "\"text\":\"")) {
        text += 8;
        char *end = strchr(text, '"');
        buffer_append(&result, text, (size_t)(end - text));
    }
    buffer_print(&result, "\"}]}");
    reply(asking, &result);
    asking = 0;
}

static void handle(char *message)
{
    const char *method = strstr(message, "\"method\":\"");
    const char *id = strstr(message, "\"id\":");
    long number = id ? strtol(id + 5, NULL, 10) : 0;
    if (!method)
        return;
    method += 10;
    if (!strncmp(method, "textDocument/inlineCompletion\"", 30))
        ask(number);
    else if (!strncmp(method, "$/cancelRequest\"", 16) && asking)
        give_up();
    else if (!strncmp(method, "initialize\"", 11))
        reply_text(number, "{\"capabilities\":{\"inlineCompletionProvider\":{}}}");
    else if (!strncmp(method, "shutdown\"", 9))
        reply_text(number, "null");
    else if (!strncmp(method, "exit\"", 5))
        exit(0);
}

static void read_editor(void)
{
    static struct buffer inbox, message;
    size_t body, length;
    if (buffer_read(&inbox, STDIN_FILENO) <= 0)
        exit(0);
    while ((length = message_length(&inbox, &body))) {
        message.length = 0;
        buffer_append(&message, inbox.data + body, length - body);
        buffer_drop(&inbox, length);
        handle(message.data);
    }
}

int main(void)
{
    build_request();
    connect_provider();
    for (;;) {
        struct pollfd polled[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                   {.fd = asking ? provider : -1, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0)
            die("relay: %s", strerror(errno));
        if (polled[1].revents)
            read_stream();
        if (polled[0].revents)
            read_editor();
    }
}
