/* What server and client have in common: the job (contract/job.ts), the lines (contract/lines.ts), the clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job {
  char kind[16];
  size_t payload_bytes;
  int in_flight;
  int connections;
  int streams;
};

struct job parse_job(const char* json);

/* The processor time and the memory of this process, as a JSON object. */
const char* usage_now(void);

/* Monotonic time in nanoseconds. */
uint64_t now_ns(void);

/* Ends the program with a message that includes errno. */
_Noreturn void fail(const char* what);

/* The two roles. With `is_busy`, a program asks the kernel again and again instead of sleeping until data arrives. */
void serve(const char* address, bool is_busy);
void call(const char* address, const struct job* job, bool is_busy);
