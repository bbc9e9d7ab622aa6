// grpc-cpp <server|client> <address> <job>: the benchmark's peer in C++, as contract/lines.ts says.

#include "program.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace {

Job ParseJob(const std::string& json) {
  google::protobuf::Struct job;
  if (!google::protobuf::util::JsonStringToMessage(json, &job).ok()) Fail("the job is not JSON");
  const auto& fields = job.fields();
  auto number = [&](const char* name) { return fields.at(name).number_value(); };
  return {fields.at("kind").string_value(),
          static_cast<size_t>(number("payloadBytes")),
          static_cast<int>(number("inFlight")),
          static_cast<int>(number("connections")),
          static_cast<int>(number("streams")),
          fields.at("withExtras").bool_value()};
}

}  // namespace

std::string UsageNow() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  auto micros = [](const timeval& time) { return time.tv_sec * 1000000L + time.tv_usec; };
  long total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return "{\"cpuUs\":" + std::to_string(micros(used.ru_utime) + micros(used.ru_stime)) +
         ",\"rssBytes\":" + std::to_string(resident * sysconf(_SC_PAGESIZE)) + "}";
}

void Say(const std::string& line) { std::cout << line << std::endl; }

void Fail(const std::string& reason) {
  std::cerr << reason << std::endl;
  std::_Exit(1);
}

int main(int argc, char** argv) {
  if (argc != 4) Fail("usage: grpc-cpp <server|client> <address> <job>");
  const Job job = ParseJob(argv[3]);
  if (std::string(argv[1]) == "server") {
    Serve(argv[2], job);
  } else {
    Call(argv[2], job);
  }
  std::_Exit(0);  // what is held open needs no orderly end
}
