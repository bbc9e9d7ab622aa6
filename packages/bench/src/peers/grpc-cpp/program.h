// What server and client have in common: the job (contract/job.ts), the lines (contract/lines.ts), what is used.
#pragma once

#include <cstddef>
#include <string>

struct Job {
  std::string kind;
  size_t payload_bytes;
  int in_flight;
  int connections;
  int streams;
  bool with_extras;
};

// What a call has on top in a job with extras.
inline constexpr char kRequestHeader[] = "x-request-id";
inline constexpr char kAnswerHeader[] = "x-answered";

void Serve(const std::string& address, const Job& job);
void Call(const std::string& address, const Job& job);

// Returns the processor time and the memory of this process, as a JSON object.
std::string UsageNow();

// Writes a line to standard output.
void Say(const std::string& line);

[[noreturn]] void Fail(const std::string& reason);
