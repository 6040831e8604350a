// The least that a hub on epoll can be, as a measure for the others: no checks, no log, no heartbeats.
//
//   minimal [--coalesce] [--redis PORT] PORT
//
// GET  /stream?project_id=P   a stream
// POST /publish?project_id=P  {"event":…,"data":…} for all streams of the project
//
// With --redis it hears the same envelopes on `chat:P`. One send per event and stream; with --coalesce one send per
// stream for all that came with one round of epoll. The frames are encoded once either way.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    char *bytes;
    size_t count, capacity;
} Buffer;

typedef struct Project Project;

// One connection: a request that is not complete yet, a publisher, a stream, or the one to Redis.
typedef struct {
    int fd;
    enum { REQUEST, STREAM, REDIS } kind;
    uint32_t slot;      // among its project's streams
    Project *project;   // of a stream
    Buffer buffer;      // what came and is not read yet; of a stream, what its socket has not taken
    size_t taken;       // how much of the buffer is done with
} Connection;

struct Project {
    char *name;
    Connection **streams;
    uint32_t count, capacity;
    bool isDirty;
    Buffer frames;  // of this round
    Project *next;  // with the same hash
};

// 16 MiB: a reader that is further behind is cut off.
enum { PROJECTS = 1 << 16, EVENTS = 512, MAXIMUM_PENDING = 16 << 20, READ = 256 << 10 };

static int epoll;
static bool coalesces;
static Project *projects[PROJECTS];
static Project **dirty;
static size_t dirtyCount, dirtyCapacity;
static char input[READ];

static const char streamHead[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "Connection: close\r\n\r\n: hello\n\n";
static const char published[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char notFound[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void append(Buffer *buffer, const void *bytes, size_t count) {
    if (buffer->count + count > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity < buffer->count + count) capacity *= 2;
        if (!(buffer->bytes = realloc(buffer->bytes, capacity))) fail("realloc");
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

static void release(Buffer *buffer) {
    free(buffer->bytes);
    *buffer = (Buffer){0};
}

static void watch(Connection *connection, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) < 0) fail("epoll_ctl");
}

static Connection *newConnection(int fd, int kind) {
    Connection *connection = calloc(1, sizeof *connection);
    if (!connection) fail("calloc");
    connection->fd = fd;
    connection->kind = kind;
    watch(connection, EPOLLIN, EPOLL_CTL_ADD);
    return connection;
}

static Project *projectNamed(const char *name, size_t length) {
    uint32_t hash = 2166136261;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 16777619;
    Project **place = &projects[hash % PROJECTS];
    for (; *place; place = &(*place)->next)
        if (!strncmp((*place)->name, name, length) && !(*place)->name[length]) return *place;
    if (!(*place = calloc(1, sizeof **place))) fail("calloc");
    (*place)->name = strndup(name, length);
    return *place;
}

// Frees a connection. Never called while its project's streams are being written to.
static void drop(Connection *connection) {
    Project *project = connection->project;
    if (project) {
        project->streams[connection->slot] = project->streams[--project->count];
        project->streams[connection->slot]->slot = connection->slot;
    }
    close(connection->fd);
    release(&connection->buffer);
    free(connection);
}

// Sends as much as the socket takes, and keeps the rest. An error is found by epoll as well, and dealt with there.
static void sendTo(Connection *connection, const char *bytes, size_t count) {
    ssize_t sent = 0;
    if (!connection->buffer.count) {
        sent = send(connection->fd, bytes, count, MSG_NOSIGNAL);
        if (sent == (ssize_t)count) return;
        if (sent < 0) sent = 0;
        watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    append(&connection->buffer, bytes + sent, count - sent);
    if (connection->buffer.count - connection->taken > MAXIMUM_PENDING) shutdown(connection->fd, SHUT_RDWR);
}

static void sendPending(Connection *connection) {
    Buffer *buffer = &connection->buffer;
    const char *rest = buffer->bytes + connection->taken;
    ssize_t sent = send(connection->fd, rest, buffer->count - connection->taken, MSG_NOSIGNAL);
    if (sent > 0) connection->taken += sent;
    if (connection->taken < buffer->count) return;
    release(buffer);
    connection->taken = 0;
    watch(connection, EPOLLIN, EPOLL_CTL_MOD);
}

static void flush(Project *project) {
    Buffer frames = project->frames;
    for (uint32_t i = 0; i < project->count; i++) sendTo(project->streams[i], frames.bytes, frames.count);
    project->frames.count = 0;
    project->isDirty = false;
}

static void flushAll(void) {
    for (size_t i = 0; i < dirtyCount; i++) flush(dirty[i]);
    dirtyCount = 0;
}

// Makes one frame of {"event":"…","data":…}, written as publishers write it: in this order, without white space.
static void publish(Project *project, const char *envelope, size_t count) {
    static const char start[] = "{\"event\":\"", middle[] = "\",\"data\":";
    const char *end = envelope + count, *name = envelope + sizeof start - 1;
    const char *quote = count > sizeof start ? memmem(name, end - name, middle, sizeof middle - 1) : NULL;
    if (!quote || memcmp(envelope, start, sizeof start - 1)) return;
    const char *data = quote + sizeof middle - 1;
    append(&project->frames, "event: ", 7);
    append(&project->frames, name, quote - name);
    append(&project->frames, "\ndata: ", 7);
    append(&project->frames, data, end - 1 - data);
    append(&project->frames, "\n\n", 2);
    if (!coalesces) return flush(project);
    if (project->isDirty) return;
    project->isDirty = true;
    if (dirtyCount == dirtyCapacity) {
        dirtyCapacity = dirtyCapacity ? dirtyCapacity * 2 : 64;
        if (!(dirty = realloc(dirty, dirtyCapacity * sizeof *dirty))) fail("realloc");
    }
    dirty[dirtyCount++] = project;
}

static void answer(Connection *connection, const char *bytes, size_t count) {
    if (send(connection->fd, bytes, count, MSG_NOSIGNAL) < 0) shutdown(connection->fd, SHUT_RDWR);
}

static void openStream(Connection *connection, Project *project) {
    if (project->count == project->capacity) {
        project->capacity = project->capacity ? project->capacity * 2 : 4;
        project->streams = realloc(project->streams, project->capacity * sizeof *project->streams);
        if (!project->streams) fail("realloc");
    }
    release(&connection->buffer);
    connection->taken = 0;
    connection->kind = STREAM;
    connection->project = project;
    connection->slot = project->count;
    project->streams[project->count++] = connection;
    answer(connection, streamHead, sizeof streamHead - 1);
}

// The value of Content-Length within a head.
static size_t contentLength(const char *head, const char *end) {
    static const char name[] = "\r\ncontent-length:";
    for (const char *at = head; at + sizeof name < end; at++)
        if (*at == '\r' && !strncasecmp(at, name, sizeof name - 1)) return strtoul(at + sizeof name - 1, NULL, 10);
    return 0;
}

// Reads one request off the front of the buffer; returns its size, 0 while it is not complete.
static size_t readRequest(Connection *connection) {
    const char *bytes = connection->buffer.bytes + connection->taken;
    const char *limit = connection->buffer.bytes + connection->buffer.count;
    const char *end = memmem(bytes, limit - bytes, "\r\n\r\n", 4);
    if (!end) return 0;
    const char *body = end + 4, *line = memchr(bytes, '\r', end + 1 - bytes);
    size_t length = contentLength(bytes, body);
    if ((size_t)(limit - body) < length) return 0;
    size_t size = body - bytes + length;
    const char *name = memmem(bytes, line - bytes, "project_id=", 11);
    name = name ? name + 11 : "default";
    Project *project = projectNamed(name, strcspn(name, "& \r"));
    if (!strncmp(bytes, "GET /stream", 11)) {
        openStream(connection, project);
    } else if (!strncmp(bytes, "POST /publish", 13)) {
        publish(project, body, length);
        answer(connection, published, sizeof published - 1);
    } else {
        answer(connection, notFound, sizeof notFound - 1);
    }
    return size;
}

// Reads `$COUNT\r\n…\r\n`; returns where it ends, NULL while it is not complete.
static const char *readString(const char *at, const char *end, const char **string, size_t *count) {
    const char *line = at < end ? memchr(at, '\n', end - at) : NULL;
    if (!line) return NULL;
    *count = *at == '$' ? strtoul(at + 1, NULL, 10) : 0;
    *string = line + 1;
    // A number, which is not asked for, has no second line.
    if (*at != '$') return line + 1;
    return (size_t)(end - line - 1) < *count + 2 ? NULL : line + 1 + *count + 2;
}

// Reads one reply off the front of the buffer: `pmessage`, pattern, channel, payload, or what answers the subscription.
static size_t readReply(Connection *connection) {
    const char *bytes = connection->buffer.bytes + connection->taken;
    const char *end = connection->buffer.bytes + connection->buffer.count;
    const char *line = memchr(bytes, '\n', end - bytes), *part[4];
    if (!line) return 0;
    int parts = atoi(bytes + 1);
    size_t count[4];
    const char *at = line + 1;
    for (int i = 0; i < parts && i < 4; i++)
        if (!(at = readString(at, end, &part[i], &count[i]))) return 0;
    const char *colon = parts == 4 ? memchr(part[2], ':', count[2]) : NULL;
    if (colon) publish(projectNamed(colon + 1, part[2] + count[2] - colon - 1), part[3], count[3]);
    return at - bytes;
}

static void readAll(Connection *connection) {
    ssize_t count = read(connection->fd, input, sizeof input);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 && connection->kind == REDIS) fail("redis");
    if (count <= 0) return drop(connection);
    if (connection->kind == STREAM) return;
    append(&connection->buffer, input, count);
    while (connection->taken < connection->buffer.count) {
        size_t size = connection->kind == REDIS ? readReply(connection) : readRequest(connection);
        if (connection->kind == STREAM) return;
        if (!size) break;
        connection->taken += size;
    }
    connection->buffer.count -= connection->taken;
    memmove(connection->buffer.bytes, connection->buffer.bytes + connection->taken, connection->buffer.count);
    connection->taken = 0;
}

static void acceptAll(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        newConnection(fd, REQUEST);
    }
}

static int openSocket(uint16_t port, bool listens) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (listens ? SOCK_NONBLOCK : 0), 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listens && (bind(fd, (void *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)) fail("listen");
    if (!listens && connect(fd, (void *)&address, sizeof address) < 0) fail("redis");
    return fd;
}

int main(int count, char **arguments) {
    int port = 0, redis = 0;
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--coalesce")) coalesces = true;
        else if (!strcmp(arguments[i], "--redis") && i + 1 < count) redis = atoi(arguments[++i]);
        else port = atoi(arguments[i]);
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = openSocket(port, true);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    if (redis) {
        Connection *connection = newConnection(openSocket(redis, false), REDIS);
        answer(connection, "*2\r\n$10\r\nPSUBSCRIBE\r\n$3\r\n*:*\r\n", 31);
    }
    while (true) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            Connection *connection = events[i].data.ptr;
            if (!connection) {
                acceptAll(listener);
            } else {
                if (events[i].events & EPOLLOUT) sendPending(connection);
                if (events[i].events & ~EPOLLOUT) readAll(connection);
            }
        }
        flushAll();
    }
}
