#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "connection.h"
#include "histogram.h"
#include "program.h"

struct tally {
  uint64_t count;
  double seconds;
  bool has_latency;
  bool is_open_loop;
  uint64_t unmade;
};

struct client {
  const char* address;
  const struct job* job;
  bool is_busy;
  int poller;
  struct connection** connections;
  uint8_t* payload;
  struct histogram latency;
};

static int poll_events(const struct client* client, struct epoll_event* events, int most, bool is_busy) {
  int count = epoll_wait(client->poller, events, most, is_busy ? 0 : -1);
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  return count;
}

static void must(bool is_there) {
  if (!is_there) {
    fprintf(stderr, "the server has disconnected\n");
    exit(1);
  }
}

static void check(const struct client* client, size_t length) {
  if (length != client->job->payload_bytes) {
    fprintf(stderr, "sent %zu bytes, got back %zu\n", client->job->payload_bytes, length);
    exit(1);
  }
}

static void send_payload(const struct client* client, struct connection* connection, enum kind kind, uint32_t call) {
  add_frame(connection, (struct frame){kind, call, client->payload, client->job->payload_bytes});
}

/* Keeps `slots` exchanges under way on the first connections; stops to begin new ones when the time is over. */
static struct tally keep_busy(struct client* client, enum kind kind, int slots, double ms) {
  memset(&client->latency, 0, sizeof client->latency);
  uint64_t started = now_ns(), stop = started + (uint64_t)(ms * 1e6), now = started;
  uint64_t* sent = malloc((size_t)slots * sizeof *sent);
  if (sent == NULL) fail("malloc");
  int count = slots < client->job->connections ? slots : client->job->connections;
  for (int slot = 0; slot < slots; slot++) {
    sent[slot] = started;
    send_payload(client, client->connections[slot % count], kind, (uint32_t)slot);
  }
  for (int i = 0; i < count; i++) must(flush(client->connections[i], true));
  for (int open = slots; open > 0;) {
    struct epoll_event events[256];
    int ready = poll_events(client, events, 256, client->is_busy);
    for (int i = 0; i < ready; i++) {
      struct connection* connection = events[i].data.ptr;
      if ((events[i].events & (EPOLLIN | EPOLLHUP)) != 0) {
        must(receive(connection));
        now = now_ns();
        struct frame frame;
        while (next_frame(connection, &frame)) {
          check(client, frame.length);
          record(&client->latency, now - sent[frame.call]);
          if (now < stop) {
            sent[frame.call] = now;
            send_payload(client, connection, kind, frame.call);
          } else {
            open--;
          }
        }
      }
      must(flush(connection, true));
    }
  }
  free(sent);
  return (struct tally){.count = client->latency.total, .seconds = (double)(now - started) / 1e9, .has_latency = true};
}

/*
 * Starts calls at a fixed rate: see contract/lines.ts. Timeouts of epoll_wait are in milliseconds, so the program does
 * not sleep while calls are due.
 */
static struct tally open_loop(struct client* client, double ms, double rate) {
  memset(&client->latency, 0, sizeof client->latency);
  int most = client->job->in_flight, count = client->job->connections;
  uint64_t planned = (uint64_t)(ms * rate / 1000), started = 0, answered = 0, begin = now_ns(), now = begin;
  if (planned == 0) planned = 1;
  uint64_t* due_at = malloc((size_t)most * sizeof *due_at);
  uint32_t* idle = malloc((size_t)most * sizeof *idle); // the numbers of calls that are not open
  if (due_at == NULL || idle == NULL) fail("malloc");
  for (int i = 0; i < most; i++) idle[i] = (uint32_t)i;
  int idle_count = most;
  for (;;) {
    bool is_over = started == planned || (double)(now - begin) >= ms * 1e6;
    if (is_over && answered == started) break;
    uint64_t due = is_over ? 0 : (uint64_t)((double)(now - begin) * rate / 1e9) + 1;
    for (; started < due && started < planned && idle_count > 0; started++) {
      uint32_t slot = idle[--idle_count];
      due_at[slot] = begin + (uint64_t)((double)started * 1e9 / rate);
      send_payload(client, client->connections[started % (uint64_t)count], CALL, slot);
    }
    for (int i = 0; due > 0 && i < count; i++) must(flush(client->connections[i], true));
    struct epoll_event events[256];
    int ready = poll_events(client, events, 256, client->is_busy || !is_over);
    now = now_ns();
    for (int i = 0; i < ready; i++) {
      struct connection* connection = events[i].data.ptr;
      must(receive(connection));
      struct frame frame;
      while (next_frame(connection, &frame)) {
        check(client, frame.length);
        record(&client->latency, now - due_at[frame.call]);
        idle[idle_count++] = frame.call;
        answered++;
      }
      must(flush(connection, true));
    }
  }
  free(due_at);
  free(idle);
  double seconds = (double)(now - begin) / 1e9;
  uint64_t unmade = planned - started;
  return (struct tally){answered, seconds, .has_latency = true, .is_open_loop = true, .unmade = unmade};
}

/* Reads streams of messages, each on a connection of its own: to disconnect is the only way to end one. */
static struct tally download(struct client* client, double ms) {
  int count = client->job->connections, poller = client->poller;
  struct connection** own = malloc((size_t)count * sizeof(struct connection*));
  if (own == NULL) fail("malloc");
  client->poller = epoll_create1(0);
  uint64_t started = now_ns(), stop = started + (uint64_t)(ms * 1e6), now = started, messages = 0;
  for (int i = 0; i < count; i++) {
    own[i] = dial(client->poller, client->address);
    send_payload(client, own[i], DOWNLOAD, 0);
    must(flush(own[i], true));
  }
  while (now < stop || messages == 0) {
    struct epoll_event events[256];
    int ready = poll_events(client, events, 256, client->is_busy);
    for (int i = 0; i < ready; i++) {
      struct frame frame;
      must(receive(events[i].data.ptr));
      while (next_frame(events[i].data.ptr, &frame)) {
        check(client, frame.length);
        messages++;
      }
      must(flush(events[i].data.ptr, true));
    }
    now = now_ns();
  }
  for (int i = 0; i < count; i++) hang_up(own[i]);
  free(own);
  close(client->poller);
  client->poller = poller;
  return (struct tally){.count = messages, .seconds = (double)(now - started) / 1e9};
}

static struct tally upload(struct client* client, double ms) {
  struct connection* connection = client->connections[0];
  uint64_t started = now_ns(), stop = started + (uint64_t)(ms * 1e6), sent = 0;
  for (bool is_over = false;;) {
    if (!is_over && unwritten(connection) == 0) {
      do {
        send_payload(client, connection, UPLOAD, 0);
        sent++;
      } while (unwritten(connection) < BATCH_BYTES);
      is_over = now_ns() >= stop;
      if (is_over) add_frame(connection, (struct frame){END, 0, client->payload, 0});
    }
    must(flush(connection, true));
    if (!is_over && unwritten(connection) == 0) continue;
    struct epoll_event event;
    if (poll_events(client, &event, 1, client->is_busy) < 1 || (event.events & EPOLLIN) == 0) continue;
    must(receive(connection));
    struct frame frame;
    if (next_frame(connection, &frame)) {
      char received[24] = "";
      memcpy(received, frame.body, frame.length < 23 ? frame.length : 23);
      if (strtoull(received, NULL, 10) != sent) {
        fprintf(stderr, "sent %llu messages, %s arrived\n", (unsigned long long)sent, received);
        exit(1);
      }
      return (struct tally){.count = sent, .seconds = (double)(now_ns() - started) / 1e9};
    }
  }
}

static struct tally once(struct client* client) {
  return keep_busy(client, CALL, 1, 0);
}

/* Opens the connections, each used for one call, or the streams, which are nothing but a number in this framing. */
static struct tally hold(struct client* client) {
  const struct job* job = client->job;
  if (job->streams > 0) {
    struct tally tally = keep_busy(client, PING_PONG, job->streams, 0);
    return (struct tally){.count = (uint64_t)job->streams, .seconds = tally.seconds};
  }
  uint64_t started = now_ns();
  struct connection* first = client->connections[0];
  for (int i = 0; i < job->connections; i++) {
    client->connections[0] = dial(client->poller, client->address); // the earlier ones stay open
    once(client);
  }
  client->connections[0] = first;
  return (struct tally){.count = (uint64_t)job->connections, .seconds = (double)(now_ns() - started) / 1e9};
}

static struct tally run(struct client* client, double ms, bool is_warm) {
  const struct job* job = client->job;
  if (strcmp(job->kind, "calls") == 0) return keep_busy(client, CALL, job->in_flight, ms);
  if (strcmp(job->kind, "ping-pong") == 0) return keep_busy(client, PING_PONG, job->in_flight, ms);
  if (strcmp(job->kind, "download") == 0) return download(client, ms);
  if (strcmp(job->kind, "upload") == 0) return upload(client, ms);
  if (strcmp(job->kind, "hold") == 0 && is_warm) return hold(client);
  return once(client);
}

static void say_done(const struct client* client, struct tally tally) {
  printf("{\"at\":\"done\",\"usage\":%s,\"count\":%llu,\"seconds\":%.9f", usage_now(), (unsigned long long)tally.count,
         tally.seconds);
  if (tally.has_latency) {
    static const char* names[] = {"p10", "p25", "p50", "p75", "p90", "p99", "p999"};
    static const double quantiles[] = {0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999};
    printf(",\"latencyUs\":{");
    for (int i = 0; i < 7; i++) {
      printf("%s\"%s\":%.3f", i > 0 ? "," : "", names[i], quantile_us(&client->latency, quantiles[i]));
    }
    printf("}");
  }
  if (tally.is_open_loop) printf(",\"unmade\":%llu", (unsigned long long)tally.unmade);
  printf("}\n");
  fflush(stdout);
}

static void say_at(const char* at) {
  printf("{\"at\":\"%s\",\"usage\":%s}\n", at, usage_now());
  fflush(stdout);
}

/* Runs for the durations that come in lines. */
static void run_lines(struct client* client) {
  if (strcmp(client->job->kind, "first-call") == 0) {
    say_done(client, once(client));
  } else {
    say_at("ready");
  }
  char line[64];
  double ms, rate;
  for (bool is_warm = false; fgets(line, sizeof line, stdin) != NULL; is_warm = true) {
    int words = sscanf(line, "run %lf %lf", &ms, &rate);
    say_done(client, words == 2 ? open_loop(client, ms, rate) : run(client, ms, is_warm));
  }
}

void call(const char* address, const struct job* job, bool is_busy) {
  static struct client client;
  client = (struct client){.address = address, .job = job, .is_busy = is_busy, .poller = epoll_create1(0)};
  int connections = strcmp(job->kind, "hold") == 0 ? 1 : job->connections;
  client.connections = malloc((size_t)job->connections * sizeof(struct connection*));
  client.payload = malloc(job->payload_bytes + 1);
  if (client.connections == NULL || client.payload == NULL) fail("malloc");
  memset(client.payload, 'a', job->payload_bytes);
  for (int i = 0; i < connections; i++) client.connections[i] = dial(client.poller, address);
  run_lines(&client);
}
