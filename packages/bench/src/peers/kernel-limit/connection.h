/*
 * A non-blocking connection that carries frames: `length (4) | kind (1) | call (4) | body`, integers big-endian, where
 * length is that of the body alone. All frames that are added before a flush leave in one write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind { CALL = 0, PING_PONG = 1, DOWNLOAD = 2, UPLOAD = 3, END = 4 };
enum { HEADER_BYTES = 9 };

/* The most that an endless stream writes before it lets the other connections have a turn. */
enum { BATCH_BYTES = 64 * 1024 };

struct frame {
  enum kind kind;
  uint32_t call;
  const uint8_t* body;
  size_t length;
};

struct buffer {
  uint8_t* data;
  size_t from, to, capacity;
};

struct connection {
  int fd;
  int poller;
  uint32_t interest;
  struct buffer in, out;
  /* What a server knows about a connection. */
  uint64_t uploaded;
  bool is_downloading;
  struct frame download;
};

/* Adds a socket to a poller. The socket becomes non-blocking. */
struct connection* adopt(int poller, int fd);
struct connection* dial(int poller, const char* address);
void hang_up(struct connection* connection);

void add_frame(struct connection* connection, struct frame frame);

/*
 * Writes what has been added, as far as the kernel takes it, and has the poller watch for what comes next. Returns
 * false if the other side is gone.
 */
bool flush(struct connection* connection, bool reads_meanwhile);

/* Reads once. Returns false if the other side is gone. */
bool receive(struct connection* connection);

/* Takes the next complete frame that was read. Its body is valid until the next receive. */
bool next_frame(struct connection* connection, struct frame* frame);

static inline size_t unwritten(const struct connection* connection) {
  return connection->out.to - connection->out.from;
}
