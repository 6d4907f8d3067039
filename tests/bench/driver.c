/* Editor and provider in one process with one clock, so that what lies between them can be told.

   driver COMMAND [ARGUMENT...]     COMMAND is the server; it finds the provider at $BENCH_PORT

   Says {"port": P} at once, then obeys lines on stdin, and answers each with lines of JSON whose last
   holds "done":
     start                            the server; spawn to the initialize response
     open DOCUMENT LINES              didOpen of a file of so many lines
     type DOCUMENT KEYS EVERY_MS FIRST_TOKEN_MS GAP_US
                                      keys, each answered; EVERY_MS 0: the next one at once;
                                      GAP_US 0: the whole stream in one write
     spin ON                          from now on wait awake, so that no stamp is late by the time
                                      that it takes to wake up
     cancel DOCUMENT KEYS EVERY_MS    each key's stream stalls and is given up by $/cancelRequest
     supersede DOCUMENT KEYS EVERY_MS the same, given up by a newer key, which is answered
     stop                             shutdown, exit

   Stamps are taken before a write and after a read: a duration is never less than what was added. */
#include "editor.h"
#include "provider.h"

#include <poll.h>
#include <signal.h>

#define PATIENCE (10000 * MS)
/* Events that a stalled stream has sent, and for how long, before it is given up. */
#define STALLED_AFTER 3
#define STALL (10 * MS)

static struct editor editor;
static struct provider provider;
static bool spins;

/* Wait until something has happened or `until` has come, and take it in. True: a command waits. */
static bool pump(ns_t until, bool commands)
{
    struct pollfd polled[CONNECTIONS + 3];
    struct connection *owners[CONNECTIONS + 3];
    nfds_t count = 3;
    polled[0] = (struct pollfd){.fd = provider.listener, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = editor.pid ? editor.out : -1, .events = POLLIN};
    polled[2] = (struct pollfd){.fd = commands ? STDIN_FILENO : -1, .events = POLLIN};
    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &provider.connections[i];
        if (c->fd >= 0) {
            owners[count] = c;
            polled[count++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
        }
    }
    ns_t left = until - now_ns();
    if (poll(polled, count, left <= 0 || spins ? 0 : (int)((left + MS - 1) / MS)) <= 0)
        return false;
    for (nfds_t i = 3; i < count; i++)
        if (polled[i].revents)
            provider_read(owners[i]);
    if (polled[1].revents)
        editor_read(&editor);
    if (polled[0].revents)
        provider_accept(&provider);
    return polled[2].revents != 0;
}

static void wait_until(ns_t until)
{
    while (now_ns() < until)
        pump(until, false);
}

static const struct answer *await_answer(long id, const char *what)
{
    const struct answer *a;
    for (ns_t until = now_ns() + PATIENCE; !(a = editor_answer(&editor, id)); pump(until, false))
        if (now_ns() > until)
            die("no answer to %s within %lld s", what, PATIENCE / (1000 * MS));
    return a;
}

static struct connection *await_request(long id, ns_t *asked)
{
    struct connection *c;
    for (ns_t until = now_ns() + PATIENCE; !(c = provider_take(&provider, asked)); pump(until, false)) {
        if (editor_answer(&editor, id))
            die("the server answered without asking the provider: %.300s", editor.last.data);
        if (now_ns() > until)
            die("a key did not reach the provider within %lld s", PATIENCE / (1000 * MS));
    }
    return c;
}

static void await_close(struct connection *c)
{
    for (ns_t until = now_ns() + PATIENCE; c->fd >= 0; pump(until, false))
        if (now_ns() > until)
            die("the server did not close a stream that it had given up");
}

static double us(ns_t ns)
{
    return (double)ns / 1000.0;
}

/* When an answer was sent: the times just before its first and its last write. */
struct sent {
    ns_t first, last;
};

/* Answer the request on `c`, as a provider of that pace does. */
static struct sent answer_request(struct connection *c, ns_t asked, int first_token_ms, int gap_us)
{
    ns_t due = asked + first_token_ms * MS;
    struct sent sent;
    wait_until(due);
    sent.first = sent.last = provider_send(c, 0, gap_us ? 1 : EVENTS);
    for (int i = 1; gap_us && i < EVENTS; i++) {
        wait_until(due += gap_us * 1000LL);
        sent.last = provider_send(c, i, i + 1);
    }
    return sent;
}

static ns_t await_suggestion(long id)
{
    const struct answer *a = await_answer(id, "inlineCompletion");
    if (!a->right)
        die("the answer does not hold what the provider said: %.300s", editor.last.data);
    return a->at;
}

static void type(int document, int keys, int every_ms, int first_token_ms, int gap_us)
{
    ns_t due = now_ns();
    for (int i = 0; i < keys; i++, due += every_ms * MS) {
        ns_t pressed, asked;
        wait_until(due);
        long id = editor_type(&editor, document, &pressed);
        struct connection *c = await_request(id, &asked);
        bool fresh = c->requests == 1;
        struct sent sent = answer_request(c, asked, first_token_ms, gap_us);
        ns_t answered = await_suggestion(id);
        printf("{\"to_provider_us\":%.1f,\"to_editor_us\":%.1f,\"first_use\":%d,"
               "\"pressed_ns\":%lld,\"asked_ns\":%lld,\"first_ns\":%lld,\"last_ns\":%lld,"
               "\"answered_ns\":%lld}\n",
               us(asked - pressed), us(answered - sent.last), fresh, pressed, asked, sent.first,
               sent.last, answered);
    }
}

/* Type a key and let its stream stall. */
static struct connection *type_stalled(int document, long *id, ns_t *pressed, ns_t *asked)
{
    *id = editor_type(&editor, document, pressed);
    struct connection *c = await_request(*id, asked);
    provider_send(c, 0, STALLED_AFTER);
    wait_until(now_ns() + STALL);
    return c;
}

static void cancel(int document, int keys, int every_ms)
{
    for (int i = 0; i < keys; i++) {
        ns_t pressed, asked, given_up;
        long id;
        struct connection *c = type_stalled(document, &id, &pressed, &asked);
        given_up = now_ns();
        editor_cancel(&editor, id);
        await_close(c);
        const struct answer *a = await_answer(id, "a cancelled inlineCompletion");
        printf("{\"to_provider_us\":%.1f,\"closed_us\":%.1f,\"answered_us\":%.1f}\n",
               us(asked - pressed), us(c->closed - given_up), us(a->at - given_up));
        wait_until(pressed + every_ms * MS);
    }
}

static void supersede(int document, int keys, int every_ms)
{
    for (int i = 0; i < keys; i++) {
        ns_t pressed, asked, given_up, asked_again;
        long old, new;
        struct connection *c = type_stalled(document, &old, &pressed, &asked);
        new = editor_type(&editor, document, &given_up);
        struct connection *next = await_request(new, &asked_again);
        await_close(c);
        const struct answer *a = await_answer(old, "a superseded inlineCompletion");
        printf("{\"to_provider_us\":%.1f,\"closed_us\":%.1f,\"answered_us\":%.1f}\n",
               us(asked_again - given_up), us(c->closed - given_up), us(a->at - given_up));
        answer_request(next, asked_again, 0, 0);
        await_suggestion(new);
        wait_until(pressed + every_ms * MS);
    }
}

static void start(char **command)
{
    ns_t started;
    long id = editor_start(&editor, command, &started);
    const struct answer *a = await_answer(id, "initialize");
    printf("{\"initialize_us\":%.1f,\"pid\":%d}\n", us(a->at - started), (int)editor.pid);
    editor_notify(&editor, "initialized", "{}");
}

static int stop(void)
{
    await_answer(editor_request(&editor, "shutdown", "null"), "shutdown");
    editor_notify(&editor, "exit", "null");
    int status = editor_wait(&editor);
    editor.pid = 0;
    return status;
}

static void obey(const char *line, char **command)
{
    char verb[16];
    int a[5] = {0};
    long accepted = provider.accepted;
    int status = 0;
    if (sscanf(line, "%15s %d %d %d %d %d", verb, &a[0], &a[1], &a[2], &a[3], &a[4]) < 1)
        return;
    if (!strcmp(verb, "start"))
        start(command);
    else if (!strcmp(verb, "open") && a[0] >= 0 && a[0] < DOCUMENTS)
        editor_open(&editor, a[0], a[1]);
    else if (!strcmp(verb, "type"))
        type(a[0], a[1], a[2], a[3], a[4]);
    else if (!strcmp(verb, "spin"))
        spins = a[0];
    else if (!strcmp(verb, "cancel"))
        cancel(a[0], a[1], a[2]);
    else if (!strcmp(verb, "supersede"))
        supersede(a[0], a[1], a[2]);
    else if (!strcmp(verb, "stop"))
        status = stop();
    else
        die("unknown command: %s", line);
    printf("{\"done\":\"%s\",\"accepted\":%ld,\"status\":%d}\n", verb, provider.accepted - accepted,
           status);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[256], port[16];
    if (argc < 2)
        die("usage: driver COMMAND [ARGUMENT...]");
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0);
    provider_listen(&provider);
    snprintf(port, sizeof port, "%d", provider.port);
    setenv("BENCH_PORT", port, 1);
    printf("{\"port\":%d}\n", provider.port);
    fflush(stdout);
    for (;;) {
        if (!pump(now_ns() + 60000 * MS, true))
            continue;
        if (!fgets(line, sizeof line, stdin))
            return 0;
        obey(line, argv + 1);
    }
}
