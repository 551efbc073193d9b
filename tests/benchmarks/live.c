/* Many browsers in a live room, in one thread of C, so that what is measured is the server.
 *
 * Commands come in on stdin, one a line, and each is answered with one line of JSON:
 *   open N PORT...     opens N more sockets, taking the ports in turn; answers when all are in (or have failed)
 *   stall N            N of them stop reading
 *   send RATE PORT     from now on so many messages a second, from the sockets of that port (0: from all)
 *   vote RATE N        likewise so many votes a second, for the questions 1 to N in turn, given and taken back
 *   measure MS PORT    counts what arrives in that time on sockets of that port (0: on all)
 *   resume MS          waits until every socket that was lost is back and has what the others have, at most that long
 *   quit
 * The name of a message (a UUID) ends with the microsecond in which it was sent, by the clock that the server has too.
 * Processor time, "cpu", is this program's own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 20000
#define LONGEST_MS 120000
#define AT_ONCE 200       /* handshakes under way */
#define REMEMBERED 65536  /* numbers whose time of sending is known */
#define BUFFER 65536

enum phase { WAITING, CONNECTING, UPGRADING, GREETING, LIVE };

struct browser {
    int fd, port, is_stalled, has_been_in;
    enum phase phase;
    int64_t position, due;      /* the last number it has; when it tries again */
    int64_t in_at, caught_up;   /* microseconds */
    int unacked_events, unacked_bytes, lost;
    int states;                 /* frames of the state while measured */
    int64_t state_at;           /* when the last one came */
    char *buffer;
    int used;
};

static struct browser browsers[MOST];
static char *keys[MOST];
static int count, key_count, epoll, under_way, live, failed, closed;
static const char *path_room, *epoch, *origin, *cookie;
static int64_t top;
static int64_t sent_at[REMEMBERED], seq_of[REMEMBERED];
static int64_t deliveries, frames, bytes, acknowledged, refused, disorder;
static uint32_t delays[LONGEST_MS + 1];
static int count_port, send_port, next_sender;
static double send_rate, vote_rate;
static int64_t next_send, next_vote, votes;
static int questions = 1;
static int64_t states, shortest_state;
static int retry_ms = 400;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void lose(struct browser *b) {
    if (b->fd >= 0) close(b->fd);
    b->fd = -1;
    if (b->phase == LIVE) live--, closed++;
    else if (b->phase != WAITING) under_way--, failed++;
    b->phase = WAITING;
    b->used = 0;
    b->due = now_us() + (int64_t)((0.5 + drand48() / 2) * retry_ms * 1000);
    b->lost = 1;
}

static void tell(struct browser *b, const char *text) {
    unsigned char frame[2048];
    size_t length = strlen(text), head = 2;
    frame[0] = 0x81;
    if (length < 126) frame[1] = 0x80 | length;
    else frame[1] = 0x80 | 126, frame[2] = length >> 8, frame[3] = length & 255, head = 4;
    memset(frame + head, 0, 4); /* a mask of zeros changes nothing */
    memcpy(frame + head + 4, text, length);
    if (send(b->fd, frame, head + 4 + length, MSG_NOSIGNAL) < 0 && errno != EAGAIN) lose(b);
}

static void try_connect(struct browser *b) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(b->port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    b->phase = CONNECTING;
    under_way++;
    if (connect(b->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) { lose(b); return; }
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = b};
    epoll_ctl(epoll, EPOLL_CTL_ADD, b->fd, &e);
}

static void upgrade(struct browser *b) {
    char request[2048];
    int length = snprintf(request, sizeof request,
        "GET /live/rooms/%s/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: %s\r\n"
        "Cookie: %s=%s\r\n\r\n", path_room, b->port, origin, cookie, keys[(b - browsers) % key_count]);
    if (send(b->fd, request, length, MSG_NOSIGNAL) != length) { lose(b); return; }
    b->phase = UPGRADING;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = b};
    epoll_ctl(epoll, EPOLL_CTL_MOD, b->fd, &e);
}

/* The time of sending stands in the event's name: "c":"00000000-0000-4000-8000-0123456789ab" */
static void remember(const char *event, const char *end, int64_t seq) {
    const char *name = memmem(event, end - event, "\"c\":\"", 5);
    char hex[13] = {0};
    seq_of[seq % REMEMBERED] = seq;
    sent_at[seq % REMEMBERED] = 0;
    if (!name || name + 41 > end) return;
    memcpy(hex, name + 5 + 24, 12);
    sent_at[seq % REMEMBERED] = strtoll(hex, NULL, 16);
}

static void take(struct browser *b, const char *text, int length) {
    const char *end = text + length;
    if (length < 6) return;
    if (text[0] == '{') {
        if (!memcmp(text, "{\"t\":\"welcome\"", 14)) {
            const char *at = memmem(text, length, "\"top\":", 6);
            int64_t shown = at ? strtoll(at + 6, NULL, 10) : 0;
            if ((at = memmem(text, length, "\"retry_ms\":", 11))) retry_ms = atoi(at + 11);
            if (!b->has_been_in) b->position = shown;
            if (memmem(text, length, "\"reset\"", 7)) disorder++, b->position = shown;
            if (shown > top) top = shown;
            b->has_been_in = 1;
            if (b->phase != LIVE) live++, under_way--;
            b->phase = LIVE;
            b->in_at = now_us();
        } else if (!memcmp(text, "{\"t\":\"st\"", 9)) {
            int64_t moment = now_us();
            if (b->states && moment - b->state_at < shortest_state) shortest_state = moment - b->state_at;
            b->state_at = moment;
            b->states++, states++;
        } else if (!memcmp(text, "{\"t\":\"ok\"", 9)) acknowledged++;
        else if (!memcmp(text, "{\"t\":\"err\"", 10)) refused++;
        return;
    }
    if (memcmp(text, "[{\"s\":", 6)) return;
    int64_t first = strtoll(text + 6, NULL, 10), last = first, moment = now_us();
    for (const char *at = end - 6; at > text; at--) /* the last event of the page */
        if (*at == '{' && !memcmp(at, "{\"s\":", 5)) { last = strtoll(at + 5, NULL, 10); break; }
    if (first != b->position + 1) disorder++;
    b->position = last;
    if (last > top) top = last;
    if (last == top) b->caught_up = moment;
    if (seq_of[last % REMEMBERED] != last || seq_of[first % REMEMBERED] != first) {
        const char *at = text + 1; /* new to all of us: find out when each was sent */
        for (int64_t seq = first; seq <= last && at; seq++) {
            const char *next = memmem(at + 1, end - at - 1, ",{\"s\":", 6);
            remember(at, next ? next : end, seq);
            at = next ? next + 1 : NULL;
        }
    }
    if (!count_port || count_port == b->port) {
        frames++;
        bytes += length;
        for (int64_t seq = first; seq <= last; seq++) {
            deliveries++;
            if (!sent_at[seq % REMEMBERED]) continue;
            int64_t ms = (moment - sent_at[seq % REMEMBERED]) / 1000;
            delays[ms < 0 ? 0 : ms > LONGEST_MS ? LONGEST_MS : ms]++;
        }
    }
    b->unacked_events += last - first + 1;
    b->unacked_bytes += length;
    if (b->unacked_events >= 100 || b->unacked_bytes >= 64000) {
        char ack[64];
        snprintf(ack, sizeof ack, "{\"t\":\"ack\",\"s\":%lld}", (long long)b->position);
        b->unacked_events = b->unacked_bytes = 0;
        tell(b, ack);
    }
}

static void hear(struct browser *b) {
    int got = recv(b->fd, b->buffer + b->used, BUFFER - b->used, 0);
    if (got <= 0) { if (got == 0 || errno != EAGAIN) lose(b); return; }
    b->used += got;
    char *at = b->buffer, *end = b->buffer + b->used;
    if (b->phase == UPGRADING) {
        char *body = memmem(at, end - at, "\r\n\r\n", 4), hello[160];
        if (!body) return;
        if (memcmp(at, "HTTP/1.1 101", 12)) { lose(b); return; }
        at = body + 4;
        b->phase = GREETING;
        if (b->has_been_in)
            snprintf(hello, sizeof hello, "{\"t\":\"hello\",\"v\":1,\"epoch\":\"%s\",\"since\":%lld}", epoch,
                     (long long)b->position);
        else snprintf(hello, sizeof hello, "{\"t\":\"hello\",\"v\":1,\"epoch\":null,\"since\":null}");
        tell(b, hello);
        if (b->fd < 0) return;
    }
    while (end - at >= 2) {
        unsigned char *head = (unsigned char *)at;
        size_t length = head[1] & 127, size = 2;
        if (length == 126) { if (end - at < 4) break; length = head[2] << 8 | head[3]; size = 4; }
        else if (length == 127) { lose(b); return; }
        if ((size_t)(end - at) < size + length) break;
        int kind = head[0] & 15;
        if (kind == 1) take(b, at + size, length);
        else if (kind == 8) { lose(b); return; }
        else if (kind == 9) { /* a ping: the pong is the same, masked */
            unsigned char pong[160] = {0x8a, 0x80 | (unsigned char)length};
            memcpy(pong + 6, at + size, length);
            send(b->fd, pong, 6 + length, MSG_NOSIGNAL);
        }
        if (b->fd < 0) return;
        at += size + length;
    }
    memmove(b->buffer, at, end - at);
    b->used = end - at;
}

static void send_one(int64_t moment) {
    static int64_t latest;
    static const char *words = "A sentence or two of the length that people write when they talk to each other at work.";
    for (int tries = 0; tries < count; tries++) {
        struct browser *b = &browsers[next_sender++ % count];
        if (b->phase != LIVE || b->is_stalled || (send_port && b->port != send_port)) continue;
        char frame[400];
        if (moment <= latest) moment = latest + 1; /* a name is used once */
        latest = moment;
        snprintf(frame, sizeof frame, "{\"t\":\"send\",\"c\":\"00000000-0000-4000-8000-%012llx\",\"b\":\"%s\"}",
                 (long long)moment, words);
        tell(b, frame);
        return;
    }
}

static void vote_one(void) {
    for (int tries = 0; tries < count; tries++) {
        struct browser *b = &browsers[next_sender++ % count];
        if (b->phase != LIVE || b->is_stalled) continue;
        char frame[200];
        votes++;
        snprintf(frame, sizeof frame, "{\"t\":\"vote\",\"c\":\"00000000-0000-4000-9000-%012llx\",\"q\":%d,\"on\":%s}",
                 (long long)votes, (int)(votes % questions) + 1, votes / questions % 3 == 2 ? "false" : "true");
        tell(b, frame);
        return;
    }
}

static void turn(int wait_ms) {
    struct epoll_event ready[512];
    int64_t moment = now_us();
    if (send_rate > 0) {
        if (wait_ms > 1) wait_ms = 1;
        while (next_send <= moment) send_one(moment), next_send += (int64_t)(1e6 / send_rate);
    }
    if (vote_rate > 0) {
        if (wait_ms > 1) wait_ms = 1;
        while (next_vote <= moment) vote_one(), next_vote += (int64_t)(1e6 / vote_rate);
    }
    static int place;
    for (int looked = 0; looked < count && under_way < AT_ONCE; looked++) {
        struct browser *b = &browsers[place++ % count];
        if (b->phase == WAITING && b->due <= moment) try_connect(b);
    }
    int n = epoll_wait(epoll, ready, 512, wait_ms);
    for (int i = 0; i < n; i++) {
        struct browser *b = ready[i].data.ptr;
        if (b->fd < 0) continue;
        if (b->phase == CONNECTING) {
            int problem = 0;
            socklen_t size = sizeof problem;
            getsockopt(b->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
            if (problem) lose(b); else upgrade(b);
        } else hear(b);
    }
}

static int64_t below(double share) {
    uint64_t all = 0, so_far = 0;
    for (int ms = 0; ms <= LONGEST_MS; ms++) all += delays[ms];
    for (int ms = 0; ms <= LONGEST_MS; ms++) if ((so_far += delays[ms]) >= all * share && so_far) return ms;
    return 0;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int is_pending(void) {
    fd_set set;
    struct timeval none = {0, 0};
    FD_ZERO(&set);
    FD_SET(0, &set);
    return select(1, &set, NULL, NULL, &none) > 0;
}

int main(int argc, char **argv) {
    if (argc != 6) return fprintf(stderr, "live ROOM EPOCH ORIGIN COOKIE FILE_OF_SESSIONS\n"), 2;
    path_room = argv[1], epoch = argv[2], origin = argv[3], cookie = argv[4];
    char line[256];
    FILE *file = fopen(argv[5], "r");
    while (file && key_count < MOST && fgets(line, sizeof line, file))
        line[strcspn(line, "\n")] = 0, keys[key_count++] = strdup(line);
    if (!key_count) return fprintf(stderr, "no sessions\n"), 2;
    setvbuf(stdin, NULL, _IONBF, 0);
    epoll = epoll_create1(0);
    while (1) {
        if (!is_pending()) { turn(20); continue; }
        if (!fgets(line, sizeof line, stdin)) return 0;
        char *word = strtok(line, " \n");
        int64_t began = now_us();
        if (!word || !strcmp(word, "quit")) return 0;
        if (!strcmp(word, "open")) {
            int more = atoi(strtok(NULL, " \n")), ports[16], ports_count = 0;
            char *port;
            while ((port = strtok(NULL, " \n")) && ports_count < 16) ports[ports_count++] = atoi(port);
            failed = 0;
            for (int n = 0; n < more && count < MOST; n++, count++)
                browsers[count] = (struct browser){.fd = -1, .port = ports[n % ports_count], .buffer = malloc(BUFFER)};
            while (live < count && now_us() < began + 120000000) turn(20);
            printf("{\"live\": %d, \"failed\": %d, \"seconds\": %.3f}\n", live, failed, (now_us() - began) / 1e6);
        } else if (!strcmp(word, "stall")) {
            int n = atoi(strtok(NULL, " \n"));
            for (int i = 0; i < n; i++) {
                browsers[i].is_stalled = 1;
                epoll_ctl(epoll, EPOLL_CTL_DEL, browsers[i].fd, NULL);
            }
            printf("{\"stalled\": %d}\n", n);
        } else if (!strcmp(word, "send")) {
            send_rate = atof(strtok(NULL, " \n"));
            send_port = atoi(strtok(NULL, " \n"));
            next_send = now_us();
            printf("{}\n");
        } else if (!strcmp(word, "vote")) {
            vote_rate = atof(strtok(NULL, " \n"));
            questions = atoi(strtok(NULL, " \n"));
            if (questions < 1) questions = 1;
            next_vote = now_us();
            printf("{}\n");
        } else if (!strcmp(word, "measure")) {
            int64_t length = atoll(strtok(NULL, " \n")) * 1000;
            count_port = atoi(strtok(NULL, " \n"));
            memset(delays, 0, sizeof delays);
            deliveries = frames = bytes = acknowledged = refused = disorder = closed = 0;
            states = 0, shortest_state = (int64_t)1e12;
            for (int i = 0; i < count; i++) browsers[i].states = 0;
            double used = cpu();
            while (now_us() < began + length) turn(20);
            int most_states = 0;
            for (int i = 0; i < count; i++) if (browsers[i].states > most_states) most_states = browsers[i].states;
            if (shortest_state == (int64_t)1e12) shortest_state = 0; /* none got two */
            printf("{\"deliveries\": %lld, \"frames\": %lld, \"bytes\": %lld, \"acknowledged\": %lld, \"refused\": %lld, "
                   "\"disorder\": %lld, \"closed\": %d, \"seconds\": %.4f, \"cpu\": %.4f, \"p50\": %lld, \"p99\": %lld, "
                   "\"longest\": %lld, \"states\": %lld, \"most_states\": %d, \"shortest_state\": %lld}\n",
                   (long long)deliveries, (long long)frames, (long long)bytes, (long long)acknowledged,
                   (long long)refused, (long long)disorder, closed, (now_us() - began) / 1e6, cpu() - used,
                   (long long)below(0.5), (long long)below(0.99), (long long)below(1),
                   (long long)states, most_states, (long long)shortest_state / 1000);
        } else if (!strcmp(word, "resume")) {
            int64_t length = atoll(strtok(NULL, " \n")) * 1000, *back = malloc(count * sizeof *back);
            int lost = 0, missing = 0;
            while (now_us() < began + length) {
                missing = 0;
                for (int i = 0; i < count; i++)
                    missing += browsers[i].phase != LIVE || !browsers[i].lost || browsers[i].position < top;
                if (!missing) break;
                turn(20);
            }
            for (int i = 0; i < count; i++)
                if (browsers[i].lost && browsers[i].phase == LIVE)
                    back[lost++] = (browsers[i].caught_up > browsers[i].in_at ? browsers[i].caught_up : browsers[i].in_at);
            qsort(back, lost, sizeof *back, by_size);
            printf("{\"back\": %d, \"missing\": %d, \"p99_at\": %lld, \"disorder\": %lld}\n", lost, missing,
                   lost ? (long long)back[(int)(lost * 0.99)] : 0LL, (long long)disorder);
            free(back);
        } else printf("{\"problem\": \"unknown command\"}\n");
        fflush(stdout);
    }
}
