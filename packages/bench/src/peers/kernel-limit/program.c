/*
 * kernel-limit <server|client> <sleeping|busy> <address> <job>: the bytes of peers/js-limit over the same socket, in C.
 * It does nothing but system calls and the copying that they need: bodies are neither encoded nor parsed.
 */
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: kernel-limit <server|client> <sleeping|busy> <address> <job>\n");
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  bool is_busy = strcmp(argv[2], "busy") == 0;
  if (strcmp(argv[1], "server") == 0) {
    serve(argv[3], is_busy);
  } else {
    struct job job = parse_job(argv[4]);
    call(argv[3], &job, is_busy);
  }
  return 0;
}

/* Returns the text after `"name":` in the outermost object, since the job may contain an object with the same names. */
static const char* value_of(const char* json, const char* name) {
  size_t length = strlen(name);
  int depth = 0;
  for (const char* at = json; *at != '\0'; at++) {
    depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
    bool is_string = depth == 1 && *at == '"';
    if (is_string && strncmp(at + 1, name, length) == 0 && strncmp(at + 1 + length, "\":", 2) == 0) {
      return at + length + 3;
    }
  }
  return "-1";
}

struct job parse_job(const char* json) {
  struct job job = {
      .payload_bytes = (size_t)atol(value_of(json, "payloadBytes")),
      .in_flight = atoi(value_of(json, "inFlight")),
      .connections = atoi(value_of(json, "connections")),
      .streams = atoi(value_of(json, "streams")),
  };
  sscanf(value_of(json, "kind"), "\"%15[^\"]", job.kind);
  return job;
}

static long rss_bytes(void) {
  long pages = 0;
  FILE* statm = fopen("/proc/self/statm", "r");
  if (statm != NULL) {
    if (fscanf(statm, "%*d %ld", &pages) != 1) pages = 0;
    fclose(statm);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

const char* usage_now(void) {
  static char text[96];
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  struct timeval cpu;
  timeradd(&used.ru_utime, &used.ru_stime, &cpu);
  long cpu_us = cpu.tv_sec * 1000000L + cpu.tv_usec;
  snprintf(text, sizeof text, "{\"cpuUs\":%ld,\"rssBytes\":%ld}", cpu_us, rss_bytes());
  return text;
}

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}
