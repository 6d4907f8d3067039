/* The floor: the least that can stand between an editor and a provider.

   It keeps no document and parses no JSON: an inlineCompletion becomes a POST over one connection
   that is kept alive, the stream is read to its end, its texts are joined and sent back. Blocking
   reads and writes, one thread. The provider listens on 127.0.0.1:$BENCH_PORT. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static int provider = -1;

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

static void complete(long id)
{
    static const char body[] =
        "{\"model\":\"bench\",\"prompt\":\"def f(value):\\n    return \",\"stream\":true}";
    static struct buffer request, stream, result;
    request.length = stream.length = result.length = 0;
    buffer_print(&request,
                 "POST /v1/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 sizeof body - 1, body);
    if (!write_all(provider, request.data, request.length))
        die("relay: the provider closed the connection");
    do
        if (buffer_read(&stream, provider) <= 0)
            die("relay: the provider closed the connection");
    while (stream.length < 5 || memcmp(stream.data + stream.length - 5, "0\r\n\r\n", 5));

    buffer_print(&result, "{\"items\":[{\"insertText\":\"");
    for (char *text = strstr(stream.data, "\"text\":\""); text; text = strstr(text, "\"text\":\"")) {
        text += 8;
        char *end = strchr(text, '"');
        buffer_append(&result, text, (size_t)(end - text));
    }
    buffer_print(&result, "\"}]}");
    reply(id, &result);
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
        complete(number);
    else if (!strncmp(method, "initialize\"", 11))
        reply_text(number, "{\"capabilities\":{\"inlineCompletionProvider\":{}}}");
    else if (!strncmp(method, "shutdown\"", 9))
        reply_text(number, "null");
    else if (!strncmp(method, "exit\"", 5))
        exit(0);
}

int main(void)
{
    static struct buffer inbox, message;
    connect_provider();
    while (buffer_read(&inbox, STDIN_FILENO) > 0) {
        size_t body, length;
        while ((length = message_length(&inbox, &body))) {
            message.length = 0;
            buffer_append(&message, inbox.data + body, length - body);
            buffer_drop(&inbox, length);
            handle(message.data);
        }
    }
    return 0;
}
