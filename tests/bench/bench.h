/* What the driver and the relay share: a clock, a buffer, and messages of headers plus a body. */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

typedef long long ns_t;
#define MS 1000000LL

static inline ns_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (ns_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

struct buffer {
    char *data; /* always ends with a zero byte that `length` does not count */
    size_t length, capacity;
};

static inline void buffer_reserve(struct buffer *b, size_t more)
{
    if (b->length + more + 1 <= b->capacity)
        return;
    b->capacity = 2 * (b->length + more + 1);
    b->data = realloc(b->data, b->capacity);
    if (!b->data)
        die("out of memory");
}

static inline void buffer_append(struct buffer *b, const char *data, size_t length)
{
    buffer_reserve(b, length);
    memcpy(b->data + b->length, data, length);
    b->length += length;
    b->data[b->length] = 0;
}

__attribute__((format(printf, 2, 3))) static inline void buffer_print(struct buffer *b,
                                                                      const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    buffer_reserve(b, (size_t)length);
    vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
    b->length += (size_t)length;
    va_end(again);
    va_end(args);
}

static inline void buffer_drop(struct buffer *b, size_t length)
{
    b->length -= length;
    memmove(b->data, b->data + length, b->length);
    b->data[b->length] = 0;
}

/* One read() to the end of the buffer; what read() returned. */
static inline ssize_t buffer_read(struct buffer *b, int fd)
{
    buffer_reserve(b, 65536);
    ssize_t got;
    do
        got = read(fd, b->data + b->length, 65536);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        b->length += (size_t)got;
        b->data[b->length] = 0;
    }
    return got;
}

/* Write all of it; false when the other side is gone. */
static inline bool write_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t put = write(fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        length -= (size_t)put;
    }
    return true;
}

/* Length of the whole message at the front of `b` (an LSP frame or an HTTP request), 0 while it is
   incomplete. `body` is where its body starts. */
static inline size_t message_length(const struct buffer *b, size_t *body)
{
    if (!b->length)
        return 0;
    const char *end = memmem(b->data, b->length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *body = (size_t)(end + 4 - b->data);
    size_t length = 0;
    for (const char *line = b->data; line < end; line = strstr(line, "\r\n") + 2) {
        if (!strncasecmp(line, "content-length:", 15))
            length = strtoul(line + 15, NULL, 10);
        else if (!strncasecmp(line, "transfer-encoding:", 18))
            die("a request body in chunks, which this provider does not read");
    }
    return *body + length <= b->length ? *body + length : 0;
}

/* Append an LSP frame that holds `body`. */
static inline void frame_append(struct buffer *b, const struct buffer *body)
{
    buffer_print(b, "Content-Length: %zu\r\n\r\n", body->length);
    buffer_append(b, body->data, body->length);
}

#endif
