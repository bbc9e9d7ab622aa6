#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "program.h"

enum { BUFFER_BYTES = 256 * 1024 };

static void reserve(struct buffer* buffer, size_t bytes) {
  if (buffer->to + bytes <= buffer->capacity) return;
  memmove(buffer->data, buffer->data + buffer->from, buffer->to - buffer->from);
  buffer->to -= buffer->from;
  buffer->from = 0;
  if (buffer->to + bytes <= buffer->capacity) return;
  while (buffer->to + bytes > buffer->capacity) buffer->capacity *= 2;
  buffer->data = realloc(buffer->data, buffer->capacity);
  if (buffer->data == NULL) fail("realloc");
}

static struct buffer new_buffer(void) {
  struct buffer buffer = {.data = malloc(BUFFER_BYTES), .capacity = BUFFER_BYTES};
  if (buffer.data == NULL) fail("malloc");
  return buffer;
}

static void watch(struct connection* connection, int operation, uint32_t interest) {
  struct epoll_event event = {.events = interest, .data.ptr = connection};
  if (epoll_ctl(connection->poller, operation, connection->fd, &event) != 0) fail("epoll_ctl");
  connection->interest = interest;
}

struct connection* adopt(int poller, int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  struct connection* connection = calloc(1, sizeof *connection);
  if (connection == NULL) fail("calloc");
  *connection = (struct connection){.fd = fd, .poller = poller, .in = new_buffer(), .out = new_buffer()};
  watch(connection, EPOLL_CTL_ADD, EPOLLIN);
  return connection;
}

struct connection* dial(int poller, const char* address) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strncpy(name.sun_path, address, sizeof name.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&name, sizeof name) != 0) fail(address);
  return adopt(poller, fd);
}

void hang_up(struct connection* connection) {
  close(connection->fd);
  free(connection->in.data);
  free(connection->out.data);
  free(connection);
}

static void write_uint32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(at, &value, sizeof value);
}

static uint32_t read_uint32(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

void add_frame(struct connection* connection, struct frame frame) {
  struct buffer* out = &connection->out;
  reserve(out, HEADER_BYTES + frame.length);
  uint8_t* at = out->data + out->to;
  write_uint32(at, (uint32_t)frame.length);
  at[4] = (uint8_t)frame.kind;
  write_uint32(at + 5, frame.call);
  memcpy(at + HEADER_BYTES, frame.body, frame.length);
  out->to += HEADER_BYTES + frame.length;
}

bool flush(struct connection* connection, bool reads_meanwhile) {
  struct buffer* out = &connection->out;
  while (out->from < out->to) {
    ssize_t written = write(connection->fd, out->data + out->from, out->to - out->from);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno != EAGAIN) return false;
    if (written < 0) break;
    out->from += (size_t)written;
  }
  bool is_blocked = out->from < out->to;
  if (!is_blocked) out->from = out->to = 0;
  uint32_t interest = is_blocked || connection->is_downloading ? EPOLLOUT : 0;
  if (!is_blocked || reads_meanwhile) interest |= EPOLLIN;
  if (interest != connection->interest) watch(connection, EPOLL_CTL_MOD, interest);
  return true;
}

bool receive(struct connection* connection) {
  struct buffer* in = &connection->in;
  size_t missing = 1;
  if (in->from == in->to) {
    in->from = in->to = 0;
  } else if (in->to - in->from >= HEADER_BYTES) {
    missing = HEADER_BYTES + read_uint32(in->data + in->from) - (in->to - in->from);
  }
  reserve(in, missing);
  ssize_t got = read(connection->fd, in->data + in->to, in->capacity - in->to);
  if (got > 0) in->to += (size_t)got;
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool next_frame(struct connection* connection, struct frame* frame) {
  struct buffer* in = &connection->in;
  size_t bytes = in->to - in->from;
  if (bytes < HEADER_BYTES) return false;
  const uint8_t* at = in->data + in->from;
  size_t length = read_uint32(at);
  if (bytes < HEADER_BYTES + length) return false;
  *frame = (struct frame){(enum kind)at[4], read_uint32(at + 5), at + HEADER_BYTES, length};
  in->from += HEADER_BYTES + length;
  return true;
}
