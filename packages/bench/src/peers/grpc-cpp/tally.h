// What a load has done (contract/lines.ts), and the moment at which all parts of it have ended.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

inline double Since(Clock::time_point start) { return Seconds(Clock::now() - start).count(); }

struct Tally {
  uint64_t count = 0;
  double seconds = 0;
  std::vector<float> latencies_us;
  std::optional<uint64_t> unmade;

  std::string Json() {
    std::string text = "\"count\":" + std::to_string(count) + ",\"seconds\":" + std::to_string(seconds);
    if (!latencies_us.empty()) text += ",\"latencyUs\":{" + Quantiles() + "}";
    if (unmade) text += ",\"unmade\":" + std::to_string(*unmade);
    return text;
  }

 private:
  std::string Quantiles() {
    static constexpr std::pair<const char*, double> kQuantiles[] = {
        {"p10", 0.1}, {"p25", 0.25}, {"p50", 0.5}, {"p75", 0.75}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    std::sort(latencies_us.begin(), latencies_us.end());
    std::string text;
    for (const auto& [name, quantile] : kQuantiles) {
      const auto index = static_cast<size_t>(quantile * static_cast<double>(latencies_us.size() - 1));
      text += (text.empty() ? "\"" : ",\"") + std::string(name) + "\":" + std::to_string(latencies_us[index]);
    }
    return text;
  }
};

// Callbacks come on several threads. This waits until the given number of them have said that they are over.
class Latch {
 public:
  explicit Latch(int count) : open_(count) {}

  void CountDown() {
    std::lock_guard lock(mutex_);
    if (--open_ == 0) over_.notify_all();
  }

  void Wait() {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return open_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  int open_;
};
