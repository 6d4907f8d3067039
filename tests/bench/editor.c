#include "editor.h"
#include "provider.h"

#include <signal.h>
#include <sys/wait.h>

/* A line is given up for a new one after this many keys. */
#define KEYS_A_LINE 40

static void spawn(struct editor *e, char **command)
{
    int in[2], out[2];
    if (pipe(in) || pipe(out))
        die("no pipe: %s", strerror(errno));
    e->pid = fork();
    if (e->pid < 0)
        die("no process: %s", strerror(errno));
    if (!e->pid) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        signal(SIGPIPE, SIG_DFL);
        execvp(command[0], command);
        die("cannot start %s: %s", command[0], strerror(errno));
    }
    close(in[0]);
    close(out[1]);
    e->in = in[1];
    e->out = out[0];
}

static void append_message(struct buffer *frames, long id, const char *method, const char *params)
{
    static struct buffer body;
    body.length = 0;
    buffer_print(&body, "{\"jsonrpc\":\"2.0\",");
    if (id)
        buffer_print(&body, "\"id\":%ld,", id);
    buffer_print(&body, "\"method\":\"%s\",\"params\":%s}", method, params);
    frame_append(frames, &body);
}

static void send_message(struct editor *e, long id, const char *method, const char *params)
{
    static struct buffer frame;
    frame.length = 0;
    append_message(&frame, id, method, params);
    if (!write_all(e->in, frame.data, frame.length))
        die("the server has gone away");
}

void editor_notify(struct editor *e, const char *method, const char *params)
{
    send_message(e, 0, method, params);
}

long editor_request(struct editor *e, const char *method, const char *params)
{
    send_message(e, ++e->id, method, params);
    return e->id;
}

long editor_start(struct editor *e, char **command, ns_t *started)
{
    char params[512];
    /* utf-16 alone is what VS Code offers, and the encoding that costs most. */
    snprintf(params, sizeof params,
             "{\"processId\":%d,\"clientInfo\":{\"name\":\"bench\"},\"rootUri\":null,"
             "\"workspaceFolders\":null,\"capabilities\":{\"general\":{\"positionEncodings\":"
             "[\"utf-16\"]},\"textDocument\":{\"inlineCompletion\":{}}}}",
             (int)getpid());
    *started = now_ns();
    spawn(e, command);
    return editor_request(e, "initialize", params);
}

/* Python of ordinary line lengths; each function differs, as code does. JSON-escaped. */
static void append_text(struct buffer *b, int lines)
{
    for (int n = 0; n < lines; n++) {
        switch (n % 8) {
        case 0: buffer_print(b, "def step_%d(value: float, scale: float = %d.5) -> float:\\n", n, n); break;
        case 1: buffer_print(b, "    # Weighs value by scale, and keeps what is left over.\\n"); break;
        case 2: buffer_print(b, "    if value > %d and scale < value:\\n", n); break;
        case 3: buffer_print(b, "        return step_%d(value - scale, scale)\\n", n - 3); break;
        case 4: buffer_print(b, "    total_%d = value * scale + %d\\n", n, n); break;
        case 5: buffer_print(b, "    rest = total_%d %% 7\\n", n - 1); break;
        case 6: buffer_print(b, "    return total_%d - rest\\n", n - 2); break;
        default: buffer_print(b, "\\n"); /* what is typed goes here, so that nothing stands behind it */
        }
    }
}

void editor_open(struct editor *e, int document, int lines)
{
    struct document *d = &e->documents[document];
    struct buffer params = {0};
    *d = (struct document){.version = 1, .line = lines / 2 / 8 * 8 + 7, .typed = KEYS_A_LINE};
    snprintf(d->uri, sizeof d->uri, "file:///bench/module_%d_%d.py", document, lines);
    buffer_print(&params,
                 "{\"textDocument\":{\"uri\":\"%s\",\"languageId\":\"python\",\"version\":1,\"text\":\"",
                 d->uri);
    append_text(&params, lines);
    buffer_print(&params, "\"}}");
    d->column = 0;
    editor_notify(e, "textDocument/didOpen", params.data);
    free(params.data);
}

/* What the next key does to the document: mostly one letter; every KEYS_A_LINE keys the line starts
   anew with a name that was never typed before, so that no answer can come from a cache. */
static void next_edit(struct document *d, char *text, size_t size, int *start)
{
    if (d->typed < KEYS_A_LINE) {
        *start = d->column;
        snprintf(text, size, "%c", "abcdefgh"[d->typed % 8]);
        d->typed++;
    } else {
        *start = 0;
        snprintf(text, size, "    x%ld = ", ++d->statements);
        d->typed = 0;
    }
}

long editor_type(struct editor *e, int document, ns_t *pressed)
{
    static struct buffer change, ask, params;
    struct document *d = &e->documents[document];
    char text[64];
    int start;
    next_edit(d, text, sizeof text, &start);
    change.length = ask.length = params.length = 0;
    buffer_print(&params,
                 "{\"textDocument\":{\"uri\":\"%s\",\"version\":%ld},\"contentChanges\":[{\"range\":"
                 "{\"start\":{\"line\":%d,\"character\":%d},\"end\":{\"line\":%d,\"character\":%d}},"
                 "\"rangeLength\":%d,\"text\":\"%s\"}]}",
                 d->uri, ++d->version, d->line, start, d->line, d->column, d->column - start, text);
    append_message(&change, 0, "textDocument/didChange", params.data);
    d->column = start + (int)strlen(text);
    params.length = 0;
    buffer_print(&params,
                 "{\"textDocument\":{\"uri\":\"%s\"},\"position\":{\"line\":%d,\"character\":%d},"
                 "\"context\":{\"triggerKind\":2}}",
                 d->uri, d->line, d->column);
    append_message(&ask, ++e->id, "textDocument/inlineCompletion", params.data);
    *pressed = now_ns();
    if (!write_all(e->in, change.data, change.length) || !write_all(e->in, ask.data, ask.length))
        die("the server has gone away");
    return e->id;
}

void editor_cancel(struct editor *e, long id)
{
    char params[32];
    snprintf(params, sizeof params, "{\"id\":%ld}", id);
    editor_notify(e, "$/cancelRequest", params);
}

/* The number after "id": in a message whose first bytes may hold spaces; 0 if there is none. */
static long message_id(const char *message)
{
    const char *id = strstr(message, "\"id\":");
    return id ? strtol(id + 5, NULL, 10) : 0;
}

static void handle(struct editor *e, const char *message, ns_t at)
{
    long id = message_id(message);
    if (strstr(message, "\"method\":")) {
        if (id) /* a request of the server's: nothing it needs is offered here */
            die("the server asked the editor for something: %.300s", message);
        return;
    }
    struct answer *a = &e->answers[id % ANSWERS];
    *a = (struct answer){.id = id, .at = at, .right = strstr(message, SUGGESTION) != NULL};
    e->last.length = 0;
    buffer_append(&e->last, message, strlen(message));
}

void editor_read(struct editor *e)
{
    ssize_t got = buffer_read(&e->inbox, e->out);
    ns_t at = now_ns();
    size_t body, length;
    if (got <= 0)
        die("the server has ended");
    while ((length = message_length(&e->inbox, &body))) {
        char after = e->inbox.data[length];
        e->inbox.data[length] = 0;
        handle(e, e->inbox.data + body, at);
        e->inbox.data[length] = after;
        buffer_drop(&e->inbox, length);
    }
}

const struct answer *editor_answer(const struct editor *e, long id)
{
    const struct answer *a = &e->answers[id % ANSWERS];
    return a->id == id ? a : NULL;
}

int editor_wait(struct editor *e)
{
    int status = 0;
    close(e->in);
    for (ns_t until = now_ns() + 5000 * MS; now_ns() < until; usleep(1000))
        if (waitpid(e->pid, &status, WNOHANG) == e->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    kill(e->pid, SIGKILL);
    waitpid(e->pid, &status, 0);
    return -1;
}
