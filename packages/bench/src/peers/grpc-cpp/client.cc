#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <vector>

#include "calls.h"
#include "program.h"
#include "tally.h"

using vyra::bench::v1::BenchService;

namespace {

// The same policy as the default of retry() in @vyra/ipc.
constexpr char kRetries[] = R"({"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4,
  "initialBackoff": "0.02s", "maxBackoff": "1s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

class Client {
 public:
  Client(const std::string& address, const Job& job) : address_(address), job_(job) {
    const int count = job.kind == "hold" ? 1 : job.connections;
    while (static_cast<int>(stubs_.size()) < count) Connect();
  }

  Tally Run(double ms) {
    if (job_.kind == "calls") return KeepCalling(ms);
    if (job_.kind == "ping-pong") return KeepPlaying(ms);
    if (job_.kind == "download") return ReadDownloads(ms);
    if (job_.kind == "upload") return WriteUpload(ms);
    if (job_.kind == "hold" && is_warm_) return Hold();
    is_warm_ = true;
    return Once(stubs_[0].get());
  }

  // Starts calls at a fixed rate: see contract/lines.ts.
  Tally OpenLoop(double ms, double rate) {
    const auto planned = std::max<uint64_t>(1, static_cast<uint64_t>(ms * rate / 1000));
    std::vector<std::unique_ptr<Echo>> echoes;
    std::vector<size_t> idle;
    for (int i = 0; i < job_.in_flight; i++) {
      echoes.push_back(std::make_unique<Echo>(StubAt(i), job_));
      idle.push_back(echoes.size() - 1);
    }
    std::mutex mutex;  // guards what callbacks change: `idle` and `latencies`
    std::vector<float> latencies;
    latencies.reserve(planned);
    const auto started_at = Clock::now();
    uint64_t started = 0;
    while (started < planned && Since(started_at) * 1000 < ms) {
      const auto due = std::min(planned, static_cast<uint64_t>(Since(started_at) * rate) + 1);
      while (started < due) {
        size_t slot;
        {
          std::lock_guard lock(mutex);
          if (idle.empty()) break;
          slot = idle.back();
          idle.pop_back();
        }
        const double due_at = static_cast<double>(started++) / rate;
        echoes[slot]->Start([&, slot, due_at] {
          std::lock_guard lock(mutex);
          latencies.push_back(static_cast<float>((Since(started_at) - due_at) * 1e6));
          idle.push_back(slot);
        });
      }
    }
    for (bool is_over = false; !is_over;) {
      std::lock_guard lock(mutex);
      is_over = idle.size() == echoes.size();
    }
    const double seconds = Since(started_at);
    return {latencies.size(), seconds, std::move(latencies), planned - started};
  }

 private:
  Stub* Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // each channel has its own connection
    arguments.SetInt("vyra.bench.channel", static_cast<int>(stubs_.size()));
    if (job_.with_extras) arguments.SetServiceConfigJSON(kRetries);
    auto channel = grpc::CreateCustomChannel("unix:" + address_, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20))) {
      Fail("no server at " + address_);
    }
    stubs_.push_back(BenchService::NewStub(channel));
    return stubs_.back().get();
  }

  Stub* StubAt(int i) { return stubs_[static_cast<size_t>(i) % stubs_.size()].get(); }

  // As many callers as there are calls under way; each answer is followed by the caller's next call.
  struct Caller {
    std::unique_ptr<Echo> echo;
    Clock::time_point called_at;
    std::vector<float> latencies;
  };

  Tally KeepCalling(double ms) {
    std::vector<Caller> callers(static_cast<size_t>(job_.in_flight));
    Latch open(job_.in_flight);
    const auto started_at = Clock::now();
    std::function<void(Caller&)> call = [&](Caller& caller) {
      caller.called_at = Clock::now();
      caller.echo->Start([&] {
        caller.latencies.push_back(static_cast<float>(Since(caller.called_at) * 1e6));
        if (Since(started_at) * 1000 < ms) {
          call(caller);
        } else {
          open.CountDown();
        }
      });
    };
    for (int i = 0; i < job_.in_flight; i++) {
      Caller& caller = callers[static_cast<size_t>(i)];
      caller.echo = std::make_unique<Echo>(StubAt(i), job_);
      call(caller);
    }
    open.Wait();
    std::vector<std::vector<float>> all;
    for (Caller& caller : callers) all.push_back(std::move(caller.latencies));
    return Together(all, Since(started_at));
  }

  Tally KeepPlaying(double ms) {
    struct Player {
      std::unique_ptr<PingPong> stream;
      Clock::time_point sent_at;
      std::vector<float> latencies;
    };
    std::vector<Player> players(static_cast<size_t>(job_.in_flight));
    Latch open(job_.in_flight);
    const auto started_at = Clock::now();
    for (int i = 0; i < job_.in_flight; i++) {
      Player& player = players[static_cast<size_t>(i)];
      player.sent_at = Clock::now();
      player.stream = std::make_unique<PingPong>(
          StubAt(i), job_,
          [&] {
            const auto now = Clock::now();
            player.latencies.push_back(static_cast<float>(Seconds(now - player.sent_at).count() * 1e6));
            player.sent_at = now;
            return Seconds(now - started_at).count() * 1000 < ms ? Next::kSend : Next::kEnd;
          },
          [&] { open.CountDown(); });
    }
    open.Wait();
    std::vector<std::vector<float>> all;
    for (Player& player : players) all.push_back(std::move(player.latencies));
    return Together(all, Since(started_at));
  }

  Tally Together(const std::vector<std::vector<float>>& parts, double seconds) {
    Tally tally{0, seconds, {}, {}};
    for (const auto& part : parts) tally.latencies_us.insert(tally.latencies_us.end(), part.begin(), part.end());
    tally.count = tally.latencies_us.size();
    return tally;
  }

  Tally ReadDownloads(double ms) {
    std::vector<std::unique_ptr<Download>> streams;
    std::vector<uint64_t> counts(stubs_.size());
    Latch open(static_cast<int>(stubs_.size()));
    const auto started_at = Clock::now();
    for (size_t i = 0; i < stubs_.size(); i++) {
      auto on_message = [&, i] { return ++counts[i], Since(started_at) * 1000 < ms; };
      streams.push_back(std::make_unique<Download>(stubs_[i].get(), job_, on_message, [&] { open.CountDown(); }));
    }
    open.Wait();
    Tally tally{0, Since(started_at), {}, {}};
    for (uint64_t count : counts) tally.count += count;
    return tally;
  }

  Tally WriteUpload(double ms) {
    Latch open(1);
    uint64_t sent = 0, received = 0;
    const auto started_at = Clock::now();
    auto has_more = [&] { return Since(started_at) * 1000 < ms && ++sent > 0; };
    Upload stream(stubs_[0].get(), job_, has_more, [&](uint64_t count) {
      received = count;
      open.CountDown();
    });
    open.Wait();
    if (received != sent) Fail("sent " + std::to_string(sent) + " messages, " + std::to_string(received) + " arrived");
    return {sent, Since(started_at), {}, {}};
  }

  Tally Once(Stub* stub) {
    Latch open(1);
    Echo echo(stub, job_);
    const auto started_at = Clock::now();
    echo.Start([&] { open.CountDown(); });
    open.Wait();
    return {1, Since(started_at), {}, {}};
  }

  Tally Hold() {
    const auto started_at = Clock::now();
    for (int i = 0; i < job_.streams; i++) {
      Latch open(1);
      auto on_answer = [&] { return open.CountDown(), Next::kHold; };
      held_.push_back(std::make_unique<PingPong>(stubs_[0].get(), job_, on_answer, [] {}));
      open.Wait();
    }
    if (job_.streams == 0) {
      for (int i = 0; i < job_.connections; i++) Once(Connect());
    }
    return {static_cast<uint64_t>(job_.streams == 0 ? job_.connections : job_.streams), Since(started_at), {}, {}};
  }

  const std::string address_;
  const Job& job_;
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::vector<std::unique_ptr<PingPong>> held_;
  bool is_warm_ = false;
};

void SayDone(Tally tally) { Say("{\"at\":\"done\",\"usage\":" + UsageNow() + "," + tally.Json() + "}"); }

}  // namespace

void Call(const std::string& address, const Job& job) {
  Client client(address, job);
  if (job.kind == "first-call") {
    SayDone(client.Run(0));
  } else {
    Say("{\"at\":\"ready\",\"usage\":" + UsageNow() + "}");
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string run;
    double ms = 0, rate = 0;
    words >> run >> ms;
    SayDone(words >> rate ? client.OpenLoop(ms, rate) : client.Run(ms));
  }
  std::_Exit(0);  // what is held open needs no orderly end
}
