#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "program.h"

static void answer(struct connection* connection, struct frame frame) {
  switch (frame.kind) {
    case CALL:
    case PING_PONG:
      add_frame(connection, frame);
      break;
    case DOWNLOAD: {
      uint8_t* payload = calloc(frame.length + 1, 1);
      if (payload == NULL) fail("calloc");
      connection->is_downloading = true;
      connection->download = (struct frame){DOWNLOAD, frame.call, payload, frame.length};
      break;
    }
    case UPLOAD:
      connection->uploaded++;
      break;
    case END: {
      char count[24];
      int length = snprintf(count, sizeof count, "%llu", (unsigned long long)connection->uploaded);
      add_frame(connection, (struct frame){END, frame.call, (uint8_t*)count, (size_t)length});
      connection->uploaded = 0;
      break;
    }
  }
}

/* One turn of a connection. Returns false if the other side is gone. */
static bool attend(struct connection* connection, uint32_t events) {
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) {
    if (!receive(connection)) return false;
    struct frame frame;
    while (next_frame(connection, &frame)) answer(connection, frame);
  }
  if (connection->is_downloading && unwritten(connection) == 0) {
    do {
      add_frame(connection, connection->download);
    } while (unwritten(connection) < BATCH_BYTES);
  }
  // A client that does not read is not read from either, so that its answers cannot pile up.
  return flush(connection, false);
}

static void accept_one(int listener, int poller) {
  int fd = accept(listener, NULL, NULL);
  if (fd >= 0) adopt(poller, fd);
}

static void answer_line(void) {
  char line[256];
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
  printf("%s\n", usage_now());
  fflush(stdout);
}

static int listen_at(const char* address) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strncpy(name.sun_path, address, sizeof name.sun_path - 1);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr*)&name, sizeof name) != 0 || listen(listener, 4096) != 0) {
    fail(address);
  }
  return listener;
}

void serve(const char* address, bool is_busy) {
  static char listening, input; // only their addresses are used, to tell them from connections
  int listener = listen_at(address);
  int poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listening};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  event.data.ptr = &input;
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  printf("ready\n");
  fflush(stdout);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(poller, events, 256, is_busy ? 0 : -1);
    for (int i = 0; i < count; i++) {
      void* about = events[i].data.ptr;
      if (about == &listening) {
        accept_one(listener, poller);
      } else if (about == &input) {
        answer_line();
      } else if (!attend(about, events[i].events)) {
        hang_up(about);
      }
    }
  }
}
