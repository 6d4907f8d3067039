/* The editor's half of the driver: an LSP client that owns the server process. */
#ifndef EDITOR_H
#define EDITOR_H

#include "bench.h"

#include <sys/types.h>

#define ANSWERS 64
#define DOCUMENTS 4

struct answer {
    long id;
    ns_t at;
    bool right; /* it holds the whole suggestion */
};

struct document {
    char uri[64];
    long version, statements;
    int line, column, typed;
};

struct editor {
    pid_t pid;
    int in, out; /* the server's stdin and stdout */
    struct buffer inbox, last; /* `last`: the latest response, for error messages */
    long id; /* of the latest request */
    struct answer answers[ANSWERS];
    struct document documents[DOCUMENTS];
};

/* Start the server and send `initialize`; its id. `started` is the time just before the fork. */
long editor_start(struct editor *e, char **command, ns_t *started);
void editor_notify(struct editor *e, const char *method, const char *params);
long editor_request(struct editor *e, const char *method, const char *params);
void editor_open(struct editor *e, int document, int lines);
/* Type one character: a didChange, then an inlineCompletion, a write each as editors do. The id of
   the request; `pressed` is the time just before the first write. */
long editor_type(struct editor *e, int document, ns_t *pressed);
void editor_cancel(struct editor *e, long id);
/* Read what the server has written. */
void editor_read(struct editor *e);
/* The answer to request `id`, or NULL while there is none. */
const struct answer *editor_answer(const struct editor *e, long id);
/* Close the server's stdin and wait for its end; its exit status, killing it after 5 s (-1). */
int editor_wait(struct editor *e);

#endif
